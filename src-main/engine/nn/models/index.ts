// The models Fovea can train; the first is the one suggested.

import type { MethodInfo } from '../../../contracts/methods.ts';
import type { Model } from '../model.ts';
import { describe, findById } from '../registry.ts';
import { alexnet } from './alexnet.ts';
import { efficientnetLite0 } from './efficientnet-lite0.ts';
import { mlp } from './mlp.ts';
import { resnet18 } from './resnet18.ts';
import { resnet34 } from './resnet34.ts';
import { resnet50 } from './resnet50.ts';
import { resnet8 } from './resnet8.ts';
import { smallcnn } from './smallcnn.ts';
import { vgg11 } from './vgg11.ts';
import { vgg16Gap } from './vgg16-gap.ts';
import { wrn2810 } from './wrn-28-10.ts';
import { wrn402 } from './wrn-40-2.ts';

export const models: readonly Model[] = [
  ...[resnet8, resnet18, resnet34, resnet50],
  efficientnetLite0,
  ...[wrn402, wrn2810],
  ...[vgg11, vgg16Gap, alexnet],
  ...[smallcnn, mlp],
];

export const modelById = (id: string): Model => findById('model', models, id);

export const modelInfos = (): MethodInfo[] => describe(models);
