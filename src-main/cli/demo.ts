// fovea demo [--seed N] [--dir DIR]

import fs from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import type { DeviceChoice } from '../contracts/devices.ts';
import { demoRuns } from '../contracts/demo.ts';
import { dataFolder } from '../core/data-folder.ts';
import { lossHeat } from '../contracts/heat-metrics.ts';
import { valueOf } from '../contracts/metrics.ts';
import { DEMO_RUNS, runDemo } from '../demo/demo.ts';
import { withCore, type Session } from './session.ts';
import { clock, percent, table, type Terminal } from './terminal.ts';

export async function demo(
  terminal: Terminal,
  { seed, dir, device }: { seed: number; dir?: string; device: DeviceChoice },
): Promise<void> {
  // A small network trains hardly faster on two threads than on one; two such networks, each on its own, do.
  const trainers = Math.min(demoRuns.length, availableParallelism());
  const work = async ({ core, finish }: Session) => {
    const projects = path.join(dataFolder(), 'projects');
    const folder = dir === undefined ? freeName(projects, `Demo ${seed}`) : path.resolve(dir);
    terminal.say(`Training four ways on generated pictures, seed ${seed}; a few minutes.`);
    const { seconds, runs, measured, report } = await runDemo(core, folder, seed, finish, device);
    const rows = demoRuns.map((key) => {
      const { metrics } = measured[key].evaluated!;
      return [
        DEMO_RUNS[key].title,
        percent(valueOf(metrics, 'accuracy')),
        percent(valueOf(metrics, 'energy-in-box', lossHeat)),
        percent(valueOf(metrics, 'outside-blurred')),
        percent(valueOf(metrics, 'outside-swapped')),
        clock(measured[key].seconds),
      ];
    });
    const heads = [
      'on the test pictures',
      'test accuracy',
      'in box, input gradient',
      'outside blurred',
      'outside swapped',
      'training',
    ];
    terminal.answer({ seed, seconds, runs, report, project: folder }, [
      ...table([heads, ...rows]),
      `${clock(seconds)} in all. Report: ${report}`,
    ]);
  };
  await withCore(terminal, work, { trainers });
}

function freeName(parent: string, name: string): string {
  for (let number = 1; ; number++) {
    const folder = path.join(parent, number === 1 ? name : `${name} (${number})`);
    if (!fs.existsSync(folder)) return folder;
  }
}
