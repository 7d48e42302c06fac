// Every screen in both themes and two sizes of the window: readable by a screen reader, as axe judges it. With
// FOVEA_SCREENSHOTS=FOLDER the pictures of the screens are kept there, to be looked at.

import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { FileRef, RunConfigInput } from '../../src-main/contracts/index.ts';
import { Client, makeWorkFolder, startHost, type Host } from './app.ts';
import { faultsOf } from './axe.ts';
import { launchBrowser } from './browser.ts';
import { keepScreenshotOnFailure, openPage } from './page.ts';
import { writeVoc } from './images.ts';

const shots = process.env['FOVEA_SCREENSHOTS'];
const sizes = [
  { width: 1280, height: 800 },
  { width: 1920, height: 1080 },
];

const work = makeWorkFolder();
let browser: Browser;
let host: Host;
let client: Client;
let page: Page;

beforeAll(async () => {
  await writeVoc(path.join(work.folder, 'shapes'), 16);
  [browser, host] = await Promise.all([launchBrowser(), startHost(work.home)]);
  client = await Client.connect(host);
  await client.call('projects.create', { name: 'Shapes' });
  const source = await find('shapes');
  await client.job(await client.call('imports.start', { source }));
  await client.call('splits.make', { seed: 0 });
  for (const objective of ['standard', 'box-aware']) await train({ objective, epochs: 2 });
  ({ page } = await openPage(browser, host));
});
beforeEach(() => keepScreenshotOnFailure(page));
afterAll(async () => {
  client?.close();
  await browser?.close();
  await host?.stop();
  work.remove();
});

/** A folder in one of the places that may be browsed. */
async function find(name: string): Promise<FileRef> {
  for (const { ref } of (await client.call('files.browse', { folder: null })).entries) {
    const { entries } = await client.call('files.browse', { folder: ref });
    const found = entries.find((entry) => entry.name === name);
    if (found) return found.ref;
  }
  throw new Error(`there is no ${name} in any place`);
}

async function train(
  config: Partial<RunConfigInput> & Pick<RunConfigInput, 'objective' | 'epochs'>,
): Promise<void> {
  const { id } = await client.call('runs.start', {
    model: 'resnet8',
    sizePx: 32,
    batch: 8,
    seed: 0,
    ...config,
  });
  for (;;) {
    const run = await client.call('runs.get', { id });
    if (run.evaluated !== null) return;
    if (run.state === 'failed') throw new Error(run.error?.message);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

const button = (name: RegExp) => page.getByRole('button', { name });
const screens: { name: string; place: string; ready: () => Promise<unknown> }[] = [
  { name: 'home', place: '', ready: () => page.getByRole('heading', { name: 'Projects' }).waitFor() },
  { name: 'annotate', place: 'annotate', ready: () => page.getByRole('application').waitFor() },
  {
    name: 'train-new',
    place: 'train',
    async ready() {
      await button(/^New run/).click();
      await page.getByRole('heading', { name: 'New run' }).waitFor();
    },
  },
  {
    name: 'train-run',
    place: 'train',
    async ready() {
      await button(/^2\b/).click();
      await page
        .getByRole('heading', { name: /Run 2|Box-aware/ })
        .first()
        .waitFor();
    },
  },
  {
    name: 'sweeps',
    place: 'train',
    async ready() {
      await button(/^Sweeps/).click();
      await page.getByRole('region', { name: /sweep/i }).first().waitFor();
    },
  },
  {
    name: 'inspect',
    place: 'inspect',
    ready: () => page.getByRole('group', { name: /% of the heat in the box/ }).waitFor(),
  },
  { name: 'compare', place: 'compare', ready: () => page.getByRole('columnheader').first().waitFor() },
];

const cases = sizes.flatMap((size) =>
  (['dark', 'light'] as const).flatMap((theme) => screens.map((screen) => ({ ...screen, theme, size }))),
);
it.each(cases)(
  '$name, $theme, $size.width px wide, is clean for axe',
  async ({ name, place, ready, theme, size }) => {
    await page.setViewportSize(size);
    await client.call('settings.set', { key: 'theme', value: theme });
    await page.goto(`${host.url}#/${place}`);
    await page.reload();
    await ready();
    await page.waitForLoadState('networkidle');
    if (shots) {
      mkdirSync(shots, { recursive: true });
      await page.waitForTimeout(800);
      await page.screenshot({ path: path.join(shots, `${name}-${theme}-${size.width}.png`) });
    }
    expect(await faultsOf(page)).toEqual([]);
  },
);
