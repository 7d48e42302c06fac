// The built page as the Electron window would run it, in the browser at hand: its files from the shell's
// own protocol handler, under the shell's content policy, with the two functions of the preload script as
// its only way to the core. Only the scheme differs, since no browser but Electron knows `fovea:`.

import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EventName } from '../../src-main/contracts/index.ts';
import { createCore, type Core } from '../../src-main/core/core.ts';
import { openContext } from '../../src-main/core/open-context.ts';
import { demo } from '../../src-main/demo/index.ts';
import { services } from '../../src-main/services/index.ts';
import { appFile } from '../../src-main/shell/app-files.ts';
import { image } from '../../src-main/shell/media.ts';
import { makeWorkFolder, root } from './app.ts';
import { launchBrowser } from './browser.ts';
import { keepScreenshotOnFailure, watch } from './page.ts';
import { writeVoc } from './images.ts';

const ORIGIN = 'http://fovea.test';
const work = makeWorkFolder();
let browser: Browser;
let core: Core;
let page: Page;
let troubles: string[];
/** What the stand-in of the native dialog gives. */
let chosen: string | null = null;

interface PageSide {
  fovea: unknown;
  foveaCall(method: string, input: unknown): Promise<unknown>;
  foveaOnEvent(event: string, data: unknown): void;
}

beforeAll(async () => {
  await writeVoc(path.join(work.folder, 'shapes'), 3);
  let emit: (event: EventName, data: unknown) => void = () => {};
  const coreContext = openContext({
    dataFolder: work.home,
    worker: { node: process.execPath, entry: path.join(root, 'src-main', 'worker', 'main.ts') },
    weightsFolder: path.join(root, 'resources', 'weights'),
    emit: (event, data) => emit(event, data),
    version: '0.0.0',
    shell: 'electron',
    mediaPrefix: `${ORIGIN}/media`,
    mediaSuffix: '',
    pick: () => Promise.resolve(chosen),
  });
  core = createCore(coreContext, { ...services, ...demo });
  browser = await launchBrowser();
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  page = await context.newPage();
  page.setDefaultTimeout(20_000);
  troubles = watch(page);
  await context.route(`${ORIGIN}/**`, async (route) => {
    const { pathname, search } = new URL(route.request().url());
    const media = /^\/media(\/.*)$/.exec(pathname);
    const answer = media
      ? await image(`media:/${media[1]}${search}`, core.media)
      : await appFile(`fovea://app${pathname}`, path.join(root, 'dist', 'renderer'));
    await route.fulfill({
      status: answer.status,
      headers: Object.fromEntries(answer.headers),
      body: Buffer.from(await answer.arrayBuffer()),
    });
  });
  await context.exposeFunction('foveaCall', (method: string, input: unknown) => core.handle(method, input));
  await context.addInitScript(() => {
    const side = globalThis as unknown as PageSide;
    const listeners = new Set<(event: string, data: unknown) => void>();
    side.foveaOnEvent = (event, data) => listeners.forEach((listener) => listener(event, data));
    side.fovea = {
      call: (_id: number, method: string, input: unknown) => side.foveaCall(method, input),
      cancel: () => undefined,
      on: (event: string, listener: (data: unknown) => void) => {
        const forward = (name: string, data: unknown) => {
          if (name === event) listener(data);
        };
        listeners.add(forward);
        return () => listeners.delete(forward);
      },
    };
  });
  emit = (event, data) =>
    void page
      .evaluate(([name, value]) => (globalThis as unknown as PageSide).foveaOnEvent(name, value), [
        event,
        data,
      ] as const)
      .catch(() => undefined); // the page is being left
  await page.goto(`${ORIGIN}/`);
});
afterAll(async () => {
  await browser?.close();
  await core?.close();
  work.remove();
});

describe("the page under Electron's policy", () => {
  it('imports a folder from the native dialog and shows its pictures, without a word of complaint', async () => {
    keepScreenshotOnFailure(page);
    chosen = path.join(work.folder, 'shapes');
    await page.getByRole('button', { name: /^New project from a folder…/ }).click();
    await page.getByRole('button', { name: /^Create project/ }).click();
    await page.getByRole('button', { name: /^Show the pictures/ }).click();
    await page.getByRole('application', { name: 'Picture disc-01.png, 1 objects' }).waitFor();
    const thumbnail = page.getByRole('region', { name: 'Pictures' }).locator('img').first();
    await expect
      .poll(() => thumbnail.evaluate((image) => (image as unknown as { naturalWidth: number }).naturalWidth))
      .toBeGreaterThan(0);
    for (const name of ['Train', 'Inspect', 'Compare']) {
      await page.getByRole('navigation', { name: 'Workspace' }).getByRole('link', { name }).click();
      await page.getByRole('main').getByRole('button').first().waitFor();
    }
    expect(troubles).toEqual([]);
  });

  it('has no way out: no request to another address leaves the page', async () => {
    const refused = page.waitForEvent('console', (message) => /Content Security Policy/.test(message.text()));
    const outcome = await page.evaluate(() =>
      fetch('https://example.com/').then(
        () => 'answered',
        () => 'refused',
      ),
    );
    expect(outcome).toBe('refused');
    await refused;
  });
});
