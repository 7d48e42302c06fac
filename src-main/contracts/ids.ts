// Branded ids: a run's id cannot be passed where a picture's is asked for.

import { z } from 'zod';

const id = <Brand extends string>() => z.int().min(1).brand<Brand>();

export const imageIdSchema = id<'image'>();
export const classIdSchema = id<'class'>();
export const annotationIdSchema = id<'annotation'>();
export const runIdSchema = id<'run'>();
export const comparisonIdSchema = id<'comparison'>();
export const sweepIdSchema = id<'sweep'>();
export const importIdSchema = id<'import'>();
export const jobIdSchema = z.string().min(1).max(64).brand<'job'>();
/** Stands for a file or folder on the core's side. Only the core can turn it into a path. */
export const fileRefSchema = z.string().min(1).max(128).brand<'file'>();
/** A recent project; the core knows its folder. */
export const projectIdSchema = z.string().min(1).max(64).brand<'project'>();

/** Hex SHA-256 of a picture's bytes. Files of the cache are named after it, so it can be nothing else. */
export const contentHashSchema = z.string().regex(/^[0-9a-f]{64}$/, 'is no content hash');

export type ImageId = z.infer<typeof imageIdSchema>;
export type ClassId = z.infer<typeof classIdSchema>;
export type AnnotationId = z.infer<typeof annotationIdSchema>;
export type RunId = z.infer<typeof runIdSchema>;
export type ComparisonId = z.infer<typeof comparisonIdSchema>;
export type SweepId = z.infer<typeof sweepIdSchema>;
export type ImportId = z.infer<typeof importIdSchema>;
export type JobId = z.infer<typeof jobIdSchema>;
export type FileRef = z.infer<typeof fileRefSchema>;
export type ProjectId = z.infer<typeof projectIdSchema>;
