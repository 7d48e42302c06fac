// Settings of a training run: everything that does not belong to its objective.

import { z } from 'zod';
import { networkFields } from './network-settings.ts';
import { settingMeta as meta } from './setting-meta.ts';

/** Everything of a run that does not belong to its objective. Flat, so that forms and --set can name each. */
export const settingsSchema = z.object({
  ...networkFields,
  backbone: z
    .enum(['fine-tuned', 'frozen'])
    .default('fine-tuned')
    .meta(
      meta(
        'form',
        'Backbone',
        'Fine-tuned: all layers learn. Frozen: the network reads each picture once, and only the classifier layer is solved on these features, in seconds; it needs trained weights to start from and takes no penalty terms.',
        { main: true },
      ),
    ),
  headL2: z
    .number()
    .min(1e-6)
    .max(1e3)
    .default(0.1)
    .meta(
      meta(
        'optimiser',
        'Head L2 penalty',
        'Where the classifier layer is solved on fixed features: the penalty on its squared weights, for standardised features; larger values keep it simpler.',
      ),
    ),
  swappedCopies: z
    .int()
    .min(1)
    .max(16)
    .default(2)
    .meta(
      meta(
        'images',
        'Swapped copies',
        "Where the classifier layer is solved on fixed features and backgrounds are swapped: how many copies of each picture get another picture's background.",
      ),
    ),
  headFirst: z
    .boolean()
    .default(false)
    .meta(
      meta(
        'optimiser',
        'Head first',
        'Solves the classifier layer on the features of the trained weights before the first epoch, so that a new one does not spoil them.',
      ),
    ),
  learningRate: z
    .number()
    .min(0)
    .max(10)
    .default(0.02)
    .meta(meta('form', 'Learning rate', 'Peak learning rate of the schedule.', { main: true, scale: 'log' })),
  optimiser: z
    .enum(['sgd', 'adam', 'adamw'])
    .default('sgd')
    .meta(
      meta(
        'optimiser',
        'Optimiser',
        'SGD with momentum, Adam, or AdamW (decoupled weight decay). Adam and AdamW want a learning rate near 0.001.',
      ),
    ),
  momentum: z
    .number()
    .min(0)
    .max(0.999)
    .default(0.9)
    .meta(meta('optimiser', 'Momentum', 'Of SGD: share of the last update that is kept in the next.')),
  nesterov: z
    .boolean()
    .default(false)
    .meta(
      meta(
        'optimiser',
        'Nesterov',
        'Of SGD: Nesterov momentum, which evaluates the gradient ahead along the momentum.',
      ),
    ),
  beta1: z
    .number()
    .min(0)
    .max(0.9999)
    .default(0.9)
    .meta(meta('optimiser', 'Beta 1', 'Of Adam and AdamW: decay of the running mean of the gradient.')),
  beta2: z
    .number()
    .min(0)
    .max(0.99999)
    .default(0.999)
    .meta(
      meta('optimiser', 'Beta 2', 'Of Adam and AdamW: decay of the running mean of the squared gradient.'),
    ),
  epsilon: z
    .number()
    .min(1e-12)
    .max(1)
    .default(1e-8)
    .meta(
      meta('optimiser', 'Epsilon', 'Of Adam and AdamW: added to the denominator for numerical stability.'),
    ),
  weightDecay: z
    .number()
    .min(0)
    .max(1)
    .default(5e-4)
    .meta(
      meta(
        'optimiser',
        'Weight decay',
        'How strongly parameters are pulled towards zero; biases and batch-norm are spared unless decay=all.',
        { scale: 'log' },
      ),
    ),
  decay: z
    .enum(['weights', 'all'])
    .default('weights')
    .meta(
      meta(
        'optimiser',
        'Weight decay of',
        'What weight decay pulls on: the weights of convolutions and dense layers, or all parameters, biases and batch-norm too, as an optimiser of PyTorch that is given them all.',
      ),
    ),
  clipNorm: z
    .number()
    .min(0)
    .max(1e6)
    .default(0)
    .meta(
      meta(
        'optimiser',
        'Clip gradients',
        'Longest that the gradient of all weights together may be; a longer one is shortened. 0 never clips.',
      ),
    ),
  headRate: z
    .number()
    .min(0)
    .max(1000)
    .default(1)
    .meta(
      meta(
        'optimiser',
        'Head learning-rate multiplier',
        'Multiplies the learning rate of the classifier layer; above 1 when the rest starts from trained weights.',
      ),
    ),
  freeze: z
    .enum(['none', 'backbone'])
    .default('none')
    .meta(
      meta(
        'optimiser',
        'Freeze',
        "'backbone' lets only the classifier layer learn; all before it stays as it started, running statistics too.",
      ),
    ),
  schedule: z
    .enum(['cosine', 'step', 'constant', 'one-cycle'])
    .default('cosine')
    .meta(
      meta(
        'schedule',
        'Schedule',
        'How the learning rate goes over the run; one cycle rises for 30 % of it, then falls.',
      ),
    ),
  cycleMomentum: z
    .boolean()
    .default(false)
    .meta(
      meta(
        'schedule',
        'Cycle the momentum',
        'Of one cycle: momentum, or beta 1 of the Adams, falls from 0.95 to 0.85 while the learning rate rises and returns while it falls, as in PyTorch.',
      ),
    ),
  warmUpEpochs: z
    .number()
    .min(0)
    .max(100)
    .default(1)
    .meta(
      meta(
        'schedule',
        'Warm-up',
        'Epochs in which the learning rate rises from zero; one cycle has its own rise.',
        {
          unit: 'epochs',
        },
      ),
    ),
  stepEpochs: z
    .int()
    .min(1)
    .max(1000)
    .default(10)
    .meta(
      meta('schedule', 'Step length', 'Epochs between two drops of the step schedule.', { unit: 'epochs' }),
    ),
  stepFactor: z
    .number()
    .min(0.001)
    .max(1)
    .default(0.1)
    .meta(meta('schedule', 'Step factor', 'What the learning rate is multiplied with at each drop.')),
  labels: z
    .enum(['one', 'several'])
    .default('one')
    .meta(
      meta(
        'images',
        'Labels',
        'Single-label: one class a picture, cross-entropy. Multi-label: its own class and all that are drawn on it, binary cross-entropy for each. Measures that explain a class, and attacks on the heat, then look at one: its own, else the first drawn; attacks on the class have to beat all.',
      ),
    ),
  labelSmoothing: z
    .number()
    .min(0)
    .max(0.9)
    .default(0)
    .meta(
      meta(
        'images',
        'Label smoothing',
        'Share of each label that is spread over all classes; reduces overconfidence.',
      ),
    ),
  averageDecay: z
    .number()
    .min(0)
    .max(0.99999)
    .default(0)
    .meta(
      meta(
        'optimiser',
        'EMA decay',
        'Decay of the exponential moving average of the weights, which is what is validated and evaluated. 0 uses the weights themselves.',
      ),
    ),
  accumulate: z
    .int()
    .min(1)
    .max(256)
    .default(1)
    .meta(
      meta(
        'optimiser',
        'Gradient accumulation steps',
        'Least number of equal parts that a batch is computed in, to save memory; batch-norm and Group DRO then see one part at a time.',
      ),
    ),
  convolutions: z
    .enum(['rules', 'measured'])
    .default('measured')
    .meta(
      meta(
        'optimiser',
        'Convolution algorithm',
        'How convolutions are computed: the fastest in a trial on this machine, which takes a few seconds before the first run of its kind, or by rules that are the same everywhere. The last bits of the weights differ between the two.',
      ),
    ),
  lambdaRamp: z
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .meta(
      meta(
        'form',
        'Penalty warm-up',
        'Share of the run over which penalty weights rise from 0 to their value; 0 turns the warm-up off.',
      ),
    ),
  sampling: z
    .enum(['shuffled', 'balanced'])
    .default('shuffled')
    .meta(
      meta(
        'images',
        'Sampling',
        'Each training picture once an epoch; or balanced: as many, drawn with repetition so that all groups come equally often, which are the classes, or class and attribute together where pictures are grouped by one.',
      ),
    ),
  trainShare: z
    .number()
    .min(0.001)
    .max(1)
    .default(1)
    .meta(
      meta(
        'images',
        'Share of training pictures',
        'Trains on so much of each class, drawn with the seed: a smaller share is part of a larger one. At least one picture of each class stays.',
      ),
    ),
  outside: z
    .enum(['none', 'swap', 'blur', 'black', 'grey'])
    .default('none')
    .meta(
      meta(
        'form',
        'Background augmentation',
        "Replaces everything outside the boxes of some training pictures: with another picture's background, a blur, black or grey.",
        { main: true },
      ),
    ),
  outsideProbability: z
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .meta(meta('form', 'Share augmented', 'Share of the pictures in a batch whose background is replaced.')),
  flip: z
    .boolean()
    .default(true)
    .meta(meta('images', 'Mirror', 'Mirror every second training picture left to right.')),
  shift: z
    .number()
    .min(0)
    .max(0.5)
    .default(0.1)
    .meta(
      meta(
        'images',
        'Shift',
        'Largest random shift, as a share of the side; the rim is filled by reflection.',
      ),
    ),
  patienceEpochs: z
    .int()
    .min(0)
    .max(1000)
    .default(0)
    .meta(
      meta(
        'form',
        'Patience',
        'Early stopping: epochs without a gain in validation accuracy after which the run stops; 0 turns it off.',
        {
          unit: 'epochs',
        },
      ),
    ),
});

export type Settings = z.infer<typeof settingsSchema>;

/** Settings that make the network what it is. Weights learnt under others mean something else. */
const networkSettings = (Object.keys(settingsSchema.shape) as (keyof Settings)[]).filter(
  (name) => settingsSchema.shape[name].meta()?.['group'] === 'network',
);
/** Those of a run, for one that goes on with what it has learnt. */
export const networkForm = (settings: Settings): Partial<Settings> =>
  Object.fromEntries(
    // A run of an older version has fewer.
    networkSettings.flatMap((name) => (settings[name] === undefined ? [] : [[name, settings[name]]])),
  );
