// How a browser gets in: through the page that only the person may read, once for an address, and then for as
// long as the host runs.

import { readFileSync, statSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writePrivatePage } from '../../src-main/cli/browser.ts';
import { makeWorkFolder, startHost, type Host } from './app.ts';
import { launchBrowser } from './browser.ts';

const work = makeWorkFolder();
const other = makeWorkFolder();
let browser: Browser;
let host: Host;

beforeAll(async () => {
  [browser, host] = await Promise.all([launchBrowser(), startHost(work.home)]);
});
afterAll(async () => {
  await browser?.close();
  await host?.stop();
  work.remove();
  other.remove();
});

const printed = ({ output }: Host): string[] =>
  output().match(/http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]+/g) ?? [];

/** A new address, as a person asks for one: by opening one that was used. */
async function newAddress(of: Host): Promise<string> {
  const before = printed(of).length;
  await fetch(printed(of).at(-1)!);
  await expect.poll(() => printed(of).length).toBe(before + 1);
  return printed(of).at(-1)!;
}

const home = (page: Page) => page.getByRole('button', { name: /^New project from a folder…/ }).waitFor();

async function open(context: BrowserContext, address: string): Promise<Page> {
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  await page.goto(address);
  return page;
}

describe('a browser', () => {
  it('is let in by the private page, whose address it does not keep, and stays in when it reloads', async () => {
    const address = await newAddress(host);
    const file = writePrivatePage(address);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).toContain(address);
    const context = await browser.newContext();
    const page = await open(context, pathToFileURL(file).href);
    await home(page);
    expect(page.url()).not.toContain('token');
    await page.reload();
    await home(page);
    // Also with its used address: it is known.
    await home(await open(context, address));
    await context.close();
  });

  it('is kept out by an address that another used, until it is given a new one', async () => {
    const address = await newAddress(host);
    const first = await browser.newContext();
    await home(await open(first, address));
    const second = await browser.newContext();
    const refused = await open(second, address);
    expect(await refused.textContent('body')).toMatch(/opens once/);
    await home(await open(second, printed(host).at(-1)!));
    await Promise.all([first.close(), second.close()]);
  });

  it('is in at two hosts at a time', async () => {
    const another = await startHost(other.home);
    try {
      const context = await browser.newContext();
      const pages = [
        await open(context, await newAddress(host)),
        await open(context, await newAddress(another)),
      ];
      for (const page of pages) {
        await home(page);
        await page.reload();
        await home(page);
      }
      await context.close();
    } finally {
      await another.stop();
    }
  });
});
