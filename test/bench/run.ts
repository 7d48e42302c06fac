// `npm run bench -- NAME [--json] [options]`: each bench is one file of this folder with a `bench` function.
// A bench prints a table for people and returns what `--json` prints as the last line.

import { readdirSync } from 'node:fs';

const self = new Set(['run.ts', 'fovea.ts', 'kept-runs.ts', 'stalls.ts']);
const names = readdirSync(new URL('.', import.meta.url))
  .filter((file) => file.endsWith('.ts') && !self.has(file))
  .map((file) => file.slice(0, -3));

const [name, ...rest] = process.argv.slice(2);
if (name === undefined || !names.includes(name)) {
  console.error(`npm run bench -- NAME [--json], where NAME is one of: ${names.join(', ')}`);
  process.exit(1);
}
const { bench } = (await import(`./${name}.ts`)) as { bench: (args: string[]) => Promise<unknown> };
const result = await bench(rest.filter((word) => word !== '--json'));
if (rest.includes('--json')) console.log(JSON.stringify(result));
