// How the tensors of a weights file become those of a model: by name, as torchvision, timm and the usual wide
// residual nets name them. All of the body must fit; the head may be new.

import { AppError } from '../../contracts/errors.ts';
import type { Shape } from '../graph/index.ts';
import type { BuiltModel } from './model.ts';
import { elementCount } from './params.ts';
import { isFloat, type StoredTensor } from './safetensors.ts';

export interface Fit {
  /** What is read: the model's name for it, and the tensor. */
  readonly loaded: readonly { readonly name: string; readonly tensor: StoredTensor }[];
  /** Parameters of the model that start anew: the head for other classes, and what no file has. */
  readonly fresh: readonly string[];
  /** Tensors of the file that the model has no use for. */
  readonly skipped: readonly string[];
}

/** Where timm calls a layer otherwise than torchvision; its dense layers of VGG are convolutions there. */
const timmNames: readonly (readonly [string, string])[] = [
  ['pre_logits.fc1.', 'classifier.0.'],
  ['pre_logits.fc2.', 'classifier.3.'],
  ['head.fc.', 'classifier.6.'],
];
/** What training in parallel or a wrapping module puts before every name. */
const prefixes = ['module.', 'model.'];

/**
 * @param modelId  for messages
 * @throws AppError 'bad-file' naming the first tensor that is missing or has another shape
 */
export function fitWeights(
  model: BuiltModel,
  modelId: string,
  tensors: readonly StoredTensor[],
  file: string,
): Fit {
  const prefix = prefixes.find((one) => tensors.every(({ name }) => name.startsWith(one))) ?? '';
  const usual = new Map(tensors.map((tensor) => [usualName(tensor.name.slice(prefix.length)), tensor]));
  const mayBeFresh = new Set([...model.head, ...model.unpublished]);
  const loaded: { name: string; tensor: StoredTensor }[] = [];
  const fresh: string[] = [];
  const missing: string[] = [];
  const headFits = model.head.every((name) => {
    const tensor = usual.get(name);
    const spec = model.parameters.find((one) => one.name === name)!;
    return tensor !== undefined && fits(tensor, spec.shape);
  });
  for (const { name, shape } of [...model.parameters, ...model.buffers]) {
    const tensor = usual.get(name);
    if (model.head.includes(name) && !headFits) fresh.push(name);
    else if (tensor && fits(tensor, shape)) loaded.push({ name, tensor });
    else if (tensor) throw otherShape(modelId, file, name, tensor, shape);
    else if (mayBeFresh.has(name)) fresh.push(name);
    else missing.push(name);
  }
  if (missing.length > 0)
    throw new AppError('bad-file', `${file} does not fit ${modelId}: it has no ${someOf(missing)}`, {
      file,
      place: missing[0],
    });
  const used = new Set(loaded.map(({ tensor }) => tensor));
  const skipped = tensors.filter((one) => !used.has(one));
  const deeper = skipped.filter(({ name }) => isOfBody(usualName(name.slice(prefix.length)), model));
  if (deeper.length > 0)
    throw new AppError(
      'bad-file',
      `${file} does not fit ${modelId}: it is of another network, whose ${someOf(deeper.map(({ name }) => name))} this one has no place for`,
      { file, place: deeper[0].name },
    );
  return { loaded, fresh, skipped: skipped.map(({ name }) => name) };
}

/** Share of the model's tensors that the file has, of whatever type; one of another shape counts half. */
export function nearness(model: BuiltModel, tensors: readonly StoredTensor[]): number {
  const prefix = prefixes.find((one) => tensors.every(({ name }) => name.startsWith(one))) ?? '';
  const held = new Map(tensors.map(({ name, shape }) => [usualName(name.slice(prefix.length)), shape]));
  const wanted = [...model.parameters, ...model.buffers].filter(({ name }) => !model.head.includes(name));
  const marks = wanted.map(({ name, shape }): number => {
    const found = held.get(name);
    return found === undefined ? 0 : elementCount(found) === elementCount(shape) ? 1 : 0.5;
  });
  return marks.reduce((sum, mark) => sum + mark, 0) / wanted.length;
}

/** Whether a tensor that the model does not have belongs to a part that it has: a layer more, of a deeper network. */
function isOfBody(name: string, model: BuiltModel): boolean {
  // A head for other classes, and a count of batches that nothing here reads.
  if (model.head.includes(name) || name.endsWith('num_batches_tracked')) return false;
  const part = name.split('.')[0];
  return model.parameters.some((one) => one.name.split('.')[0] === part && !model.head.includes(one.name));
}

/** "a, b, c and 4 more" */
function someOf(names: readonly string[]): string {
  const more = names.length > 3 ? ` and ${names.length - 3} more` : '';
  return names.slice(0, 3).join(', ') + more;
}

function usualName(name: string): string {
  const renamed = timmNames.find(([timm]) => name.startsWith(timm));
  return renamed ? renamed[1] + name.slice(renamed[0].length) : name;
}

/** [4096, 512, 7, 7] and [4096, 25088] are the same dense layer: the file's flattening is the model's. */
const fits = ({ type, shape }: StoredTensor, wanted: Shape): boolean =>
  isFloat(type) &&
  shape[0] === wanted[0] &&
  elementCount(shape) === elementCount(wanted) &&
  (shape.length === wanted.length ? shape.every((side, i) => side === wanted[i]) : wanted.length === 2);

function otherShape(
  modelId: string,
  file: string,
  name: string,
  { type, shape }: StoredTensor,
  wanted: Shape,
): AppError {
  if (!isFloat(type))
    return new AppError(
      'bad-file',
      `${file} does not fit ${modelId}: ${name} is of type ${type}; weights are read as F32, F16, BF16 or F64`,
      { file, place: name },
    );
  const held = `[${shape.join(', ')}]`;
  // The usual mishap: ImageNet weights for small pictures, where the first layer is another one.
  const isStem = name === 'conv1.weight' && shape[2] === 7 && wanted[2] === 3;
  const hint = isStem ? '; train at 96 px or more, or with stem = imagenet' : '';
  return new AppError(
    'bad-file',
    `${file} does not fit ${modelId}: ${name} is ${held} in the file and [${wanted.join(', ')}] in the model${hint}`,
    { file, place: name },
  );
}
