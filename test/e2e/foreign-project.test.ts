// A project that was made elsewhere and reads pictures outside its folder: the window and the terminal ask first.

import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Browser } from 'playwright-core';
import { Client, fovea, makeWorkFolder, startHost, type Host } from './app.ts';
import { launchBrowser } from './browser.ts';
import { keepScreenshotOnFailure, openPage } from './page.ts';
import { writeVoc } from './images.ts';

const work = makeWorkFolder();
const project = path.join(work.folder, 'Birds from a friend');
const pictures = path.join(work.folder, 'pictures');
/** Another person's data folder: nothing of the project is known there. */
const other = path.join(work.folder, 'other-home');

let host: Host;
let browser: Browser;
beforeAll(async () => {
  await writeVoc(pictures, 4);
  expect(fovea(work.home, 'project', 'create', project)).toMatchObject({ status: 0 });
  expect(fovea(work.home, 'import', project, pictures)).toMatchObject({ status: 0 });
  host = await startHost(other);
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser.close();
  await host.stop();
  work.remove();
});

describe('a project from elsewhere', () => {
  it('is opened in the window once the person has seen and confirmed the places it uses', async () => {
    const { page, troubles } = await openPage(browser, host);
    keepScreenshotOnFailure(page);
    const client = await Client.connect(host);
    const choose = async () => {
      await page
        .getByRole('button', { name: /^Open a project…/ })
        .first()
        .click();
      const folders = page.getByRole('dialog');
      await folders.getByRole('button', { name: new RegExp(`${path.basename(work.folder)}$`) }).click();
      await folders.getByRole('button', { name: new RegExp(`^${path.basename(project)}`) }).click();
      await folders.getByRole('button', { name: /^(Use this folder|Open)/ }).click();
    };
    await choose();
    const dialog = page.getByRole('dialog', { name: 'Let this project use these places?' });
    await dialog.waitFor();
    expect(await dialog.getByRole('list').innerText()).toContain(pictures);
    if (process.env.FOVEA_SCREENSHOTS)
      for (const theme of ['dark', 'light'] as const) {
        await page.emulateMedia({ colorScheme: theme });
        await page.screenshot({ path: path.join(process.env.FOVEA_SCREENSHOTS, `foreign-${theme}.png`) });
      }
    await dialog.getByRole('button', { name: /Cancel/ }).click();
    expect(await client.call('projects.current', {})).toBeNull();

    await choose();
    await dialog.getByRole('button', { name: 'Open the project' }).click();
    await page.getByText('4.png').first().waitFor();
    expect(await client.call('projects.current', {})).toMatchObject({ counts: { missing: 0 } });
    await client.call('projects.close', {});
    client.close();
    expect(troubles).toEqual([]);
  });

  it('is refused in the terminal where nobody can be asked, and opened with --trust', () => {
    const home = path.join(work.folder, 'third-home');
    const refused = fovea(home, 'runs', project);
    expect(refused.status).toBe(1);
    expect(refused.err).toContain(pictures);
    expect(refused.err).toContain('--trust');
    expect(fovea(home, '--trust', 'runs', project)).toMatchObject({ status: 0 });
    // Confirmed once, it is known from then on.
    expect(fovea(home, 'runs', project)).toMatchObject({ status: 0 });
  });
});
