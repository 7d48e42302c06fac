// Every tool of the Annotate screen with the real mouse, in a real browser over the real host. A place on the
// picture is turned into a place on the screen by what the canvas says under the pointer.

import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Annotation, ImageId, Point, Rle, Shape } from '../../src-main/contracts/index.ts';
import { areaOfRle } from '../../src-main/imaging/index.ts';
import { launchBrowser } from './browser.ts';
import { Client, fovea, makeWorkFolder, startHost, type Host } from './app.ts';
import { keepScreenshotOnFailure, openPage } from './page.ts';
import { SIDE, writeVoc } from './images.ts';

const work = makeWorkFolder();
let browser: Browser;
let host: Host;
let client: Client;
let page: Page;
let troubles: string[];
let imageId: ImageId;

beforeAll(async () => {
  const images = path.join(work.folder, 'shapes');
  await writeVoc(images, 2);
  const project = path.join(work.folder, 'project');
  expect(fovea(work.home, 'project', 'create', project).status).toBe(0);
  expect(fovea(work.home, 'import', project, images).status).toBe(0);
  [browser, host] = await Promise.all([launchBrowser(), startHost(work.home, [project])]);
  client = await Client.connect(host);
  ({ page, troubles } = await openPage(browser, host, '#/annotate'));
  await page.getByRole('application', { name: /^Picture disc-01.png/ }).waitFor();
  imageId = (await client.call('images.page', { offset: 0, limit: 1 }))[0]!.id;
});
afterAll(async () => {
  client?.close();
  await browser?.close();
  await host?.stop();
  work.remove();
});

const stage = () => page.getByRole('application');
const drawn = async (): Promise<Annotation[]> =>
  (await client.call('images.get', { id: imageId })).annotations;
const shapes = async (): Promise<Shape[]> => (await drawn()).map(({ shape }) => shape);
const saved = () => page.getByRole('contentinfo').getByText('All changes saved').waitFor();

/** The picture is a square fitted into the stage with 24 px around. */
async function onScreen(x: number, y: number): Promise<[number, number]> {
  const frame = (await stage().boundingBox())!;
  const scale = Math.min((frame.width - 48) / SIDE, (frame.height - 48) / SIDE);
  return [
    frame.x + (frame.width - SIDE * scale) / 2 + x * scale,
    frame.y + (frame.height - SIDE * scale) / 2 + y * scale,
  ];
}
async function click(x: number, y: number): Promise<void> {
  await page.mouse.click(...(await onScreen(x, y)));
}
async function drag(...points: Point[]): Promise<void> {
  const [first, ...others] = await Promise.all(points.map(([x, y]) => onScreen(x, y)));
  await page.mouse.move(...first!);
  await page.mouse.down();
  for (const place of others) await page.mouse.move(...place, { steps: 6 });
  await page.mouse.up();
}
const near = (point: Point | undefined, x: number, y: number) => {
  expect(point?.[0]).toBeCloseTo(x, 0);
  expect(point?.[1]).toBeCloseTo(y, 0);
};
const ringOf = (shape: Shape | undefined): Point[] => {
  if (shape?.kind !== 'polygon') throw new Error(`not a polygon: ${shape?.kind}`);
  return shape.rings[0]!;
};
/** The picture without any shape. */
async function cleared(): Promise<void> {
  const ids = (await drawn()).map(({ id }) => id);
  if (ids.length > 0)
    await client.call('annotations.edit', {
      imageId,
      edits: ids.map((id) => ({ do: 'delete' as const, id })),
    });
  await page.reload();
  await page.getByRole('application', { name: /^Picture disc-01.png, 0 objects$/ }).waitFor();
  await stage().focus();
}

beforeEach(async () => {
  keepScreenshotOnFailure(page);
  await cleared();
});

afterEach(() => expect(troubles).toEqual([]));

