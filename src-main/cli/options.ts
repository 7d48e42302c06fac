// Options that several commands take, and how their values are read.

import { InvalidArgumentError, Option, type Command } from 'commander';
import { deviceSchema } from '../contracts/devices.ts';
import { numberOf } from './set-values.ts';

/** Whole number of at least `least`, or commander's complaint. */
export const whole =
  (least: number, most = Infinity) =>
  (text: string): number => {
    const number = Number(text);
    if (text.trim() === '' || !Number.isSafeInteger(number) || number < least || number > most)
      throw new InvalidArgumentError(
        `It must be a whole number ${most === Infinity ? `of at least ${least}` : `from ${least} to ${most}`}.`,
      );
    return number;
  };
export const share = (text: string): number => {
  const number = Number(text);
  if (text.trim() === '' || !(number >= 0 && number <= 0.9))
    throw new InvalidArgumentError('It must be a share from 0 to 0.9.');
  return number;
};
export const portion = (text: string): number => {
  const number = Number(text);
  if (text.trim() === '' || !(number >= 0 && number <= 1))
    throw new InvalidArgumentError('It must be a share from 0 to 1.');
  return number;
};
export const positive = (text: string): number => {
  const number = numberOf(text);
  if (!(number > 0 && number < Infinity)) throw new InvalidArgumentError('It must be a number above 0.');
  return number;
};
export const collect = (text: string, before: string[]): string[] => [...before, text];
export const split = () =>
  new Option('--split <split>', 'part of the pictures').choices(['train', 'selection', 'test']);

export const device = (help: string) => new Option('--device <id>', help).choices(deviceSchema.options);

/** What `train` and `sweep` ask of a run. */
export const runFlags = (command: Command, objective: string): Command =>
  command
    .option('--objective <id>', 'what training aims at', objective)
    .option('--preset <id>', 'values of the objective as in a paper or its code; `fovea methods` lists them')
    .option('--set <name=value>', "a parameter of the objective or a run's setting; repeatable", collect, [])
    .option('--model <id>', 'network', 'resnet8')
    .option('--size <px>', 'side to which pictures are scaled', whole(16), 64)
    .option('--epochs <n>', 'passes over the training pictures', whole(1), 16)
    .option('--batch <n>', 'pictures a step', whole(2), 64)
    .option('--seed <n>', 'seed', whole(0), 0)
    .option(
      '--start <from>',
      'scratch, run:N of the project, a safetensors file, or a name of `fovea weights list`; the weights that come with the app for the model otherwise, or scratch',
    )
    .addOption(device('where to train').default('auto'))
    .option(
      '--algorithms <from>',
      'convolution algorithms: rules, or algorithms.json of an earlier run, to repeat it; timed on this machine otherwise',
    )
    .option('--group-by <attribute>', 'attribute that, with the class, makes the groups');
