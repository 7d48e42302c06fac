// The lint that keeps the layers apart: what it must refuse makes `npm run check` fail.

import { ESLint } from 'eslint';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '..');
let eslint: ESLint;
beforeAll(() => {
  eslint = new ESLint({ cwd: root });
});

/** Errors of the layers in a file that need not exist. */
async function refused(file: string, text: string): Promise<string[]> {
  const [result] = await eslint.lintText(text, { filePath: path.join(root, file), warnIgnored: true });
  return result.messages
    .filter(({ ruleId, severity }) => ruleId === 'fovea/one-way-imports' && severity === 2)
    .map(({ message }) => message);
}
const script = (line: string) => `<script lang="ts">\n  ${line}\n</script>\n`;

test('a feature may not import another, from Svelte as from TypeScript', async () => {
  const line = "import '../compare/rows.ts';";
  const message = 'src-renderer/features/inspect may not import src-renderer/features/compare';
  expect(await refused('src-renderer/features/inspect/new.ts', line)).toEqual([message]);
  expect(await refused('src-renderer/features/inspect/New.svelte', script(line))).toEqual([message]);
  expect(await refused('src-renderer/features/compare/new.ts', "import './rows.ts';")).toEqual([]);
});

test('imports that go in a circle are refused with the way round, types included', async () => {
  const circle = await refused('src-renderer/ui/format.ts', "import type Props from './ProgressBar.svelte';");
  expect(circle).toEqual([
    'imports go in a circle: src-renderer/ui/format.ts > src-renderer/ui/ProgressBar.svelte > src-renderer/ui/format.ts',
  ]);
  const main = await refused('src-main/contracts/ids.ts', "export * from './index.ts';");
  expect(main[0]).toMatch(
    /^imports go in a circle: src-main\/contracts\/ids\.ts > .* > src-main\/contracts\/ids\.ts$/,
  );
});

test('a file without a layer is refused', async () => {
  expect(await refused('src-renderer/Stray.svelte', script('let stray = 1;'))).toEqual([
    'src-renderer/Stray.svelte lies in no layer of the table',
  ]);
  expect(await refused('src-main/stray/stray.ts', 'export {};')).toHaveLength(1);
});

test('packages stay in their homes', async () => {
  expect(await refused('src-main/services/new.ts', "import sharp from 'sharp';\nexport { sharp };")).toEqual([
    'only src-main/imaging may import sharp',
  ]);
});

test('the core and its use cases neither decode nor build graphs: workers do', async () => {
  for (const [target, room] of [
    ['../imaging/index.ts', 'src-main/imaging'],
    ['../engine/graph/index.ts', 'src-main/engine/graph'],
    ['../engine/data/architecture.ts', 'src-main/engine/data'],
    ['../engine/training/train-step.ts', 'src-main/engine/training'],
  ])
    for (const layer of ['src-main/core', 'src-main/services', 'src-main/demo'])
      expect(await refused(`${layer}/new.ts`, `import '${target}';`)).toEqual([
        `${layer} may not import ${room}`,
      ]);
});
