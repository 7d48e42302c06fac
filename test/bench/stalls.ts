// How long a host's event loop was blocked, measured in the host itself: imported into it before its own code, it
// writes each pause of its timers as a line of the file FOVEA_STALLS. A busy machine keeps every process waiting for a
// processor; that wait is known on Linux and taken off, so that what remains is the host's own doing.

import fs from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

export interface Stall {
  /** Of its end, by the clock of the wall. */
  at: number;
  ms: number;
  /** Without the wait for a processor: computing, or waiting for the disk. */
  ownMs: number;
  /** Of that, what was computed. */
  cpuMs: number;
}

const EVERY_MS = 5;
const WORTH_MS = 20;
const file = process.env.FOVEA_STALLS;

if (file !== undefined && process.argv.includes('serve')) {
  const delay = monitorEventLoopDelay({ resolution: EVERY_MS });
  delay.enable();
  let last = performance.now();
  let lastWait = waitedMs();
  let lastCpu = cpuMs();
  const timer = setInterval(() => {
    const now = performance.now();
    const wait = waitedMs();
    const cpu = cpuMs();
    const ms = now - last - EVERY_MS;
    if (ms > WORTH_MS) {
      const stall: Stall = {
        at: Date.now(),
        ms: Math.round(ms),
        ownMs: Math.round(Math.max(0, ms - (wait - lastWait))),
        cpuMs: Math.round(cpu - lastCpu),
      };
      fs.appendFileSync(file, JSON.stringify({ ...stall, monitorMaxMs: Math.round(delay.max / 1e6) }) + '\n');
    }
    [last, lastWait, lastCpu] = [performance.now(), waitedMs(), cpuMs()];
  }, EVERY_MS);
  timer.unref();
}

/** That this thread was ready to run and did not; 0 where the system does not say. */
function waitedMs(): number {
  try {
    return Number(fs.readFileSync('/proc/self/schedstat', 'utf8').split(' ')[1]) / 1e6;
  } catch {
    return 0;
  }
}

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** Of a file that a host has written, longest first. */
export function stallsIn(written: string): Stall[] {
  if (!fs.existsSync(written)) return [];
  const lines = fs.readFileSync(written, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Stall).sort((a, b) => b.ownMs - a.ownMs);
}

/** Environment of a host that writes them there. */
export const measured = (written: string): NodeJS.ProcessEnv => ({
  FOVEA_STALLS: written,
  NODE_OPTIONS: `--import ${import.meta.url}`,
});
