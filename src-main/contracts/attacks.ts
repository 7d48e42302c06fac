// Attacking a run's network on one part of its pictures.

import { z } from 'zod';
import { reads } from './call.ts';
import { splitSchema } from './dataset.ts';
import { deviceSchema } from './devices.ts';
import { runIdSchema, type JobId } from './ids.ts';
import { paramsSchema } from './methods.ts';

const attackRequestSchema = z.object({
  runId: runIdSchema,
  split: splitSchema.default('test'),
  attack: z.string().min(1).max(64),
  params: paramsSchema.default({}),
  /** In the attack's norm; the pixel range is 1. */
  eps: z.number().positive().max(1e6),
  seed: z.int().min(0).max(0xffff_ffff).default(0),
  /** The first pictures only. */
  limit: z.int().min(1).optional(),
  /** The run whose network the pictures are made with, if another. */
  from: runIdSchema.optional(),
  /** Where it is computed; where the run was trained unless given. */
  device: deviceSchema.optional(),
});

export const attackCalls = {
  /** Nothing is stored; the job's result is an AttackOutcome. */
  'attacks.start': reads<JobId>()(attackRequestSchema),
};
