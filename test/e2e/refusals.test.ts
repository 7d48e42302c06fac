// What the window says of a set that cannot be imported and of a project that is damaged, and how one goes on from there.

import fs from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import { Client, fovea, makeWorkFolder, startHost, type Host } from './app.ts';
import { launchBrowser } from './browser.ts';
import { writeVoc } from './images.ts';
import { keepScreenshotOnFailure, openPage } from './page.ts';

const work = makeWorkFolder();
const project = path.join(work.folder, 'Birds');
const database = path.join(project, 'project.sqlite');
const broken = path.join(work.folder, 'broken');

let host: Host;
let browser: Browser;
beforeAll(async () => {
  const pictures = path.join(work.folder, 'pictures');
  await writeVoc(pictures, 4);
  expect(fovea(work.home, 'project', 'create', project)).toMatchObject({ status: 0 });
  expect(fovea(work.home, 'import', project, pictures)).toMatchObject({ status: 0 });
  // The annotation file of one picture is empty.
  await writeVoc(broken, 1);
  const [first] = fs.readdirSync(path.join(broken, 'Annotations'));
  fs.writeFileSync(path.join(broken, 'Annotations', first), '');
  host = await startHost(work.home);
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser.close();
  await host.stop();
  work.remove();
});

/** In both themes, where they are asked for. */
async function show(page: Page, name: string): Promise<void> {
  if (!process.env.FOVEA_SCREENSHOTS) return;
  for (const theme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme: theme });
    await page.screenshot({ path: path.join(process.env.FOVEA_SCREENSHOTS, `${name}-${theme}.png`) });
  }
}

describe('an import that is refused', () => {
  it('shows which file is wrong, and why', async () => {
    const { page, troubles } = await openPage(browser, host);
    keepScreenshotOnFailure(page);
    await page
      .getByRole('button', { name: /^New project from a folder…/ })
      .first()
      .click();
    const folders = page.getByRole('dialog');
    await folders.getByRole('button', { name: new RegExp(`${path.basename(work.folder)}$`) }).click();
    await folders.getByRole('button', { name: /^broken/ }).click();
    await folders.getByRole('button', { name: /^Use this folder/ }).click();
    await page.getByRole('button', { name: /^Create project/ }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Import stopped, nothing was changed.').waitFor();
    const words = await dialog.innerText();
    expect(words).toMatch(/disc-01\.xml/);
    expect(words).toMatch(/empty/);
    expect(words).not.toContain('[object');
    await show(page, 'refused-import');
    expect(troubles).toEqual([]);
    await page.context().close();
  });
});

describe('a project whose database is damaged', () => {
  it('is named on the start screen, restored from a backup there, and opened', async () => {
    const client = await Client.connect(host);
    await client.call('projects.close', {}).catch(() => null);
    const db = new Database(database);
    fs.mkdirSync(path.join(project, 'backups'), { recursive: true });
    db.prepare('VACUUM INTO ?').run(path.join(project, 'backups', 'daily-2026-11-30-10-00-00.sqlite'));
    db.close();
    for (const name of ['project.sqlite-wal', 'project.sqlite-shm'])
      fs.rmSync(path.join(project, name), { force: true });
    fs.writeFileSync(database, Buffer.alloc(20_000, 'not a database '));

    const { page, troubles } = await openPage(browser, host);
    keepScreenshotOnFailure(page);
    await page.getByRole('button', { name: /Birds/ }).first().click();
    await page.getByText(/project\.sqlite is damaged|cannot be opened/).waitFor();
    await show(page, 'damaged-project');
    await page.getByRole('button', { name: 'Restore a backup…' }).click();
    const dialog = page.getByRole('dialog', { name: /^Restore a backup of Birds/ });
    await dialog.getByRole('radio').first().waitFor();
    expect(await dialog.innerText()).toMatch(/daily, \d/);
    await show(page, 'restore-dialog');
    await dialog.getByRole('button', { name: 'Restore' }).click();
    await page.getByText('4.png').first().waitFor();
    expect(await client.call('projects.current', {})).toMatchObject({ counts: { images: 12, boxes: 12 } });
    client.close();
    // What was there is kept, too.
    expect(fs.readdirSync(path.join(project, 'backups')).some((name) => name.startsWith('replaced-'))).toBe(
      true,
    );
    expect(troubles).toEqual([]);
  });
});
