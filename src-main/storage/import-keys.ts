// Which annotations an import has brought before, by a key of their content: what a person deleted or
// moved since stays deleted or moved when the same files are imported again.

import type { ImageId } from '../contracts/ids.ts';
import type { Connection } from './database.ts';

export type ImportKeysRepository = ReturnType<typeof importKeysRepository>;

export function importKeysRepository(db: Connection) {
  const add = db.prepare('INSERT OR IGNORE INTO import_key (image_id, key) VALUES (?, ?)');
  return {
    /** True if the key is new to the picture. */
    add: (imageId: ImageId, key: string): boolean => add.run(imageId, key).changes > 0,
  };
}
