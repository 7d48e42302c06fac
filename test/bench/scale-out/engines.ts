// The job files of each engine, run where the engine is: Slurm as one node of this machine (slurm-wlm of apt, as root), Ray
// (of PyPI, FOVEA_PYTHON with ray), Kubernetes manifests against the published schema (FOVEA_PYTHON with
// kubernetes-validate), ssh by a stand-in that runs the command here.

import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { SweepConfigInput } from '../../../src-main/contracts/sweeps.ts';
import type { Core } from '../../../src-main/core/core.ts';
import { writeJobFiles, type JobEngine } from '../../../src-main/tasks/job-files.ts';
import { readPlan, resultFile } from '../../../src-main/tasks/layout.ts';

const cli = new URL('../../../src-main/cli/fovea.mjs', import.meta.url).pathname;
const slurmNode = new URL('slurm-node.sh', import.meta.url).pathname;
const python = process.env.FOVEA_PYTHON ?? 'python3';

/** @returns by engine: 'ran', or why it did not */
export async function tryEngines(
  core: Core,
  folder: string,
  config: SweepConfigInput,
  say: (line: string) => void,
): Promise<Record<JobEngine, string>> {
  const fovea = path.join(folder, 'fovea');
  fs.writeFileSync(fovea, `#!/bin/sh\nexec '${process.execPath}' '${cli}' "$@"\n`, { mode: 0o755 });
  const results: Partial<Record<JobEngine, string>> = {};
  const plan = async (engine: JobEngine): Promise<string> => {
    const place = path.join(folder, `engine-${engine}`);
    fs.mkdirSync(place);
    const job = await core.jobEnded(await core.call('sweeps.plan', { config, folder: core.refer(place) }));
    if (job.error) throw new Error(job.error.message);
    const { tasks } = readPlan(place);
    writeJobFiles(place, {
      engine,
      tasks,
      atOnce: 2,
      threads: 1,
      hosts: ['one', 'two'],
      nodeVersion: process.versions.node,
    });
    return place;
  };
  const isDone = (place: string): boolean =>
    Array.from({ length: readPlan(place).tasks }, (_, index) => index + 1).every((task) =>
      fs.existsSync(resultFile(place, task)),
    );
  const ways: Record<JobEngine, () => Promise<string>> = {
    slurm: async () => {
      const node = path.join(folder, 'slurm');
      const started = spawnSync('bash', [slurmNode, 'start', node], { encoding: 'utf8' });
      if (started.status !== 0) return `not run: ${started.stdout.trim() || started.stderr.trim()}`;
      try {
        const place = await plan('slurm');
        const env = { ...process.env, SLURM_CONF: path.join(node, 'slurm.conf'), FOVEA: fovea };
        const sent = spawnSync('sbatch', ['fovea.sbatch'], { cwd: place, env, encoding: 'utf8' });
        if (sent.status !== 0) return `failed: ${sent.stderr}`;
        // One of them is taken off its node in the middle, and comes back.
        await delay(3000);
        spawnSync('scontrol', ['requeue', `${/\d+/.exec(sent.stdout)![0]}_1`], { env });
        for (let waited = 0; waited < 300 && !isDone(place); waited++) await delay(1000);
        return isDone(place) ? 'ran' : 'failed: not all tasks have ended';
      } finally {
        spawnSync('bash', [slurmNode, 'stop', node]);
      }
    },
    kubernetes: async () => {
      const place = await plan('kubernetes');
      const checked = spawnSync(
        python,
        ['-m', 'kubernetes_validate', '--strict', path.join(place, 'job.json')],
        { encoding: 'utf8' },
      );
      if (/No module named/.test(checked.stderr)) return 'not run: no kubernetes-validate';
      return checked.status === 0 ? 'ran' : `failed: ${checked.stdout}${checked.stderr}`;
    },
    ray: async () => {
      if (spawnSync(python, ['-c', 'import ray']).status !== 0) return 'not run: no ray';
      const place = await plan('ray');
      const env = { ...process.env, FOVEA: fovea, RAY_USAGE_STATS_ENABLED: '0' };
      const ran = spawnSync(python, [path.join(place, 'ray_tasks.py')], {
        env,
        encoding: 'utf8',
        timeout: 400_000,
      });
      return ran.status === 0 && isDone(place)
        ? 'ran'
        : `failed: ${ran.stdout.slice(-500)}${ran.stderr.slice(-500)}`;
    },
    ssh: async () => {
      const place = await plan('ssh');
      const ssh = path.join(folder, 'ssh');
      fs.writeFileSync(ssh, '#!/bin/bash\nexec bash -c "$2"\n', { mode: 0o755 });
      const ran = spawnSync('bash', [path.join(place, 'run-over-ssh.sh')], {
        env: { ...process.env, FOVEA: fovea, SSH: ssh },
        encoding: 'utf8',
      });
      return ran.status === 0 && isDone(place)
        ? 'ran, with a stand-in for ssh'
        : `failed: ${ran.stdout}${ran.stderr}`;
    },
  };
  for (const engine of Object.keys(ways) as JobEngine[]) {
    results[engine] = await ways[engine]().catch((thrown: Error) => `failed: ${thrown.message}`);
    say(`${engine}: ${results[engine]}`);
  }
  return results as Record<JobEngine, string>;
}
