// Files that are damaged, hostile or lying, through the command as a person would run it: each is one
// clear line that names the file and the reason, and nothing of them is half there afterwards.

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { openProjectStore } from '../../src-main/storage/project-store.ts';
import { fovea, makeWorkFolder, type Ran } from './app.ts';
import { makeImages, SIDE, vocXml, type MadeImage } from './images.ts';

const work = makeWorkFolder();
afterAll(() => work.remove());

const images = await makeImages(2);
const [first, second] = images as [MadeImage, MadeImage];

let count = 0;
let project: string;
let source: string;
beforeEach(() => {
  count += 1;
  project = path.join(work.folder, `project-${count}`);
  source = path.join(work.folder, `source-${count}`);
  mkdirSync(path.join(source, 'JPEGImages'), { recursive: true });
  mkdirSync(path.join(source, 'Annotations'));
  expect(fovea(work.home, 'project', 'create', project)).toMatchObject({ status: 0 });
});

/** Puts a VOC picture into the source; `xml` replaces its record. */
function put(image: MadeImage, xml = vocXml(image.name, image.className, image.box)): void {
  writeFileSync(path.join(source, 'JPEGImages', image.name), image.png);
  writeFileSync(path.join(source, 'Annotations', image.name.replace('.png', '.xml')), xml);
}

const importSource = () => fovea(work.home, 'import', project, source, '--json');

function held(): { images: number; classes: number; annotations: number } {
  const store = openProjectStore(project);
  try {
    const classes = store.classes.all();
    return {
      images: store.images.all().length,
      classes: classes.length,
      annotations: classes.reduce((sum, one) => sum + one.annotations, 0),
    };
  } finally {
    store.close();
  }
}

/** The command refused with one line for people, short enough to read, and the project is as it was. */
function expectRefused(ran: Ran, ...words: (string | RegExp)[]): void {
  expect(ran.status, ran.err).toBe(1);
  const lines = ran.err.trim().split('\n');
  expect(lines, ran.err).toHaveLength(1);
  expect(lines[0]!.length).toBeLessThan(600);
  for (const word of words) expect(lines[0]).toMatch(word);
  expect(ran.err).not.toMatch(/\bat .*\.ts:\d+/);
  expect(held()).toEqual({ images: 0, classes: 0, annotations: 0 });
}

interface Warning {
  code: string;
  file: string;
  message: string;
}
/** Imported what is good; what is not is named by exactly one warning. */
function expectLeftOut(ran: Ran, code: string, file: RegExp, left: ReturnType<typeof held>): void {
  expect(ran.status, ran.err).toBe(0);
  const warnings = (ran.json?.warnings as Warning[]).filter((warning) => warning.code === code);
  expect(warnings, JSON.stringify(ran.json?.warnings)).toHaveLength(1);
  expect(warnings[0]!.file).toMatch(file);
  expect(warnings[0]!.message.length).toBeGreaterThan(10);
  expect(warnings[0]!.message).not.toContain('\n');
  expect(held()).toEqual(left);
}

describe('an annotation file', () => {
  it('that was cut off is refused with its name and the place', () => {
    const whole = JSON.stringify(
      {
        images: [{ id: 1, file_name: first.name, width: SIDE, height: SIDE }],
        categories: [{ id: 1, name: 'disc' }],
        annotations: [{ id: 1, image_id: 1, category_id: 1, bbox: [1, 2, 3, 4], area: 12, iscrowd: 0 }],
      },
      null,
      1,
    );
    const folder = path.join(work.folder, `coco-${count}`);
    mkdirSync(folder);
    writeFileSync(path.join(folder, first.name), first.png);
    writeFileSync(path.join(folder, 'instances.json'), whole.slice(0, whole.length * 0.7));
    expectRefused(
      fovea(work.home, 'import', project, folder, '--json'),
      /instances\.json/,
      /line \d+|byte|column/,
    );
  });

  it('with an entity bomb is refused before anything is expanded', () => {
    let bomb = '<!DOCTYPE annotation [<!ENTITY a0 "boom">\n';
    for (let level = 1; level <= 9; level++)
      bomb += `<!ENTITY a${level} "${`&a${level - 1};`.repeat(10)}">\n`;
    put(first);
    put(second, vocXml(second.name, '&a9;', second.box, `${bomb}]>\n`));
    expectRefused(importSource(), new RegExp(second.name.replace('.png', '\\.xml')), /entit|DOCTYPE/i);
  });

  it('with an entity that names a file is refused', () => {
    put(
      first,
      vocXml(first.name, '&x;', first.box, '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>\n'),
    );
    expectRefused(importSource(), /entit|DOCTYPE/i);
  });

  it('with a class name of 10,000 characters is refused without repeating it', () => {
    put(first);
    put(second, vocXml(second.name, 'x'.repeat(10_000), second.box));
    expectRefused(importSource(), new RegExp(second.name.replace('.png', '\\.xml')), /name/);
  });

  it('that is not text at all is refused', () => {
    put(first);
    put(second, '\u0000\u0001\u0002 <<<>>>');
    expectRefused(importSource(), new RegExp(second.name.replace('.png', '\\.xml')));
  });
});

