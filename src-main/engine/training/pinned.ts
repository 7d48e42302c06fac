// Heat maps of the pinned pictures, told of after each epoch.

import type { TrainSpec, WorkerEvent } from '../../contracts/worker-protocol.ts';
import type { Architecture } from '../data/architecture.ts';
import { heatOutcome } from '../data/heat.ts';
import type { ImageSet } from '../data/image-set.ts';
import type { ValidationMetrics } from './validation.ts';

export function tellPinned(
  spec: TrainSpec,
  architecture: Architecture,
  selection: ImageSet,
  seen: ValidationMetrics,
  epoch: number,
  emit: (event: WorkerEvent) => void,
): void {
  const { sizePx } = architecture;
  for (const { index, map, logits } of seen.pinned) {
    const image = spec.selection[index];
    const raw = { values: map, width: sizePx, height: sizePx };
    const regionMask = selection.regionMask(index);
    const { classIndex } = image;
    const outcome = heatOutcome(image, raw, regionMask, sizePx, classIndex, logits, architecture.task);
    emit({ kind: 'pinned', epoch, imageId: image.imageId, map: outcome });
  }
}
