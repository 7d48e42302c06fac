// A process of its own that goes on with a run for some steps, then pauses it, as a person would who closes Fovea.
// Arguments: a file with the TrainSpec as JSON, and the number of steps.

import { readFileSync } from 'node:fs';
import type { TrainSpec } from '../../../../src-main/contracts/worker-protocol.ts';
import { train } from '../../../../src-main/engine/training/train.ts';

const [file, steps] = process.argv.slice(2);
const spec = JSON.parse(readFileSync(file, 'utf8')) as TrainSpec;
let looks = 0;
const outcome = await train(spec, { emit() {}, control: () => (looks++ < Number(steps) ? null : 'pause') });
console.log(outcome.ended);
