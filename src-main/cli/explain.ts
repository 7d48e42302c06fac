// fovea explain PROJECT --run N --image NAME --method ID --class NAME --versus NAME --out FILE.png

import fs from 'node:fs';
import path from 'node:path';
import { AppError } from '../contracts/errors.ts';
import type { ClassId } from '../contracts/ids.ts';
import { makeFolder, writeFileWhole } from '../files/write-file.ts';
import type { DeviceChoice } from '../contracts/devices.ts';
import type { TrainedOn } from '../contracts/runs.ts';
import { valuesOf } from './set-values.ts';
import { runNumber, withCore } from './session.ts';
import { percent, type Terminal } from './terminal.ts';

interface Options {
  run: string;
  image: string;
  method: string;
  preset?: string;
  set: string[];
  class: string;
  versus?: string;
  out: string;
  overwrite?: boolean;
  device?: DeviceChoice;
}

export async function explain(terminal: Terminal, project: string, options: Options): Promise<void> {
  if (!/\.png$/i.test(options.out))
    throw new AppError('bad-input', `--out ${options.out} does not end in .png`, {
      reason: 'the drawing is a PNG file',
    });
  const out = path.resolve(options.out);
  refusePlace(out, options.overwrite === true);
  await withCore(terminal, async ({ core, open }) => {
    await open(project);
    const runId = runNumber(options.run);
    const { saliency } = await core.call('app.methods', {});
    const method = saliency.find(({ id }) => id === options.method);
    if (!method)
      throw new AppError('bad-input', `there is no saliency method "${options.method}"`, {
        reason: `known are ${saliency.map(({ id }) => id).join(', ')}`,
      });
    const image = await core.call('images.named', { name: options.image });
    const { classes } = (await core.call('runs.get', { id: runId })).trainedOn;
    const { map, png } = await core.call('explanations.draw', {
      runId,
      imageId: image.id,
      method: method.id,
      params: valuesOf(method, options),
      target:
        options.class === 'true' || options.class === 'predicted'
          ? options.class
          : classNamed(classes, options.class),
      device: options.device,
      versus: options.versus === undefined ? undefined : classNamed(classes, options.versus),
    });

    makeFolder(path.dirname(out));
    await writeFileWhole(out, [Buffer.from(png, 'base64')]);

    const explained = map.scores.find(({ classId }) => classId === map.classId)!;
    terminal.answer(
      {
        run: runId,
        image: image.relativePath,
        method: method.id,
        class: explained.name,
        ...(options.versus !== undefined && { versus: options.versus }),
        score: explained.score,
        energyInBox: map.energyInBox,
        pointingHit: map.pointingHit,
        out,
      },
      [
        `${image.name}: heat of "${explained.name}" (score ${percent(explained.score)})` +
          (options.versus === undefined ? ', ' : ` against "${options.versus}", `) +
          `${percent(map.energyInBox)} of it in the box; drawn to ${out}`,
      ],
    );
  });
}

/** Told before the map is computed. @throws AppError */
function refusePlace(out: string, mayReplace: boolean): void {
  const stat = fs.lstatSync(out, { throwIfNoEntry: false });
  const name = path.basename(out);
  if (stat?.isDirectory())
    throw new AppError('bad-input', `${name} is a folder where a file should be`, { file: name });
  if (stat && !mayReplace)
    throw new AppError('conflict', `${name} is there already`, {
      file: name,
      reason: 'choose another name, or replace it with --overwrite',
    });
}

/** @throws AppError 'bad-input' naming the classes of the run */
function classNamed(classes: TrainedOn['classes'], name: string): ClassId {
  const found = classes.find((one) => one.name === name);
  if (found) return found.classId;
  throw new AppError('bad-input', `the run knows no class "${name}"`, {
    reason: `known are ${classes.map((one) => one.name).join(', ')}; and "true" and "predicted"`,
  });
}
