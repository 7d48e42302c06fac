// Job files for the engines that run tasks elsewhere. Fovea writes them and is no scheduler: retries, limits and places are
// theirs. What a task's exit status means is the same for all: 0 done, 75 try again, any other failed.

import fs from 'node:fs';
import path from 'node:path';

export const jobEngines = ['slurm', 'kubernetes', 'ray', 'ssh'] as const;
export type JobEngine = (typeof jobEngines)[number];

export interface JobFilesAsked {
  engine: JobEngine;
  tasks: number;
  /** Tasks at a time. */
  atOnce: number;
  threads: number;
  /** Of ssh. */
  hosts: string[];
  /** Of Kubernetes' image. */
  nodeVersion: string;
}

/** Writes them into the plan's folder. @returns what to do with them, a line each */
export function writeJobFiles(folder: string, asked: JobFilesAsked): string[] {
  const write = (name: string, text: string, mode = 0o644): void =>
    fs.writeFileSync(path.join(folder, name), text, { mode });
  switch (asked.engine) {
    case 'slurm':
      write('fovea.sbatch', slurmScript(asked), 0o755);
      return ['On the cluster, in this folder: sbatch fovea.sbatch'];
    case 'kubernetes':
      write('job.json', `${JSON.stringify(kubernetesJob(asked), null, 2)}\n`);
      write('Dockerfile', dockerfile(asked));
      return [
        'Build the image from a copy of Fovea: docker build -t fovea -f Dockerfile FOVEA_FOLDER, and push it where the cluster finds it',
        'Set the image and the volume that holds this folder in job.json, then: kubectl apply -f job.json',
      ];
    case 'ray':
      write('ray_tasks.py', rayScript(asked));
      return [
        'ray job submit --working-dir . -- python ray_tasks.py, where this folder is on a disk that all nodes see',
      ];
    case 'ssh':
      write('run-over-ssh.sh', sshScript(asked), 0o755);
      return ['./run-over-ssh.sh, where all hosts see this folder under its path; run it again to go on'];
  }
}

/** Exit status 75 puts the task back; a preempted one comes back by --requeue. */
export const slurmScript = ({ tasks, atOnce, threads }: JobFilesAsked): string => `#!/bin/bash
#SBATCH --job-name=fovea
#SBATCH --array=1-${tasks}%${Math.min(atOnce, tasks)}
#SBATCH --cpus-per-task=${threads}
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --signal=B:TERM@120
#SBATCH --output=slurm-%a.log
# Set FOVEA to the command where it is not "fovea", and PLAN to this folder where it is not the one of submission.
PLAN="\${PLAN:-\$SLURM_SUBMIT_DIR}"
\${FOVEA:-fovea} task "\$PLAN" "\$SLURM_ARRAY_TASK_ID" --threads "\${SLURM_CPUS_PER_TASK:-${threads}}" &
pid=\$!
trap 'kill -TERM "\$pid"' TERM
wait "\$pid"
status=\$?
# A signal ends the wait, not the task, which puts itself down.
if [ "\$status" -gt 128 ]; then wait "\$pid"; status=\$?; fi
if [ "\$status" -eq 75 ]; then scontrol requeue "\${SLURM_ARRAY_JOB_ID}_\${SLURM_ARRAY_TASK_ID}"; fi
exit "\$status"
`;

