// Heat maps of one picture, as it is or after an attack.

import { z } from 'zod';
import { reads } from './call.ts';
import { deviceSchema } from './devices.ts';
import type { Box } from './geometry.ts';
import { classIdSchema, imageIdSchema, runIdSchema, type ClassId } from './ids.ts';
import { paramsSchema } from './methods.ts';

export const mapRequestSchema = z.object({
  runId: runIdSchema,
  imageId: imageIdSchema,
  method: z.string().min(1).max(64),
  params: paramsSchema.default({}),
  /** Which class's score is explained. */
  target: z.union([z.literal('true'), z.literal('predicted'), classIdSchema]).default('true'),
  /** Where it is computed; the processor unless given. */
  device: deviceSchema.optional(),
  /** Class the target is held against: the difference of the two scores is explained. */
  versus: classIdSchema.optional(),
});
export type MapRequest = z.input<typeof mapRequestSchema>;

export interface HeatMap {
  widthPx: number;
  heightPx: number;
  /** Base64 of little-endian float32, row-major, >= 0, sums to 1 (all 0 if the map is empty). */
  values: string;
  /** Class explained. */
  classId: ClassId;
  /**
   * Softmax of every class, in class order, of the picture that the model saw: the attacked one after an attack. Where
   * pictures have several classes, the sigmoid of each.
   */
  scores: { classId: ClassId; name: string; score: number }[];
  /** Share of the heat inside the picture's region; null without one. */
  energyInBox: number | null;
  pointingHit: boolean | null;
  /** Box round the region, in picture pixels; null without one. */
  regionBox: Box | null;
  /**
   * Of a map of the loss gradient: the box drawn from that gradient by the rule of the measures (KC & Zhang 2021), in
   * picture pixels, null if nothing is kept, and its IoU with the region's. Null for any other map.
   */
  measuredBox: { box: Box | null; iou: number | null } | null;
}

const attackedMapSchema = mapRequestSchema.extend({
  eps: z.number().min(0).max(100),
  attack: z.string().min(1).max(64).default('fgsm'),
  attackParams: paramsSchema.default({}),
  /** The run whose network the picture is made with, if another: this one only judges it. */
  from: runIdSchema.optional(),
});
export interface AttackedMap {
  /** PNG as a data URL. */
  picture: string;
  map: HeatMap;
  /** Whether the attack changed anything: some leave alone what is wrong already, or find nothing. */
  changed: boolean;
  /** Whether the class of the highest score is the picture's, or one of its own. */
  correct: boolean;
}

/** A heat map drawn over its picture. */
export interface DrawnMap {
  map: HeatMap;
  /** Base64. */
  png: string;
}

export const explanationCalls = {
  'explanations.map': reads<HeatMap>()(mapRequestSchema),
  /** The picture after an attack with this epsilon (the pixel range is 1), what is said of it, and its heat. */
  'explanations.attack': reads<AttackedMap>()(attackedMapSchema),
  /** The map over its picture, as a PNG file. */
  'explanations.draw': reads<DrawnMap>()(mapRequestSchema),
};
