import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { softwareGpu } from './software-gpu.ts';

const gpu = await softwareGpu();
const program = fileURLToPath(new URL('webgpu-process.ts', import.meta.url));

interface Answer {
  name: string;
  /** Largest difference from the reference, or the CPU, relative to the values. */
  worst: number;
  losses?: number[];
  onProcessor?: boolean;
}

async function ask(...args: string[]): Promise<Answer[]> {
  if ('lacks' in gpu) throw new Error(gpu.lacks);
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...args], {
    env: gpu.environment,
    timeout: 120_000,
  });
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Answer);
}

/** Those that have an algorithm of their own there; the others are checked by the training steps. */
const ownAlgorithms =
  'sign,step,maximum,minimum,matmul,convFilterGrad,convInputGrad,maxPool,maxPoolScatter,maxPoolGather';

describe.skipIf('lacks' in gpu)(
  `WebGPU on the software driver${'lacks' in gpu ? `, left out: ${gpu.lacks}` : ''}`,
  { timeout: 120_000 },
  () => {
    it('computes what it is lowered to otherwise as the reference does', async () => {
      const answers = await ask('ops', ownAlgorithms);
      expect(answers.map(({ name }) => name).join()).toBe(ownAlgorithms);
      for (const { name, worst } of answers) expect(worst, name).toBeLessThan(1e-5);
    });

    it.each([
      ['standard', 0.02],
      ['box-aware', 0.02],
      // At a higher rate its kinks make any rounding a difference.
      ['gradcam-consistency', 0.002],
    ])(
      'trains to the weights of the CPU in 20 steps, nothing left to the processor: %s',
      async (objective, learningRate) => {
        const [{ worst, losses, onProcessor }] = await ask('train', objective, '20', String(learningRate));
        expect(worst).toBeLessThan(1e-4);
        expect(losses!.at(-1)).toBeLessThan(losses![0]);
        expect(onProcessor).toBe(false);
      },
    );
  },
);