describe('polygon', () => {
  it('is drawn by clicks, closed by a double click, and survives a reload with its undo', async () => {
    await page.keyboard.press('p');
    await click(20, 20);
    await click(70, 20);
    await click(90, 90);
    await page.keyboard.press('Backspace');
    const last = await onScreen(45, 70);
    await page.mouse.dblclick(...last);
    await expect.poll(async () => (await shapes()).length).toBe(1);
    const ring = ringOf((await shapes())[0]);
    expect(ring).toHaveLength(3);
    near(ring[0], 20, 20);
    near(ring[2], 45, 70);
    await saved();
    await page.reload();
    await page.getByRole('application', { name: /, 1 objects$/ }).waitFor();
    await stage().focus();
    await page.keyboard.press('Control+z');
    await page.getByRole('application', { name: /, 0 objects$/ }).waitFor();
    await page.keyboard.press('Control+y');
    await page.getByRole('application', { name: /, 1 objects$/ }).waitFor();
  });

  it('has vertices that are dragged, inserted and deleted', async () => {
    await page.keyboard.press('p');
    for (const [x, y] of [
      [20, 20],
      [70, 20],
      [45, 70],
      [20, 20],
    ] as const)
      await click(x, y);
    await page.keyboard.press('v');
    await drag([45, 70], [45, 80]);
    await expect.poll(async () => Math.round(ringOf((await shapes())[0])[2]![1])).toBe(80);
    await drag([45, 20], [45, 8]);
    await expect.poll(async () => ringOf((await shapes())[0]).length).toBe(4);
    near(ringOf((await shapes())[0])[1], 45, 8);
    await page.keyboard.press('Delete');
    await expect.poll(async () => ringOf((await shapes())[0]).length).toBe(3);
  });

  it('is drawn freehand by dragging round', async () => {
    await page.keyboard.press('p');
    const loop = Array.from({ length: 25 }, (_, step): Point => {
      const angle = (2 * Math.PI * step) / 24;
      return [48 + 25 * Math.cos(angle), 48 + 25 * Math.sin(angle)];
    });
    await drag(...loop);
    await expect.poll(async () => (await shapes()).length).toBe(1);
    const ring = ringOf((await shapes())[0]);
    expect(ring.length).toBeGreaterThan(8);
    for (const [x, y] of ring) expect(Math.abs(Math.hypot(x - 48, y - 48) - 25)).toBeLessThan(1.5);
  });
});

describe('select', () => {
  it('takes several by a rubber band and by Shift, and what lies below by clicking again', async () => {
    await page.keyboard.press('b');
    await drag([10, 10], [85, 85]);
    await drag([20, 20], [40, 40]);
    await drag([60, 60], [75, 75]);
    await expect.poll(async () => (await shapes()).length).toBe(3);
    await page.keyboard.press('v');
    const status = page.locator('[aria-live=polite]', { hasText: /object/i });
    await drag([2, 2], [45, 45]);
    await status.getByText('2 objects selected').waitFor();
    await click(30, 30);
    await status.getByText(/^Object 2 of 3/).waitFor();
    await click(30, 30);
    await status.getByText(/^Object 1 of 3/).waitFor();
    await page.keyboard.down('Shift');
    await click(67, 67);
    await page.keyboard.up('Shift');
    await status.getByText('2 objects selected').waitFor();
  });
});

describe('brush and eraser', () => {
  const maskOf = async (): Promise<Rle> => {
    const [shape] = await shapes();
    if (shape?.kind !== 'mask') throw new Error(`not a mask: ${shape?.kind}`);
    return shape.rle;
  };
  const area = async () => areaOfRle(await maskOf());

  it('paint one mask stroke by stroke, take from it, and every stroke is undone after a reload', async () => {
    await page.keyboard.press('m');
    for (let presses = 0; presses < 5; presses += 1) await page.keyboard.press('[');
    await drag([20, 30], [70, 30]);
    await expect.poll(async () => (await shapes()).length).toBe(1);
    const first = await area();
    // A line of 50 with round ends, about 10 wide.
    expect(first).toBeGreaterThan(400);
    expect(first).toBeLessThan(800);
    await drag([45, 30], [45, 70]);
    await expect.poll(area).toBeGreaterThan(first + 200);
    const second = await area();
    await page.keyboard.press('e');
    await drag([45, 20], [45, 80]);
    await expect.poll(area).toBeLessThan(first);
    await saved();
    await page.reload();
    await page.getByRole('application', { name: /, 1 objects$/ }).waitFor();
    await stage().focus();
    await page.keyboard.press('Control+z');
    await expect.poll(area).toBe(second);
    await page.keyboard.press('Control+z');
    await expect.poll(area).toBe(first);
    await page.keyboard.press('Control+z');
    await page.getByRole('application', { name: /, 0 objects$/ }).waitFor();
  });

  it('erasing all of a mask removes it', async () => {
    await page.keyboard.press('m');
    await click(40, 40);
    await expect.poll(async () => (await shapes()).length).toBe(1);
    await page.keyboard.press('e');
    await page.keyboard.press(']');
    await drag([38, 38], [42, 42]);
    await page.getByRole('application', { name: /, 0 objects$/ }).waitFor();
  });
});