/** One index a task. 75 is not counted against it; any other status fails that index alone. */
export function kubernetesJob({ tasks, atOnce, threads }: JobFilesAsked): object {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'fovea' },
    spec: {
      completionMode: 'Indexed',
      completions: tasks,
      parallelism: Math.min(atOnce, tasks),
      backoffLimitPerIndex: 6,
      maxFailedIndexes: tasks,
      podFailurePolicy: {
        rules: [
          { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
          { action: 'Count', onExitCodes: { containerName: 'task', operator: 'In', values: [75] } },
          { action: 'FailIndex', onExitCodes: { containerName: 'task', operator: 'In', values: [1, 2] } },
        ],
      },
      template: {
        spec: {
          restartPolicy: 'Never',
          terminationGracePeriodSeconds: 120,
          containers: [
            {
              name: 'task',
              image: 'fovea',
              command: ['/bin/sh', '-c'],
              args: [`exec fovea task /plan $((JOB_COMPLETION_INDEX + 1)) --threads ${threads}`],
              resources: { requests: { cpu: String(threads), memory: '4Gi' } },
              volumeMounts: [{ name: 'plan', mountPath: '/plan' }],
            },
          ],
          volumes: [{ name: 'plan', persistentVolumeClaim: { claimName: 'fovea-plan' } }],
        },
      },
    },
  };
}

export const dockerfile = ({ nodeVersion }: JobFilesAsked): string => `FROM node:${nodeVersion}-bookworm-slim
WORKDIR /fovea
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts
COPY src-main src-main
COPY resources resources
RUN printf '#!/bin/sh\\nexec node /fovea/src-main/cli/fovea.mjs "$@"\\n' > /usr/local/bin/fovea && chmod 755 /usr/local/bin/fovea
ENTRYPOINT ["fovea"]
`;

export const rayScript = ({
  tasks,
  atOnce,
  threads,
}: JobFilesAsked): string => `# Runs the tasks of this plan on a Ray cluster whose nodes all see this folder.
import os
import subprocess
import sys

import ray

PLAN = os.environ.get("PLAN", os.path.dirname(os.path.abspath(__file__)))
FOVEA = os.environ.get("FOVEA", "fovea").split()
TASKS = ${tasks}
AT_ONCE = ${Math.min(atOnce, tasks)}
THREADS = ${threads}


# A node that is lost takes the task with it: it goes on elsewhere from its checkpoint.
@ray.remote(num_cpus=THREADS, max_retries=-1)
def task(number):
    while True:
        status = subprocess.run(FOVEA + ["task", PLAN, str(number), "--threads", str(THREADS)]).returncode
        if status != 75:
            return number, status


ray.init()
waiting = list(range(1, TASKS + 1))
running = []
failed = []
while waiting or running:
    while waiting and len(running) < AT_ONCE:
        running.append(task.remote(waiting.pop(0)))
    (done, *_), running = ray.wait(running)
    number, status = ray.get(done)
    print(f"task {number}: exit status {status}", flush=True)
    if status != 0:
        failed.append(number)
print(f"{TASKS - len(failed)} of {TASKS} tasks done, failed: {failed}", flush=True)
sys.exit(1 if failed else 0)
`;

/** One lane a host: each takes the next task that nobody has begun. Done tasks cost a second, so it can be run again. */
export const sshScript = ({ tasks, threads, hosts }: JobFilesAsked): string => `#!/bin/bash
# Runs the tasks of this plan over ssh. Run it again to go on: what is done is passed over.
PLAN="\${PLAN:-\$(cd "\$(dirname "\$0")" && pwd)}"
FOVEA="\${FOVEA:-fovea}"
SSH="\${SSH:-ssh -o BatchMode=yes}"
HOSTS=(${hosts.map((host) => `'${host.replaceAll("'", "'\\''")}'`).join(' ')})
lane() {
  local status again=1
  while [ "\$again" -eq 1 ]; do
    again=0
    for number in \$(seq 1 ${tasks}); do
      [ -e "\$PLAN/tasks/\$(printf %04d "\$number")/result.json" ] && continue
      \$SSH "\$1" "\$FOVEA task '\$PLAN' \$number --threads ${threads}" </dev/null
      status=\$?
      echo "\$1: task \$number: exit status \$status"
      # 255: the host cannot be reached; the others go on.
      [ "\$status" -eq 255 ] && return 1
    done
  done
}
for host in "\${HOSTS[@]}"; do lane "\$host" & done
wait
for number in \$(seq 1 ${tasks}); do
  [ -e "\$PLAN/tasks/\$(printf %04d "\$number")/result.json" ] || exit 75
done
`;
