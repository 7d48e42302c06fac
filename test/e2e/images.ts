// Small folders of made-up pictures for the end-to-end tests, the same ones every time: each class has
// its own shape and colour, so that a small net learns them in a few epochs.

import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';

export const SIDE = 96;
const kinds = [
  { name: 'disc', colour: '#d0553f', draw: (x: number, y: number, s: number) => ring(x, y, s) },
  { name: 'square', colour: '#3f7fd0', draw: (x: number, y: number, s: number) => square(x, y, s) },
  { name: 'triangle', colour: '#49a35a', draw: (x: number, y: number, s: number) => triangle(x, y, s) },
];
const ring = (x: number, y: number, s: number) =>
  `<circle cx="${x + s / 2}" cy="${y + s / 2}" r="${s / 2}"/>`;
const square = (x: number, y: number, s: number) => `<rect x="${x}" y="${y}" width="${s}" height="${s}"/>`;
const triangle = (x: number, y: number, s: number) =>
  `<path d="M${x + s / 2} ${y}L${x + s} ${y + s}L${x} ${y + s}z"/>`;

export interface MadeImage {
  className: string;
  /** `disc-01.png` */
  name: string;
  /** Pixels, continuous edges. */
  box: { x: number; y: number; width: number; height: number };
  png: Buffer;
}

/** `perClass` pictures of each class, with the box round the object. */
export async function makeImages(perClass: number): Promise<MadeImage[]> {
  const made: MadeImage[] = [];
  for (const [index, kind] of kinds.entries())
    for (let copy = 0; copy < perClass; copy++) {
      // Spread by the golden ratio: places and sizes differ without a random generator.
      const spread = (step: number) => ((copy + 1) * 0.618034 + index * 0.37 + step * 0.29) % 1;
      const size = Math.round(30 + 22 * spread(1));
      const x = Math.round((SIDE - size) * spread(2));
      const y = Math.round((SIDE - size) * spread(3));
      const grey = Math.round(60 + 110 * spread(4));
      const svg =
        `<svg xmlns="http://www.w3.org/2000/svg" width="${SIDE}" height="${SIDE}">` +
        `<rect width="100%" height="100%" fill="rgb(${grey},${grey},${grey})"/>` +
        `<g fill="${kind.colour}">${kind.draw(x, y, size)}</g></svg>`;
      made.push({
        className: kind.name,
        name: `${kind.name}-${String(copy + 1).padStart(2, '0')}.png`,
        box: { x, y, width: size, height: size },
        png: await sharp(Buffer.from(svg)).png().toBuffer(),
      });
    }
  return made;
}

/** A folder of class folders, without boxes. */
export async function writeClassFolders(folder: string, perClass: number): Promise<MadeImage[]> {
  const images = await makeImages(perClass);
  for (const { className, name, png } of images) {
    mkdirSync(path.join(folder, className), { recursive: true });
    writeFileSync(path.join(folder, className, name), png);
  }
  return images;
}

/** Pascal VOC: JPEGImages and Annotations with one box each, inclusive pixel indices from 1. */
export async function writeVoc(folder: string, perClass: number): Promise<MadeImage[]> {
  const images = await makeImages(perClass);
  mkdirSync(path.join(folder, 'JPEGImages'), { recursive: true });
  mkdirSync(path.join(folder, 'Annotations'), { recursive: true });
  for (const image of images) {
    writeFileSync(path.join(folder, 'JPEGImages', image.name), image.png);
    writeFileSync(
      path.join(folder, 'Annotations', image.name.replace(/\.png$/, '.xml')),
      vocXml(image.name, image.className, image.box),
    );
  }
  return images;
}

/** One VOC record; the box in continuous edges becomes inclusive indices. */
export function vocXml(name: string, className: string, box: MadeImage['box'], before = ''): string {
  return `<?xml version="1.0"?>
${before}<annotation>
  <folder>JPEGImages</folder>
  <filename>${name}</filename>
  <size><width>${SIDE}</width><height>${SIDE}</height><depth>3</depth></size>
  <object>
    <name>${className}</name>
    <bndbox>
      <xmin>${box.x + 1}</xmin><ymin>${box.y + 1}</ymin>
      <xmax>${box.x + box.width}</xmax><ymax>${box.y + box.height}</ymax>
    </bndbox>
  </object>
</annotation>
`;
}
