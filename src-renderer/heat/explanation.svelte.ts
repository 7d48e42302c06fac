// How a heat map is made: the method with its parameters, the class it explains and the class that is held against.

import { MethodChoice } from '../forms/method-choice.svelte.ts';
import { runs } from '../state/runs.svelte.ts';
import type { ClassId, EvaluatedImage, SaliencyInfo } from '../../src-main/contracts/index.ts';

export type Target = 'true' | 'predicted' | ClassId;

/** How heat is made; Compare uses the same for both of its runs. */
export class Explanation extends MethodChoice<SaliencyInfo> {
  target = $state<Target>('true');
  /** Class that the target is held against. */
  versus = $state<ClassId | null>(null);

  /** @param presetId  of the methods that have it; so that what is shown at first agrees with what was measured */
  constructor(presetId: string) {
    super(() => runs.methods?.saliency ?? [], presetId);
  }

  /** The class that is explained of a picture. */
  explainedOf(image: Pick<EvaluatedImage, 'classId' | 'predictedId'>): ClassId {
    if (this.target === 'true') return image.classId;
    return this.target === 'predicted' ? image.predictedId : this.target;
  }

  /** The class it is held against on a picture: none where that is the explained one itself. */
  versusOf(image: Pick<EvaluatedImage, 'classId' | 'predictedId'>): ClassId | null {
    return this.versus === this.explainedOf(image) ? null : this.versus;
  }
}
