// The whole loop as a person does it, in a real browser over the real host: pictures in, a box drawn with
// the mouse, two runs trained, a heat map looked at, the runs compared, a finding kept.

import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import type { RunId } from '../../src-main/contracts/ids.ts';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFailed } from 'vitest';
import { launchBrowser } from './browser.ts';
import { Client, makeWorkFolder, sharedData, startHost, type Host } from './app.ts';
import { keepScreenshotOnFailure, openPage } from './page.ts';
import { writeClassFolders, writeVoc } from './images.ts';

/** Enough that a reload meets the run while it goes on; an epoch takes a fraction of a second. */
const EPOCHS = 40;

const work = makeWorkFolder();
let browser: Browser;
let host: Host;
let client: Client;
let page: Page;
let troubles: string[];

beforeAll(async () => {
  await writeVoc(path.join(work.folder, 'shapes'), 16);
  await writeClassFolders(path.join(work.folder, 'more'), 2);
  [browser, host] = await Promise.all([launchBrowser(), startHost(work.home)]);
  client = await Client.connect(host);
  ({ page, troubles } = await openPage(browser, host));
});
// Each step builds on the one before; after a failure the rest would only wait for what cannot come.
let broken = false;
beforeEach(({ skip }) => {
  skip(broken, 'an earlier step failed');
  onTestFailed(() => void (broken = true));
  keepScreenshotOnFailure(page);
});
afterAll(async () => {
  client?.close();
  await browser?.close();
  await host?.stop();
  work.remove();
});

/** By the beginning of its name; a key cap in the button is the rest of it. */
const button = (name: string, within: Page | Locator = page) =>
  within.getByRole('button', { name: new RegExp(`^${name}( |$)`) });
const workspace = (name: string) =>
  page.getByRole('navigation', { name: 'Workspace' }).getByRole('link', { name });
const statusBar = () => page.getByRole('contentinfo');

/** Walks the folder browser from one of its places to a folder in it, and takes it. */
async function chooseFolder(place: RegExp, name: string): Promise<void> {
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: place }).click();
  await dialog.getByRole('button', { name, exact: true }).click();
  await dialog.getByRole('button', { name: 'Use this folder' }).click();
}

/** What the screen shows of a place, as bytes; two that differ show that something moved. */
const looks = async (what: Locator) => (await what.screenshot()).toString('base64');

describe('a person with a folder of pictures', () => {
  it('imports it through the folder browser and sees pictures, classes and boxes', async () => {
    await button('New project from a folder…').click();
    await chooseFolder(/fovea-e2e-\w+$/, 'shapes');
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('checkbox', { name: /^Pascal VOC/, checked: true }).waitFor();
    await button('Create project', dialog).click();
    await button('Show the pictures', dialog).click();
    await statusBar().getByText('48 of 48 pictures have a box or mask').waitFor();
    for (const name of ['disc', 'square', 'triangle'])
      expect(await page.getByText(name, { exact: true }).count()).toBeGreaterThan(0);
    await page.getByRole('application', { name: /^Picture disc-01.png, 1 objects$/ }).waitFor();
    expect((await client.call('projects.current', {}))?.counts).toMatchObject({ images: 48, boxes: 48 });
  });

  it('draws a box with the mouse, which is saved at once', async () => {
    const stage = page.getByRole('application');
    await page.keyboard.press('w');
    const frame = (await stage.boundingBox())!;
    const at = (x: number, y: number) => [frame.x + frame.width * x, frame.y + frame.height * y] as const;
    await page.mouse.move(...at(0.4, 0.4));
    await page.mouse.down();
    await page.mouse.move(...at(0.45, 0.5), { steps: 4 });
    await page.mouse.move(...at(0.55, 0.6), { steps: 4 });
    await page.mouse.up();
    await page.getByRole('application', { name: /^Picture disc-01.png, 2 objects$/ }).waitFor();
    await statusBar().getByText('All changes saved').waitFor();

    const { images } = { images: await client.call('images.page', { offset: 0, limit: 1 }) };
    const drawn = (await client.call('images.get', { id: images[0]!.id })).annotations.at(-1)!;
    expect(drawn.origin).toBe('person');
    if (drawn.shape.kind !== 'box') throw new Error('not a box');
    // The picture is a square that fits the stage's height or width; the drag went over 0.15 x 0.2 of the stage.
    const { width, height } = drawn.shape.box;
    expect(width / height).toBeCloseTo((0.15 * frame.width) / (0.2 * frame.height), 1);
  });

  it('finds the box again after a reload, takes it back, and has it again', async () => {
    await page.reload();
    const stage = page.getByRole('application');
    await page.getByRole('application', { name: /^Picture disc-01.png, 2 objects$/ }).waitFor();
    await stage.click({ position: { x: 5, y: 5 } });
    await page.keyboard.press('Control+z');
    await page.getByRole('application', { name: /, 1 objects$/ }).waitFor();
    await page.keyboard.press('Control+Shift+z');
    await page.getByRole('application', { name: /, 2 objects$/ }).waitFor();
  });

  it('moves, resizes and deletes by keyboard, and walks the pictures', async () => {
    const stage = page.getByRole('application');
    const imageId = (await client.call('images.page', { offset: 0, limit: 1 }))[0]!.id;
    const box = async () => {
      const { shape } = (await client.call('images.get', { id: imageId })).annotations.at(-1)!;
      return shape.kind === 'box' ? shape.box : null;
    };
    const before = (await box())!;
    await stage.focus();
    await page.keyboard.press('v');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowRight');
    await expect.poll(async () => (await box())!.x, { timeout: 5000 }).toBeCloseTo(before.x + 1, 5);
    await page.keyboard.press('Delete');
    await page.getByRole('application', { name: /, 1 objects$/ }).waitFor();
    await page.keyboard.press('d');
    await page.getByRole('application', { name: /^Picture disc-02.png/ }).waitFor();
  });
});

