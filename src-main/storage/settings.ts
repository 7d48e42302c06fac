// Facts about the project as a whole: its name, where the person was.

import type { Connection } from './database.ts';
import { parse } from './rows.ts';

interface ProjectSettings {
  name: string;
  createdAt: number;
  /** Whether pictures were dealt out to train, selection and test here, rather than by an import alone. */
  dealt: boolean;
  /** Picture that was last looked at. */
  lastImageId: number;
}

export type SettingsRepository = ReturnType<typeof settingsRepository>;

export function settingsRepository(db: Connection) {
  const get = db.prepare<[string], { value: string }>('SELECT value FROM setting WHERE key = ?');
  const put = db.prepare('INSERT OR REPLACE INTO setting (key, value) VALUES (?, ?)');
  return {
    get<K extends keyof ProjectSettings>(key: K): ProjectSettings[K] | null {
      const row = get.get(key);
      return row ? parse<ProjectSettings[K]>(row.value) : null;
    },
    set<K extends keyof ProjectSettings>(key: K, value: ProjectSettings[K]): void {
      put.run(key, JSON.stringify(value));
    },
  };
}
