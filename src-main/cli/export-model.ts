// fovea export-model PROJECT --run N --out FILE [--format onnx|safetensors]

import fs from 'node:fs';
import path from 'node:path';
import { AppError } from '../contracts/errors.ts';
import type { ExportOutcome, ModelFormat } from '../contracts/worker-protocol.ts';
import { runNumber, withCore } from './session.ts';
import type { Terminal } from './terminal.ts';

export async function exportModel(
  terminal: Terminal,
  project: string,
  { run, out, format: asked }: { run: string; out: string; format?: ModelFormat },
): Promise<void> {
  const file = path.resolve(out);
  if (!/\.(onnx|safetensors)$/.test(file))
    throw new AppError('bad-input', `--out ${out} does not end in .onnx or .safetensors`);
  const format = file.endsWith('.safetensors') ? 'safetensors' : 'onnx';
  if (asked !== undefined && asked !== format)
    throw new AppError('bad-input', `--out ${out} is the name of ${format}, not of ${asked}`, {
      reason: `let it end in .${asked}, or leave out --format`,
    });
  await withCore(terminal, async ({ core, open, finish }) => {
    await open(project);
    const folder = path.dirname(file);
    if (!fs.existsSync(folder)) throw new AppError('not-found', `there is no folder ${path.dirname(out)}`);
    const id = await core.call('exports.model', {
      runId: runNumber(run),
      format,
      folder: core.refer(folder),
      name: path.basename(file),
    });
    const outcome = (await finish(id)).result as ExportOutcome;
    terminal.answer({ ...outcome, run: runNumber(run), format, file }, [
      `Wrote ${file}: ${(outcome.sizeBytes / 1e6).toFixed(1)} MB`,
      ...(outcome.logitDifference === null
        ? ['  read back, and every value is the same']
        : [
            `  takes ${outcome.batch === 'any' ? 'any number of pictures' : 'one picture'} at a time, of any size`,
            `  checked on ${outcome.pictures} pictures: logits differ by at most ${shown(outcome.logitDifference)} of the` +
              ` largest; stretched by itself, probabilities by ${shown(outcome.probabilityDifference!)} in the mean`,
          ]),
    ]);
  });
}

const shown = (value: number): string => (value === 0 ? '0' : value.toPrecision(2));