describe('training', () => {
  it('trains a few epochs while the chart moves, through a reload of the window', async () => {
    await workspace('Train').click();
    await page.getByRole('heading', { name: 'New run' }).waitFor();
    await page.getByRole('radio', { name: /^Standard/ }).click();
    await setNumber('Picture size', 32);
    await setNumber('Epochs', EPOCHS);
    await setNumber('Batch', 8);
    const epochsField = page.getByRole('textbox', { name: 'Epochs', exact: true });
    await epochsField.fill('none');
    await epochsField.blur();
    // A field that holds no value keeps the last one in force; a start with that would not be what is seen.
    expect(await button('Start run 1').isEnabled()).toBe(false);
    await page.getByText('Epochs: a whole number, 1 to 10000.').waitFor();
    await setNumber('Epochs', EPOCHS);
    await button('Start run 1').click();
    const epochs = page.getByText(new RegExp(`^Epoch \\d+ of ${EPOCHS}: validation accuracy`));
    await epochs.waitFor({ state: 'attached', timeout: 60_000 });
    const chart = page.getByLabel(/^Loss by term/);
    const early = await looks(chart);
    await expect.poll(() => looks(chart), { timeout: 30_000 }).not.toBe(early);

    await page.reload();
    await epochs.waitFor({ state: 'attached' });
    await page.getByRole('heading', { name: 'On the test pictures' }).waitFor({ timeout: 120_000 });
    const [run] = await client.call('runs.list', {});
    expect(run).toMatchObject({
      state: 'done',
      epochsDone: EPOCHS,
      config: { objective: 'standard', sizePx: 32 },
    });
    const metrics = await client.call('runs.metrics', { id: run!.id });
    expect(metrics.at(-1)!.loss.total).toBeLessThan(metrics[0]!.loss.total! / 2);
  });

  it('trains a second, box-aware run, stopped and kept before its end', async () => {
    await button('New like this').click();
    await page.getByRole('radio', { name: /^Box-aware/i }).click();
    await setNumber('Epochs', 2000);
    await button('Start run 2').click();
    await page
      .getByText(/^Epoch ([3-9]|\d\d+) of 2000: validation accuracy/)
      .waitFor({ state: 'attached', timeout: 60_000 });
    await button('Stop and keep best').click();
    await button('Stop and keep best', page.getByRole('dialog')).click();
    await page.getByRole('heading', { name: 'On the test pictures' }).waitFor({ timeout: 60_000 });
    const second = (await client.call('runs.list', {})).find((run) => run.number === 2)!;
    expect(second.state).toBe('done');
    expect(second.best).not.toBeNull();
    expect(second.epochsDone).toBeLessThan(2000);
  });

  it('shows what its measures are made of, and which class is taken for which', async () => {
    const middle = page.getByRole('region', { name: 'Run 2' });
    await button('FGSM curve', middle).click({ timeout: 60_000 });
    await middle.getByText('ε 8/255').waitFor();
    await button('Confusion matrix', middle).click();
    const { evaluated } = (await client.call('runs.list', {})).find((run) => run.number === 2)!;
    const cells = await middle.getByRole('table').getByRole('cell').allTextContents();
    expect(cells.filter((text) => text !== '').map(Number)).toEqual(evaluated!.confusion.flat());
  });
});

