// The keys of the screens. docs/keys.md is made from them; after a change:
// npx vitest run --config test/vitest.config.ts test/src-renderer/key-maps.test.ts --update

import { expect, test } from 'vitest';
import { annotateKeys, stepOf } from '../../src-renderer/features/annotate/key-map.ts';
import { inspectKeys } from '../../src-renderer/features/inspect/key-map.ts';
import { windowKeys } from '../../src-renderer/frame/key-map.ts';
import { keyMaps, keySections } from '../../src-renderer/key-maps.ts';
import { capsOf } from '../../src-renderer/ui/key-map.ts';

const keysOf = ({ sections }: (typeof keyMaps)[number]) =>
  sections.flatMap(({ rows }) => rows.flatMap(({ keys }) => keys));

test('no key means two things on one screen', () => {
  for (const map of keyMaps.filter((one) => one !== windowKeys)) {
    const keys = [...keysOf(map), ...keysOf(windowKeys)];
    expect(keys.filter((key, at) => keys.indexOf(key) !== at)).toEqual([]);
  }
});

test('every section of the key sheet has a title of its own', () => {
  const titles = keySections.map(({ title }) => title);
  expect(new Set(titles).size).toBe(titles.length);
});

test('a button shows the first key of its command', () => {
  expect(inspectKeys.keyOf('zoom-in')).toBe('+');
});

test.each([
  ['W', 'box-tool'],
  ['B', 'box-tool'],
  ['V', 'select-tool'],
  ['P', 'polygon-tool'],
  ['D', 'next'],
  ['A', 'previous'],
  ['Ctrl D', 'duplicate'],
  ['Ctrl A', 'select-all'],
  ['Ctrl Z', 'undo'],
  ['Ctrl Shift Z', 'redo'],
  ['Del', 'delete'],
  ['3', 'class'],
  ['Alt Shift Up', 'resize'],
  ['Shift D', null],
])('%s is %s', (chord, command) => {
  expect(annotateKeys.commandOf(chord)).toBe(command);
});

test('arrows are one pixel, ten with Shift', () => {
  expect(stepOf('Left')).toEqual({ x: -1, y: 0 });
  expect(stepOf('Alt Shift Down')).toEqual({ x: 0, y: 10 });
});

test('keeps docs/keys.md equal to the key maps', async () => {
  const page = [
    '<!-- Made from the key maps by test/src-renderer/key-maps.test.ts. -->\n',
    '# Keys',
    '',
    'In the app, `?` shows the same sheet. The first four tables are of Annotate.',
    ...keySections.flatMap(({ title, rows }) => [
      '',
      `## ${title}`,
      '',
      '| key | what it does |',
      '|---|---|',
      ...rows.map(
        (row) =>
          `| ${capsOf(row)
            .map((key) => `\`${key}\``)
            .join(', ')} | ${row.title} |`,
      ),
    ]),
    '',
  ].join('\n');
  await expect(page).toMatchFileSnapshot('../../docs/keys.md');
});
