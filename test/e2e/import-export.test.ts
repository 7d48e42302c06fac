// Pictures in and out by the dialogs: what is found and shown before an import, what is reported after it and later,
// and what an export tells that it cannot hold.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFailed } from 'vitest';
import { Client, makeWorkFolder, startHost, type Host } from './app.ts';
import { faultsOf } from './axe.ts';
import { launchBrowser } from './browser.ts';
import { writeVoc } from './images.ts';
import { keepScreenshotOnFailure, openPage } from './page.ts';

const work = makeWorkFolder();
const set = path.join(work.folder, 'shapes');
let browser: Browser;
let host: Host;
let client: Client;
let page: Page;
let troubles: string[];

beforeAll(async () => {
  await writeVoc(set, 4);
  // A second format of the same pictures, and a file that none reads.
  writeFileSync(
    path.join(set, 'boxes.csv'),
    'filename,width,height,class,xmin,ymin,xmax,ymax\ndisc-01.png,96,96,extra,2,2,20,20\n',
  );
  writeFileSync(path.join(set, 'clip.mp4'), 'no film');
  mkdirSync(path.join(work.folder, 'out'));
  [browser, host] = await Promise.all([launchBrowser(), startHost(work.home)]);
  client = await Client.connect(host);
  ({ page, troubles } = await openPage(browser, host));
});
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

const dialog = () => page.getByRole('dialog');
const button = (name: string) => dialog().getByRole('button', { name: new RegExp(`^${name}( |$)`) });
const shots = process.env['FOVEA_SCREENSHOTS'];
/** Clean for axe in both themes; with FOVEA_SCREENSHOTS=FOLDER kept there, to be looked at. */
async function look(name: string): Promise<void> {
  for (const theme of ['light', 'dark']) {
    await page.evaluate(`document.documentElement.dataset.theme = '${theme}'`);
    if (shots !== undefined) await page.screenshot({ path: path.join(shots, `${name}-${theme}.png`) });
    expect(await faultsOf(page)).toEqual([]);
  }
}

async function chooseFolder(name: string): Promise<void> {
  await dialog()
    .getByRole('button', { name: /fovea-e2e-\w+$/ })
    .click();
  await dialog().getByRole('button', { name, exact: true }).click();
  await button('Use this folder').click();
}
async function projectMenu(item: string): Promise<void> {
  await page.getByRole('banner').locator('button.project').click();
  await page.getByRole('menuitem', { name: item }).click();
}

describe('an import', () => {
  it('shows what was found and how pictures would come in', async () => {
    await page.getByRole('button', { name: /^New project from a folder…/ }).click();
    await chooseFolder('shapes');
    await dialog()
      .getByRole('checkbox', { name: /^Pascal VOC.*12 files/, checked: true })
      .waitFor();
    await dialog()
      .getByRole('img', { name: /\.png, 1 shape$/ })
      .first()
      .waitFor();
    expect(
      await dialog()
        .getByRole('img', { name: /\.png, 1 shape$/ })
        .count(),
    ).toBe(9);
    await dialog().getByText('12 pictures would come in.').waitFor();
    await look('import-preview');
  });

  it('reports at its end what was left out, and again from the list of imports', async () => {
    await button('Create project').click();
    await dialog().getByRole('list', { name: 'Left out' }).getByText('clip.mp4').waitFor();
    await button('Show the pictures').click();
    await page
      .getByRole('contentinfo')
      .getByText(/^12 of 12 pictures/)
      .waitFor();
    await projectMenu('Past imports…');
    await dialog().getByRole('list', { name: 'Left out' }).getByText('clip.mp4').waitFor();
    await look('past-imports');
    await button('Show 12 new pictures').click();
    await page.getByRole('button', { name: /^New in import 1/, pressed: true }).click();
    expect(await client.call('images.count', {})).toEqual({ images: 12 });
  });
});

describe('attributes', () => {
  it('are set in the panel, written at once, and taken back by undo', async () => {
    const name = page.getByRole('combobox', { name: 'Name of a new attribute of the picture' });
    await name.fill('weather');
    await name.press('Enter');
    const value = page.getByRole('textbox', { name: 'weather of the picture' });
    await value.fill('rain');
    await value.press('Enter');
    await look('attributes');
    await expect
      .poll(async () => (await client.call('images.attributes', {})).pictures, { timeout: 10_000 })
      .toEqual([{ name: 'weather', values: ['rain'] }]);
    expect((await client.call('projects.current', {}))!.attributes).toEqual(['weather']);
    await page.getByRole('application').focus();
    await page.keyboard.press('Control+z');
    await page.keyboard.press('Control+z');
    await value.waitFor({ state: 'detached' });
  });
});

describe('an export', () => {
  it('tells before it is written what the format cannot hold', async () => {
    const [{ id: imageId }] = await client.call('images.page', { offset: 0, limit: 1 });
    const ring = (from: number, to: number): [number, number][] => [
      [from, from],
      [to, from],
      [to, to],
      [from, to],
    ];
    await client.call('annotations.edit', {
      imageId,
      edits: [{ do: 'add', classId: null, shape: { kind: 'polygon', rings: [ring(5, 60), ring(20, 40)] } }],
    });
    await projectMenu('Export annotations…');
    await dialog().getByRole('combobox', { name: 'Format' }).selectOption('voc');
    await dialog().getByRole('list', { name: 'Will be lost' }).getByRole('listitem').first().waitFor();
    await dialog().getByText('12 pictures and 13 shapes go out.').waitFor();
    await look('export-losses');
    await dialog().getByRole('radio', { name: 'Linked' }).click();
    await button('Choose folder…').click();
    await chooseFolder('out');
    await dialog().getByRole('textbox', { name: 'New folder' }).fill('as voc');
    await button('Export').click();
    await button('Done').click();
    expect(readdirSync(path.join(work.folder, 'out', 'as voc', 'JPEGImages'))).toHaveLength(12);
    expect(
      readFileSync(path.join(work.folder, 'out', 'as voc', 'JPEGImages', 'disc-01.png')).length,
    ).toBeGreaterThan(0);
    expect(troubles).toEqual([]);
  });
});
