// Unit and engine tests, and the end-to-end tests in a real browser, as two projects of one runner.

import { defineConfig } from 'vitest/config';
import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';

const root = fileURLToPath(new URL('..', import.meta.url));

export default defineConfig({
  root,
  test: {
    projects: [
      {
        root,
        plugins: [svelte()],
        test: {
          name: 'unit',
          include: ['test/*.test.ts', 'test/src-main/**/*.test.ts', 'test/src-renderer/**/*.test.ts'],
          pool: 'forks',
          // Each file waits on processes of its own; a core left over for the runner stands idle.
          maxWorkers: '100%',
          testTimeout: 60_000,
          // A hook that starts a core waits for its processes, on a busy machine longer than the usual 10 seconds.
          hookTimeout: 60_000,
        },
      },
      {
        root,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
