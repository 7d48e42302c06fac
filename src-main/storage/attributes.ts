// What is said of pictures and shapes besides their class, by name. Groups are made of class and attribute.

import type { AttributeRecord, Attributes } from '../contracts/dataset.ts';
import type { ImageId } from '../contracts/ids.ts';
import type { Connection } from './database.ts';

/** Values of an attribute that are offered to choose from. */
const MOST_VALUES = 50;
/** Shapes and pictures whose values are looked through for that, so that asking is quick in any project. */
const LOOKED_THROUGH = 20_000;

export type AttributesRepository = ReturnType<typeof attributesRepository>;

export function attributesRepository(db: Connection) {
  const known = db.prepare<[string], number>('SELECT id FROM attribute WHERE name = ?').pluck();
  const add = db.prepare('INSERT INTO attribute (name) VALUES (?)');
  const put = db.prepare(`
    INSERT INTO image_attribute (image_id, attribute_id, value) VALUES (?, ?, ?)
    ON CONFLICT (image_id, attribute_id) DO UPDATE SET value = excluded.value`);
  const clear = db.prepare('DELETE FROM image_attribute WHERE image_id = ?');
  const ofImage = db.prepare<[number], { name: string; value: string }>(`
    SELECT name, value FROM image_attribute JOIN attribute ON attribute.id = attribute_id
    WHERE image_id = ? ORDER BY attribute_id`);
  const names = db
    .prepare<[], string>(
      `SELECT name FROM attribute WHERE of_shapes = 1 OR EXISTS (SELECT 1 FROM image_attribute
         WHERE attribute_id = attribute.id AND image_id IN (SELECT id FROM shown_image)) ORDER BY name`,
    )
    .pluck();
  const values = db.prepare<[string], { imageId: ImageId; value: string }>(`
    SELECT image_id AS imageId, value FROM image_attribute JOIN attribute ON attribute.id = attribute_id
    WHERE name = ? AND image_id IN (SELECT id FROM shown_image)`);
  const each = db.prepare<[], { imageId: ImageId; name: string; value: string }>(`
    SELECT image_id AS imageId, name, value FROM image_attribute JOIN attribute ON attribute.id = attribute_id
    ORDER BY image_id, attribute_id`);
  const isOfShapes = db
    .prepare<[string], number>('SELECT 1 FROM attribute WHERE name = ? AND of_shapes = 1')
    .pluck();
  const noteOfShapes = db.prepare(
    'INSERT INTO attribute (name, of_shapes) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET of_shapes = 1',
  );
  // The shapes that a picture is judged by: of its class, or without one.
  const agreed = db.prepare<[string], { imageId: ImageId; value: string }>(`
    SELECT drawn.image_id AS imageId, min(said.value) AS value
    FROM shown_annotation AS drawn JOIN image ON image.id = drawn.image_id, json_each(drawn.attributes) AS said
    WHERE drawn.attributes <> '{}' AND said.key = ?
      AND (drawn.class_id IS NULL OR image.class_id IS NULL OR drawn.class_id = image.class_id)
    GROUP BY drawn.image_id HAVING min(said.value) = max(said.value)`);
  const valuesOfImages = db.prepare<[number], { name: string; value: string }>(`
    SELECT name, value FROM (SELECT attribute_id, value FROM image_attribute LIMIT ?)
    JOIN attribute ON attribute.id = attribute_id GROUP BY name, value ORDER BY name, count(*) DESC, value`);
  const valuesOfShapes = db.prepare<[number], { name: string; value: string }>(`
    SELECT said.key AS name, said.value AS value
    FROM (SELECT attributes FROM annotation WHERE attributes <> '{}' LIMIT ?) AS drawn, json_each(drawn.attributes) AS said
    GROUP BY said.key, said.value ORDER BY said.key, count(*) DESC, said.value`);

  const set = (imageId: ImageId, attributes: Attributes): void => {
    for (const [name, value] of Object.entries(attributes))
      put.run(imageId, known.get(name) ?? add.run(name).lastInsertRowid, value);
  };
  return {
    /** Beside those that it has. */
    set,
    /** In place of those that it has. */
    replace(imageId: ImageId, attributes: Attributes): void {
      clear.run(imageId);
      set(imageId, attributes);
    },
    ofImage: (imageId: number): Record<string, string> =>
      Object.fromEntries(ofImage.all(imageId).map(({ name, value }) => [name, value])),
    /** Of every picture, picture by picture. */
    each: (): IterableIterator<{ imageId: ImageId; name: string; value: string }> => each.iterate(),
    /** To be called for each shape that is written. */
    noteOfShape(attributes: Attributes): void {
      // Asked of the database each time: what is remembered here may have been rolled back.
      for (const name of Object.keys(attributes))
        if (isOfShapes.get(name) === undefined) noteOfShapes.run(name);
    },
    /** Of pictures and shapes, in alphabetical order. */
    names: (): string[] => names.all(),
    /**
     * Value by picture: its own, or that on which the shapes agree that it is judged by. Pictures without one are
     * absent.
     */
    valuesOf(name: string): Map<ImageId, string> {
      const found = new Map<ImageId, string>();
      if (isOfShapes.get(name) !== undefined)
        for (const { imageId, value } of agreed.all(name)) found.set(imageId, value);
      for (const { imageId, value } of values.all(name)) found.set(imageId, value);
      return found;
    },
    /** What pictures are said, with a few of the values. */
    ofImages: (): AttributeRecord[] => grouped(valuesOfImages.all(LOOKED_THROUGH)),
    /** The same of shapes. */
    ofShapes: (): AttributeRecord[] => grouped(valuesOfShapes.all(LOOKED_THROUGH)),
  };
}

/** @param rows  in order of name, the most frequent value first */
function grouped(rows: readonly { name: string; value: string }[]): AttributeRecord[] {
  const all: AttributeRecord[] = [];
  for (const { name, value } of rows) {
    let last = all.at(-1);
    if (last?.name !== name) all.push((last = { name, values: [] }));
    if (last.values.length < MOST_VALUES) last.values.push(value);
  }
  return all;
}