describe('looking', () => {
  it('shows a heat map over a test picture, and the picture without it', async () => {
    await workspace('Inspect').click();
    // A run is evaluated by itself when it is done.
    const evaluated = async () =>
      (await client.call('runs.list', {})).filter((run) => run.evaluated !== null).length;
    await expect.poll(evaluated, { timeout: 60_000, interval: 500 }).toBe(2);
    const grid = page.getByLabel(/^Test pictures, sorted by/);
    await grid.waitFor();
    const tiles = grid.getByRole('button');
    expect(await tiles.count()).toBeGreaterThan(2);
    await tiles.nth(1).click();
    const image = page.getByRole('group', { name: /% of the heat in the box/ });
    await image.waitFor();
    const withHeat = await looks(image);
    await page.keyboard.down('o');
    await expect.poll(() => looks(image), { timeout: 5000 }).not.toBe(withHeat);
    await page.keyboard.up('o');
  });

  it('finds the method that was chosen again after another screen', async () => {
    const chooser = page.getByRole('combobox', { name: 'Heat map method' });
    const before = await chooser.inputValue();
    await chooser.selectOption('grad-cam');
    // The setting is kept a moment after the last change.
    await expect
      .poll(async () => String((await client.call('settings.get', {}))['inspect'] ?? ''))
      .toContain('"grad-cam"');
    await workspace('Train').click();
    await workspace('Inspect').click();
    await expect.poll(() => chooser.inputValue()).toBe('grad-cam');
    await chooser.selectOption(before);
    await page.getByRole('group', { name: /% of the heat in the box/ }).waitFor();
  });

  it('attacks the picture with the network of the other run', async () => {
    const attack = page.getByRole('region', { name: 'Attack' });
    await button('Settings of the attack', attack).click();
    await attack
      .getByRole('combobox', { name: 'Run that the picture is made against' })
      .selectOption({ index: 1 });
    await attack.getByText(/^From run \d$/).waitFor();
    // What is said of the attacked picture, whatever it is.
    await attack.locator('.tag.prediction').waitFor();
    await button('Settings of the attack', attack).click();
  });

  it('takes a box from the heat above a threshold and gives its IoU', async () => {
    const iou = page.getByText(/^IoU \d\.\d\d$/);
    if (!(await iou.isVisible())) await page.keyboard.press('b');
    // At first it is the box that was measured, with the very IoU of the measures.
    await iou.waitFor();
    const metricValue = page.getByText(/^IoU of the box/).locator('xpath=following-sibling::*[1]');
    expect(await page.getByTestId('iou').innerText()).toBe(await metricValue.innerText());
    await page.getByRole('radio', { name: 'Threshold' }).click();
    const slider = page.getByRole('slider', { name: 'Threshold' });
    await slider.focus();
    await slider.press('Home');
    await iou.waitFor();
    // Everything is kept above 0, a little above 0.9: two boxes that overlap the drawn one differently.
    const all = await iou.innerText();
    await slider.press('End');
    await expect.poll(async () => (await iou.isVisible()) && (await iou.innerText()) !== all).toBe(true);
  });

  it('compares the two runs on the same picture and keeps a finding through a reload', async () => {
    await workspace('Compare').click();
    for (const run of ['A', 'B']) await page.getByRole('group', { name: `heat of run ${run}` }).waitFor();
    await page.getByRole('group', { name: /difference of the heat/ }).waitFor();
    const shown = await Promise.all(
      ['Run A', 'Run B'].map((name) => page.getByRole('combobox', { name }).inputValue()),
    );
    expect(new Set(shown).size).toBe(2);
    // Linked: what one pane is zoomed to, so is the other.
    const other = page.getByRole('group', { name: 'heat of run B' });
    await page.getByText('making heat maps…').waitFor({ state: 'detached' });
    const whole = await looks(other);
    await page.getByRole('group', { name: 'heat of run A' }).hover();
    await page.mouse.wheel(0, -600);
    await expect.poll(() => looks(other), { timeout: 5000 }).not.toBe(whole);
    await page.keyboard.press('n');
    await page.getByRole('textbox', { name: 'Note' }).fill('The box-aware run looks at the disc.');
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /^Keep finding/ })
      .click();
    await page.getByText('The box-aware run looks at the disc.').waitFor();
    await page.reload();
    await page.getByText('The box-aware run looks at the disc.').waitFor();
    const [saved] = await client.call('comparisons.list', {});
    expect(saved).toMatchObject({ note: 'The box-aware run looks at the disc.' });
  });

  it('measures both runs by the method that is chosen, and table, panes and thumbnails are of it', async () => {
    await page.getByRole('combobox', { name: 'Heat map method' }).selectOption('grad-cam');
    await page.getByText('In box and IoU of the box: Grad-CAM').waitFor();
    const shown = await Promise.all(
      ['Run A', 'Run B'].map((name) => page.getByRole('combobox', { name }).inputValue()),
    );
    const [a, b] = shown.map((id) => Number(id) as RunId);
    const key = 'energy-in-box(method=grad-cam)';
    const valuesOf = async (runId: RunId) =>
      new Map(
        (await client.call('evaluations.images', { runId })).map(({ name, values }) => [name, values[key]]),
      );
    // Nobody asked for it but by choosing the method.
    await expect
      .poll(
        async () => [...(await valuesOf(a)).values(), ...(await valuesOf(b)).values()].includes(undefined!),
        {
          timeout: 60_000,
        },
      )
      .toBe(false);
    const [ofA, ofB] = [await valuesOf(a), await valuesOf(b)];
    const percent = (value: number | null | undefined) =>
      value === null || value === undefined ? '–' : `${Math.round(value * 100)} %`;
    const row = page.locator('table.rows tbody tr[aria-selected=true]');
    const name = (await row.locator('td.first span[title]').getAttribute('title'))!;
    await expect
      .poll(async () => (await row.locator('td').allInnerTexts()).slice(4, 6).map((text) => text.trim()))
      .toEqual([percent(ofA.get(name)), percent(ofB.get(name))]);
    await page
      .getByRole('region', { name: 'Run A' })
      .getByText(`in box ${percent(ofA.get(name))}`)
      .waitFor();
    // What the command line measures by that method is the same.
    const jobId = await client.call('evaluations.start', {
      runId: a,
      measures: [{ id: 'energy-in-box', params: { method: 'grad-cam' } }],
    });
    await expect
      .poll(async () => (await client.call('jobs.list', {})).find(({ id }) => id === jobId)?.state, {
        timeout: 60_000,
      })
      .toBe('done');
    expect(await valuesOf(a)).toEqual(ofA);

    await workspace('Inspect').click();
    await page.getByRole('combobox', { name: 'Heat map method' }).selectOption('grad-cam');
    await page.getByTestId('quadrants-of').getByText('by Grad-CAM').waitFor();
    const run = Number(await page.getByRole('combobox', { name: 'Run', exact: true }).inputValue()) as RunId;
    const tile = page
      .getByLabel(/^Test pictures, sorted by Attribution in box, Grad-CAM/)
      .getByRole('button')
      .first();
    const [tileName] = (await tile.getAttribute('aria-label'))!.split(', ');
    const own = (await valuesOf(run)).get(tileName);
    expect(await tile.getAttribute('aria-label')).toContain(
      typeof own === 'number' ? `${percent(own)} in` : 'not measured',
    );
    await workspace('Compare').click();
  });

  it('keeps place and theme through a reload', async () => {
    await button('Theme').click();
    await page.getByRole('menuitemradio', { name: 'Light' }).click();
    const theme = () => page.locator('html').getAttribute('data-theme');
    await expect.poll(theme).toBe('light');
    await page.reload();
    await page.getByRole('group', { name: 'heat of run A' }).waitFor();
    await expect.poll(theme).toBe('light');
  });

  it('did all this without an error in the page', () => {
    expect(troubles).toEqual([]);
  });
});

describe.skipIf(!existsSync(path.join(sharedData, 'oxford-pets-subset')))('real pictures', () => {
  it('come in with head boxes, masks and breeds, and are shown', async () => {
    await button('All projects').click();
    await button('New project from a folder…').click();
    await chooseFolder(/shared[/\\]data$/, 'oxford-pets-subset');
    const dialog = page.getByRole('dialog');
    await button('Create project', dialog).click();
    await button('Show the pictures', dialog).click({ timeout: 60_000 });
    await statusBar().getByText('51 of 51 pictures have a box or mask').waitFor();
    const state = await client.call('projects.current', {});
    expect(state?.counts).toMatchObject({ images: 51, boxes: 45, masks: 51 });
    expect(state?.classes).toHaveLength(3);
    await page.getByRole('application', { name: /^Picture .+, [12] objects$/ }).waitFor();
    await page.keyboard.press('d');
    expect(troubles).toEqual([]);
  });
});

async function setNumber(name: string, value: number): Promise<void> {
  const field = page.getByLabel(name, { exact: true });
  await field.fill(String(value));
  await field.press('Tab');
}
