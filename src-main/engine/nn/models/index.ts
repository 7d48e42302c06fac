// The models Fovea can train.

import type { MethodInfo } from '../../../contracts/methods.ts';
import { describe, findById } from '../registry.ts';
import type { Model } from '../model.ts';
import { resnet18 } from './resnet18.ts';
import { resnet8 } from './resnet8.ts';

export const models: readonly Model[] = [resnet8, resnet18];

export const modelById = (id: string): Model => findById('model', models, id);

export const modelInfos = (): MethodInfo[] => describe(models);
