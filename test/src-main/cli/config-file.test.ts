import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { readConfig, withoutComments } from '../../../src-main/cli/config-file.ts';
import { scratchFolder } from '../storage/scratch.ts';

const run = { objective: 'standard', model: 'resnet8', sizePx: 32, epochs: 3, batch: 8, seed: 4 };

function fileOf(text: string): string {
  const file = path.join(scratchFolder(), 'config.json');
  fs.writeFileSync(file, text);
  return file;
}

it('reads a configuration with comments, and keeps what looks like one within a text', () => {
  const file = fileOf(
    `// of run 3\n${JSON.stringify({ ...run, groupBy: 'a//b /* c */ \\" // d' }).replace('"seed"', '/* the\nfourth */ "seed"')} // end`,
  );
  expect(readConfig(file)).toMatchObject({ ...run, groupBy: 'a//b /* c */ \\" // d' });
});

it('keeps the lines, so that an error is found where it is', () => {
  expect(withoutComments('{ /* one\ntwo */\n"a": 1 }').split('\n')).toHaveLength(3);
});

it.each([
  ['{ "objective": ', /config\.json is no configuration of a run: .*JSON/],
  [JSON.stringify({ ...run, epoch: 3 }), /epoch/],
  [JSON.stringify({ ...run, settings: { learningrate: 1 } }), /there is no "settings.learningrate"/],
  [JSON.stringify({ ...run, epochs: 0 }), /epochs must be 1 or more/],
  ['[]', /config\.json is no configuration/],
])('refuses %s by name', (text, message) => {
  expect(() => readConfig(fileOf(text))).toThrow(message);
});
