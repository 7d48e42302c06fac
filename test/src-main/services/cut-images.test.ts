// Pictures that are cut at half: an import leaves them out and says why.

import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { classFolders, importFrom, image, scratchFolder, startCore } from './scratch-core.ts';

const shared = path.join(import.meta.dirname, '..', '..', '..', '..', 'shared', 'cases', 'train', 'cut-png');

it('PNGs cut at half are left out as cut short', async () => {
  const folder = scratchFolder();
  const core = startCore(path.join(folder, 'home'));
  await core.call('projects.create', { name: 'Animals', parent: core.refer(folder) });
  const imageFolder = await classFolders(path.join(folder, 'animals'));
  const whole = path.join(folder, 'whole.png');
  await image(whole, 7, 400, 300);
  const bytes = fs.readFileSync(whole);
  fs.writeFileSync(path.join(imageFolder, 'cat', 'half.png'), bytes.subarray(0, bytes.length / 2));
  const cut = ['half.png'];
  for (const name of fs.existsSync(shared) ? fs.readdirSync(shared) : [])
    if (name.endsWith('.png')) {
      fs.copyFileSync(path.join(shared, name), path.join(imageFolder, 'dog', name));
      cut.push(name);
    }
  const { images, warnings } = await importFrom(core, imageFolder);
  expect(images).toBe(6);
  const shown = warnings.map(({ file, message }) => `${path.basename(file)}: ${message}`).sort();
  expect(shown).toEqual(cut.sort().map((name): unknown => expect.stringMatching(`^${name}: .*cut short`)));
});
