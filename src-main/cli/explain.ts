// fovea explain PROJECT --run N --image NAME --method ID --class NAME --versus NAME --out FILE.png

import path from 'node:path';
import { AppError } from '../contracts/errors.ts';
import type { ClassId } from '../contracts/ids.ts';
import { makeFolder, writeFileWhole } from '../files/write-file.ts';
import type { DeviceChoice } from '../contracts/devices.ts';
import type { TrainedOn } from '../contracts/runs.ts';
import { decodeRgb, encodePng } from '../imaging/index.ts';
import { explain as mapOf } from '../services/explanations.ts';
import { overlay } from '../services/heat-picture.ts';
import { imageNamed } from '../services/images.ts';
import { storedRun } from '../services/run-records.ts';
import { valuesOf } from './set-values.ts';
import { runNumber, withCore } from './session.ts';
import { percent, type Terminal } from './terminal.ts';

/** The drawing's longer side: small pictures are enlarged to the first, large ones reduced to the second. */
const LEAST_PX = 384;
const MOST_PX = 1600;

interface Options {
  run: string;
  image: string;
  method: string;
  preset?: string;
  set: string[];
  class: string;
  versus?: string;
  out: string;
  device?: DeviceChoice;
}

export async function explain(terminal: Terminal, project: string, options: Options): Promise<void> {
  if (!/\.png$/i.test(options.out))
    throw new AppError('bad-input', `--out ${options.out} does not end in .png`, {
      reason: 'the drawing is a PNG file',
    });
  await withCore(terminal, async ({ core, open }) => {
    await open(project);
    const runId = runNumber(options.run);
    const { saliency } = await core.call('app.methods', {});
    const method = saliency.find(({ id }) => id === options.method);
    if (!method)
      throw new AppError('bad-input', `there is no saliency method "${options.method}"`, {
        reason: `known are ${saliency.map(({ id }) => id).join(', ')}`,
      });
    const image = imageNamed(core.context.project(), options.image);
    const { classes } = storedRun(core.context.project(), runId).trainedOn;
    const map = await mapOf(core.context, {
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

    const longer = Math.max(image.widthPx, image.heightPx);
    const scale = Math.min(MOST_PX, Math.max(LEAST_PX, longer)) / longer;
    const width = Math.max(1, Math.round(image.widthPx * scale));
    const height = Math.max(1, Math.round(image.heightPx * scale));
    const rgb = await decodeRgb(image.file, { width, height });
    const drawn = overlay({ rgb, width, height }, map, map.regionBox, scale);
    const out = path.resolve(options.out);
    makeFolder(path.dirname(out));
    await writeFileWhole(out, [encodePng(drawn, width, height)]);

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

/** @throws AppError 'bad-input' naming the classes of the run */
function classNamed(classes: TrainedOn['classes'], name: string): ClassId {
  const found = classes.find((one) => one.name === name);
  if (found) return found.classId;
  throw new AppError('bad-input', `the run knows no class "${name}"`, {
    reason: `known are ${classes.map((one) => one.name).join(', ')}; and "true" and "predicted"`,
  });
}
