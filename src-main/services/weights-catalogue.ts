// Weights that others have published, in the form this program reads: those that come with the app, and those that
// are downloaded when a person asks. Addresses are relative to the hub's
// (weights-hub.ts). Publishers give no SHA-256 ahead of the
// download; the server states it with the file, the download is held to that, and a second download of the same name
// to the first.

import type { Settings } from '../contracts/settings.ts';

/** Weights in the app's folder of weights. */
export interface BundledWeights {
  readonly name: string;
  /** The model it is made for. */
  readonly model: string;
  readonly file: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly licence: string;
  /** See WeightsInfo. */
  readonly settings: Partial<Settings>;
}

/**
 * Statistics of small batches spoil what the weights know, and at the rate of a run from scratch, or with gradients of
 * any length, their first steps do.
 */
const fineTuning: Partial<Settings> = { batchNorm: 'eval', clipNorm: 1, learningRate: 0.01 };

/** Where they come from stands beside them, in resources/weights/README.md. */
export const bundled: readonly BundledWeights[] = [
  {
    name: 'efficientnet-lite0-imagenet',
    model: 'efficientnet-lite0',
    file: 'efficientnet-lite0.safetensors',
    sizeBytes: 9_410_264,
    sha256: 'dd51c6b7b94161bc99ef5b83e8d4481eac34afcda2de1b990515b73a5617c0df',
    licence: 'Apache-2.0',
    settings: fineTuning,
  },
];

export interface CatalogueEntry {
  readonly name: string;
  /** The model it is made for. */
  readonly model: string;
  /** Under the base address. */
  readonly path: string;
  /** Four bytes a value; the file has a header of some kilobytes besides. */
  readonly aboutBytes: number;
  readonly licence: string;
}

const entry = (name: string, model: string, published: string, values: number): CatalogueEntry => ({
  name,
  model,
  aboutBytes: 4 * values,
  licence: 'BSD-3-Clause',
  path: `timm/${published}/resolve/main/model.safetensors`,
});

/** torchvision's weights for ImageNet, as timm publishes them; names, licence and sizes after timm 1.0. */
export const catalogue: readonly CatalogueEntry[] = [
  entry('resnet18-imagenet', 'resnet18', 'resnet18.tv_in1k', 11_699_112),
  entry('resnet34-imagenet', 'resnet34', 'resnet34.tv_in1k', 21_814_696),
  entry('resnet50-imagenet', 'resnet50', 'resnet50.tv_in1k', 25_610_152),
  entry('resnet50-imagenet-v2', 'resnet50', 'resnet50.tv2_in1k', 25_610_152),
  entry('vgg11-imagenet', 'vgg11', 'vgg11.tv_in1k', 132_863_336),
  entry('vgg16-imagenet', 'vgg16-gap', 'vgg16.tv_in1k', 138_357_544),
];
