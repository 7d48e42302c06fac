// A classifier as an ONNX file of its own, for programs that know nothing of this one: it takes pictures of any size
// as bytes, stretches and scales them itself, holds its weights, and uses standard operations only.

import { AppError } from '../../../contracts/errors.ts';
import { simplify, softmax, type Tensor } from '../../graph/index.ts';
import { lowerOutputs, opset } from './lowering.ts';
import { encodeModel } from './protobuf.ts';
import { OnnxWriter } from './writer.ts';
import { loadRuntime } from './executor.ts';

const exportedInput = 'image';
const exportedOutputs = ['logits', 'probabilities'] as const;

interface ExportPlan {
  /** The graph for so many pictures: `images` [B, 3, S, S] in [0, 1] is its only input, weights are constants. */
  build(batch: number): { images: Tensor; logits: Tensor };
  metadata: Readonly<Record<string, string>>;
}

/** Extent of the pictures in the exported file: any number, or one at a time. */
type ExportedBatch = 'any' | 'one';

/**
 * The file takes `image`, uint8 [N, height, width, 3] RGB, and gives `logits` and `probabilities`, float32 [N, K].
 * Stretching is bilinear with a kernel that widens when it shrinks, rounded to whole levels: what the project's own
 * decoder does.
 */
export function exportClassifier({ build, metadata }: ExportPlan): {
  bytes: Uint8Array;
  batch: ExportedBatch;
} {
  const [two, three] = [write(build, 2), write(build, 3)];
  // Where no node and no list of numbers knows the number of pictures, any number will do.
  const batch = isSame(two, three) ? 'any' : 'one';
  const { writer, outputs, classes } = batch === 'any' ? two : write(build, 1);
  const extent = batch === 'any' ? 'N' : 1;
  exportedOutputs.forEach((name, i) =>
    writer.nodes.push({ type: 'Identity', inputs: [outputs[i]], outputs: [name] }),
  );
  const strange = writer.nodes.find(({ domain }) => domain !== undefined && domain !== '');
  if (strange)
    throw new AppError('internal', `${strange.type} is no standard operation and cannot be exported`);
  const bytes = encodeModel({
    nodes: writer.nodes,
    constants: writer.constants,
    opset,
    inputs: [{ name: exportedInput, shape: [extent, 'height', 'width', 3], type: 'uint8' }],
    outputs: exportedOutputs.map((name) => ({ name, shape: [extent, classes] })),
    metadata: { input: inputWords(batch), ...metadata },
  });
  return { bytes, batch };
}

const inputWords = (batch: ExportedBatch): string =>
  `uint8 [${batch === 'any' ? 'N' : '1'}, height, width, 3]: RGB, upright, 0 to 255, any height and width; ` +
  'stretching and normalisation happen inside; transparent parts are put on white before, as in training';

interface Written {
  writer: OnnxWriter;
  outputs: string[];
  classes: number;
}

function write(build: ExportPlan['build'], count: number): Written {
  const { images, logits } = build(count);
  const [, , height, width] = images.shape;
  const writer = new OnnxWriter();
  const floats = writer.node('Cast', [exportedInput], { to: 1 });
  const planes = writer.transpose(floats, [0, 3, 1, 2]);
  const resized = writer.node('Resize', [planes, '', '', writer.integers([height, width])], {
    axes: [2, 3],
    antialias: 1,
    mode: { text: 'linear' },
    coordinate_transformation_mode: { text: 'half_pixel' },
  });
  const levels = writer.node('Round', [resized]);
  const scaled = writer.node('Div', [levels, writer.floats(Float32Array.of(255), [1])]);
  const outputs = simplify([logits, softmax(logits)]);
  const values = new Map<Tensor, string>();
  lowerOutputs(
    writer,
    outputs,
    values,
    () => scaled,
    // The first extent of a reshaping follows from the others, so that it need not know how many pictures there are.
    (_, tensor, [x]) =>
      tensor.op === 'reshape' && tensor.shape[0] % count === 0
        ? writer.reshape(x.name, [-1, ...tensor.shape.slice(1)])
        : undefined,
  );
  return { writer, outputs: outputs.map((tensor) => values.get(tensor)!), classes: logits.shape[1] };
}

function isSame(one: Written, other: Written): boolean {
  const [a, b] = [one.writer, other.writer];
  const small = 4096; // weights are the same arrays anyway
  return (
    JSON.stringify(a.nodes) === JSON.stringify(b.nodes) &&
    a.constants.length === b.constants.length &&
    a.constants.every(({ shape, values }, i) => {
      const { shape: otherShape, values: otherValues } = b.constants[i];
      return (
        shape.join() === otherShape.join() &&
        (values.length > small || values.every((value, k) => value === otherValues[k]))
      );
    })
  );
}

/** The exported file in a runtime with nothing but its defaults. */
interface ExportedClassifier {
  /** @param pixels [height * width * 3], HWC, 0..255 */
  classify(
    pixels: Uint8Array,
    size: { width: number; height: number },
  ): Promise<{ logits: Float32Array; probabilities: Float32Array }>;
  dispose(): Promise<void>;
}

/** @throws AppError 'unavailable' when the runtime does not take the model */
export async function openExported(bytes: Uint8Array): Promise<ExportedClassifier> {
  const runtime = await loadRuntime();
  const session = await runtime.InferenceSession.create(bytes).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AppError('unavailable', 'ONNX Runtime does not take the exported model', { reason }, cause);
  });
  return {
    async classify(pixels, { width, height }) {
      const image = new runtime.Tensor('uint8', pixels, [1, height, width, 3]);
      const results = await session.run({ [exportedInput]: image });
      const [logits, probabilities] = exportedOutputs.map((name) => results[name].data as Float32Array);
      return { logits, probabilities };
    },
    dispose: () => session.release(),
  };
}
