// Job files: what each engine is told of exit statuses, numbers and places.

import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  kubernetesJob,
  slurmScript,
  writeJobFiles,
  type JobFilesAsked,
} from '../../../src-main/tasks/job-files.ts';
import { scratchFolder } from '../storage/scratch.ts';

const asked = (more: Partial<JobFilesAsked>): JobFilesAsked => ({
  engine: 'slurm',
  tasks: 3,
  atOnce: 2,
  threads: 4,
  hosts: [],
  nodeVersion: '24.1.0',
  ...more,
});

/** In place of `fovea`: notes what it was asked, and ends with the next status of its list. */
function standIn(folder: string, statuses: readonly number[]): { command: string; calls(): string[] } {
  const command = path.join(folder, 'fovea');
  const log = path.join(folder, 'calls');
  fs.writeFileSync(path.join(folder, 'statuses'), statuses.join('\n'));
  fs.writeFileSync(
    command,
    `#!/bin/bash
echo "$*" >> '${log}'
n=$(wc -l < '${log}'); status=$(sed -n "$n"p '${folder}/statuses'); status=\${status:-0}
if [ "$status" -eq 0 ]; then mkdir -p "$2/tasks/$(printf %04d "$3")"; touch "$2/tasks/$(printf %04d "$3")/result.json"; fi
exit $status
`,
    { mode: 0o755 },
  );
  return { command, calls: () => fs.readFileSync(log, 'utf8').trim().split('\n') };
}

describe('for Slurm', () => {
  it('is an array with a limit that may be requeued', () => {
    const script = slurmScript(asked({}));
    expect(script).toMatch(/^#SBATCH --array=1-3%2$/m);
    expect(script).toMatch(/^#SBATCH --requeue$/m);
    expect(script).toMatch(/^#SBATCH --cpus-per-task=4$/m);
  });

  it.each([
    [0, 0, false],
    [75, 75, true],
    [1, 1, false],
  ])('with exit status %s ends with %s, and is put back: %s', (status, ends, isBack) => {
    const folder = scratchFolder();
    writeJobFiles(folder, asked({}));
    const { command, calls } = standIn(folder, [status]);
    fs.writeFileSync(path.join(folder, 'scontrol'), `#!/bin/bash\necho "$*" > '${folder}/requeued'\n`, {
      mode: 0o755,
    });
    const ran = spawnSync('bash', [path.join(folder, 'fovea.sbatch')], {
      env: {
        PATH: `${folder}:${process.env.PATH}`,
        FOVEA: command,
        SLURM_SUBMIT_DIR: folder,
        SLURM_ARRAY_JOB_ID: '7',
        SLURM_ARRAY_TASK_ID: '2',
      },
    });
    expect(ran.status).toBe(ends);
    expect(calls()).toEqual([`task ${folder} 2 --threads 4`]);
    expect(fs.existsSync(path.join(folder, 'requeued'))).toBe(isBack);
    if (isBack) expect(fs.readFileSync(path.join(folder, 'requeued'), 'utf8')).toBe('requeue 7_2\n');
  });
});

describe('for Kubernetes', () => {
  it('is an indexed job in which 75 is tried again and other failures end their index alone', () => {
    expect(kubernetesJob(asked({}))).toMatchObject({
      spec: {
        completionMode: 'Indexed',
        completions: 3,
        parallelism: 2,
        podFailurePolicy: {
          rules: [
            { action: 'Ignore' },
            { action: 'Count', onExitCodes: { values: [75] } },
            { action: 'FailIndex', onExitCodes: { values: [1, 2] } },
          ],
        },
      },
    });
  });

  it('has an image of the Node that is pinned', () => {
    const folder = scratchFolder();
    writeJobFiles(folder, asked({ engine: 'kubernetes' }));
    expect(fs.readFileSync(path.join(folder, 'Dockerfile'), 'utf8')).toMatch(/^FROM node:24\.1\.0-/);
  });
});

describe('over ssh', () => {
  it('does every task once, passes over a host that is away, and goes on when it is run again', () => {
    const folder = scratchFolder();
    writeJobFiles(folder, asked({ engine: 'ssh', hosts: ['one', 'away'] }));
    const { command, calls } = standIn(folder, [0, 1]);
    // In place of ssh: the host is the first word.
    const ssh = path.join(folder, 'ssh');
    fs.writeFileSync(ssh, `#!/bin/bash\n[ "$1" = away ] && exit 255\nexec bash -c "$2"\n`, { mode: 0o755 });
    const run = () =>
      spawnSync('bash', [path.join(folder, 'run-over-ssh.sh')], {
        env: { PATH: process.env.PATH, FOVEA: command, SSH: ssh },
      });
    expect(run().status).toBe(75);
    expect(calls().map((call) => call.split(' ')[2])).toEqual(['1', '2', '3']);
    expect(run().status).toBe(0);
    expect(calls().map((call) => call.split(' ')[2])).toEqual(['1', '2', '3', '2']);
  });
});
