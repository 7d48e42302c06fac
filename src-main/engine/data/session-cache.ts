// Compiled programs that are kept for the next who needs them.

import type { Executor, Program, Session } from '../runtime/index.ts';

/** Compiled programs by key; the longest unused is given up when there are more than `limit`. */
export interface SessionCache {
  get(key: string, build: () => Program): Promise<Session>;
  dispose(): Promise<void>;
}

export function sessionCache(executor: Executor, limit: number): SessionCache {
  const sessions = new Map<string, Promise<Session>>(); // in order of last use
  return {
    async get(key, build) {
      let session = sessions.get(key);
      sessions.delete(key);
      session ??= executor.compile(build());
      sessions.set(key, session);
      if (sessions.size > limit) {
        const [[oldest, unused]] = sessions;
        sessions.delete(oldest);
        await (await unused).dispose();
      }
      try {
        return await session;
      } catch (thrown) {
        sessions.delete(key);
        throw thrown;
      }
    },
    async dispose() {
      const all = [...sessions.values()];
      sessions.clear();
      await Promise.all(all.map(async (session) => (await session).dispose()));
    },
  };
}
