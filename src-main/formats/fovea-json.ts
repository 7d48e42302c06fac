// Fovea's own JSON: all that a project says of its pictures, without loss. One file, fovea.json, beside the pictures.

import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { annotationOriginSchema, ATTRIBUTE_MAX } from '../contracts/dataset.ts';
import { shapeSchema } from '../contracts/geometry.ts';
import { filesLike, likelyFiles } from './candidates.ts';
import { copyImages } from './copy.ts';
import { damaged } from './damage.ts';
import type { Format } from './format.ts';
import { addAttributes, Gathering } from './gathering.ts';
import { readJson } from './json.ts';
import { folderOf } from './paths.ts';
import { checkedClassName } from './words.ts';

const attributesSchema = z.record(z.string().max(ATTRIBUTE_MAX), z.string().max(ATTRIBUTE_MAX));

const contentSchema = z.object({
  format: z.literal('fovea'),
  version: z.literal(1),
  /** In the project's order, from which colours and digit keys follow. */
  classes: z.array(z.string()),
  images: z.array(
    z.object({
      /** From this file's folder. */
      file: z.string().min(1),
      widthPx: z.int().min(1),
      heightPx: z.int().min(1),
      /** Null also where the class only follows from the shapes. */
      class: z.string().nullable(),
      split: z.enum(['train', 'selection', 'test']).nullable(),
      attributes: attributesSchema,
      annotations: z.array(
        z.object({
          class: z.string().nullable(),
          shape: shapeSchema,
          /** Absent where the shape is a plain one, as an import brings it. */
          origin: annotationOriginSchema.optional(),
          hidden: z.boolean().optional(),
          locked: z.boolean().optional(),
          isCrowd: z.boolean().optional(),
          attributes: attributesSchema.optional(),
        }),
      ),
    }),
  ),
});

export const foveaJson: Format = {
  id: 'fovea',
  title: 'Fovea JSON',

  async detect(source) {
    const files = await likelyFiles(source, /\.json$/i, isFovea);
    return files.length > 0
      ? { score: 1, reason: `${files[0]} was written by Fovea`, files: files.length }
      : { score: 0, reason: 'no fovea.json' };
  },

  async read(source, sink) {
    const gathering = new Gathering(source, sink);
    for (const file of await filesLike(source, /\.json$/i, isFovea)) {
      const parsed = contentSchema.safeParse(await readJson(source, file));
      if (!parsed.success) {
        const [{ path: at, message }] = parsed.error.issues;
        throw damaged(file, at.map(String).join('.') || 'line 1', message);
      }
      sink.classes?.(parsed.data.classes.map((name, i) => checkedClassName(name, file, `classes[${i}]`)));
      parsed.data.images.forEach((entry, i) => {
        const place = `images[${i}]`;
        const image = gathering.find(entry.file, [folderOf(file)], { file, place });
        if (image === null) return;
        image.declaredSize = { widthPx: entry.widthPx, heightPx: entry.heightPx };
        image.split = entry.split;
        if (entry.class !== null)
          gathering.classify(
            image,
            checkedClassName(entry.class, file, `${place}.class`),
            `${file}, ${place}`,
          );
        addAttributes(image, entry.attributes);
        entry.annotations.forEach(({ class: className, ...drawing }, j) => {
          const where = `${place}.annotations[${j}]`;
          image.annotations.push({
            ...drawing,
            className: className === null ? null : checkedClassName(className, file, `${where}.class`),
            place: where,
          });
        });
      });
    }
    gathering.handOn();
  },

  async write(dataset, folder, options) {
    const names = await copyImages(dataset.images, path.join(folder, 'images'), options);
    const content: z.input<typeof contentSchema> = {
      format: 'fovea',
      version: 1,
      classes: dataset.classes,
      images: dataset.images.map((image, i) => ({
        file: `images/${names[i]}`,
        widthPx: image.widthPx,
        heightPx: image.heightPx,
        class: image.classOrigin === 'derived' ? null : image.className,
        split: image.split,
        attributes: { ...image.attributes },
        annotations: image.annotations.map(
          ({ className, shape, origin, hidden, locked, isCrowd, attributes = {} }) => ({
            class: className,
            shape,
            origin,
            ...(hidden ? { hidden } : {}),
            ...(locked ? { locked } : {}),
            ...(isCrowd ? { isCrowd } : {}),
            ...(Object.keys(attributes).length > 0 ? { attributes } : {}),
          }),
        ),
      })),
    };
    await writeFile(path.join(folder, 'fovea.json'), JSON.stringify(content));
  },

  losses: () => [],
};

const isFovea = (head: string): boolean => /^\s*\{\s*"format"\s*:\s*"fovea"/.test(head);
