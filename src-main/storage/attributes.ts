// What imports say of pictures besides their class, by name: the columns that groups are made of.

import type { ImageId } from '../contracts/ids.ts';
import type { Connection } from './database.ts';

export type AttributesRepository = ReturnType<typeof attributesRepository>;

export function attributesRepository(db: Connection) {
  const known = db.prepare<[string], number>('SELECT id FROM attribute WHERE name = ?').pluck();
  const add = db.prepare('INSERT INTO attribute (name) VALUES (?)');
  const put = db.prepare(`
    INSERT INTO image_attribute (image_id, attribute_id, value) VALUES (?, ?, ?)
    ON CONFLICT (image_id, attribute_id) DO UPDATE SET value = excluded.value`);
  const names = db
    .prepare<[], string>(
      'SELECT name FROM attribute WHERE EXISTS (SELECT 1 FROM image_attribute WHERE attribute_id = attribute.id AND image_id IN (SELECT id FROM shown_image)) ORDER BY name',
    )
    .pluck();
  const values = db.prepare<[string], { imageId: ImageId; value: string }>(`
    SELECT image_id AS imageId, value FROM image_attribute JOIN attribute ON attribute.id = attribute_id
    WHERE name = ? AND image_id IN (SELECT id FROM shown_image)`);
  return {
    set(imageId: ImageId, attributes: Readonly<Record<string, string>>): void {
      for (const [name, value] of Object.entries(attributes))
        put.run(imageId, known.get(name) ?? add.run(name).lastInsertRowid, value);
    },
    /** In alphabetical order. */
    names: (): string[] => names.all(),
    /** Value by picture; pictures without one are absent. */
    valuesOf: (name: string): Map<ImageId, string> =>
      new Map(values.all(name).map(({ imageId, value }) => [imageId, value])),
  };
}