describe('a picture', () => {
  it('that is a text file by content is left out and named', () => {
    put(first);
    put(second);
    writeFileSync(path.join(source, 'JPEGImages', second.name), '<html>not a picture</html>');
    expectLeftOut(importSource(), 'bad-picture', new RegExp(second.name), {
      images: 1,
      classes: 1,
      annotations: 1,
    });
  });

  it('of 0 bytes is left out and named', () => {
    put(first);
    put(second);
    writeFileSync(path.join(source, 'JPEGImages', second.name), '');
    expectLeftOut(importSource(), 'bad-picture', new RegExp(second.name), {
      images: 1,
      classes: 1,
      annotations: 1,
    });
  });

  it('that was cut off is left out and named', () => {
    put(first);
    put(second);
    writeFileSync(
      path.join(source, 'JPEGImages', second.name),
      second.png.subarray(0, Math.floor(second.png.length / 2)),
    );
    expectLeftOut(importSource(), 'bad-picture', new RegExp(second.name), {
      images: 1,
      classes: 1,
      annotations: 1,
    });
  });
});

describe('a box', () => {
  it('wholly outside its picture is left out and named; the picture stays', () => {
    put(first, vocXml(first.name, first.className, { x: SIDE + 10, y: 5, width: 20, height: 20 }));
    expectLeftOut(importSource(), 'dropped-box', /disc-01/, { images: 1, classes: 0, annotations: 0 });
  });

  it('partly outside is cut at the edge, and that is said', () => {
    put(first, vocXml(first.name, first.className, { x: SIDE - 10, y: 5, width: 20, height: 20 }));
    expectLeftOut(importSource(), 'clipped-box', /disc-01/, { images: 1, classes: 1, annotations: 1 });
  });
});

describe('a path', () => {
  it.each(['../outside.png', '../../outside.png', '..\\outside.png'])('%s leads nowhere', (name) => {
    writeFileSync(path.join(work.folder, 'outside.png'), second.png);
    put(first);
    put(second, vocXml(name, second.className, second.box));
    const ran = importSource();
    expect(ran.status, ran.err).toBe(0);
    expect(JSON.stringify(ran.json?.warnings)).toContain('outside');
    const store = openProjectStore(project);
    const names = store.images.all().map((image) => image.name);
    store.close();
    expect(names).not.toContain('outside.png');
    expect(names).toContain(first.name);
  });

  it.skipIf(process.platform === 'win32')('through a link leads nowhere', () => {
    writeFileSync(path.join(work.folder, 'outside.png'), second.png);
    put(first);
    const linked = { ...second, name: 'linked.png' };
    writeFileSync(
      path.join(source, 'Annotations', 'linked.xml'),
      vocXml(linked.name, second.className, second.box),
    );
    symlinkSync(path.join(work.folder, 'outside.png'), path.join(source, 'JPEGImages', linked.name));
    expectLeftOut(importSource(), 'missing-picture', /linked/, { images: 1, classes: 1, annotations: 1 });
  });

  it('with nothing to import is an error, not an empty success', () => {
    expectRefused(importSource(), /source-/);
    expectRefused(
      fovea(work.home, 'import', project, path.join(work.folder, 'missing'), '--json'),
      /missing/,
    );
  });
});
