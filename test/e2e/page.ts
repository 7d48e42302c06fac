// A page of the app in a real browser, which notes what no test expects: script errors, refusals of the
// content policy, answers of 400 and above. A failing test leaves a screenshot in the temporary folder.

import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { onTestFailed } from 'vitest';
import type { Host } from './app.ts';

interface Watched {
  page: Page;
  /** What went wrong in the page so far; a test expects it to be empty. */
  troubles: string[];
}

/** @param part  of the app, such as `#/annotate` */
export async function openPage(browser: Browser, host: Host, part = ''): Promise<Watched> {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    colorScheme: 'dark',
    reducedMotion: 'reduce',
    locale: 'en-GB',
  });
  await signIn(context, host);
  const page = await context.newPage();
  // A test waits for what it needs; what is not there after this long will not come.
  page.setDefaultTimeout(20_000);
  const troubles = watch(page);
  await page.goto(host.url + part);
  return { page, troubles };
}

/** Makes a browser's context the one that has signed in to the host. */
export async function signIn(context: BrowserContext, { url, cookie }: Host): Promise<void> {
  const [name, value] = cookie.split('=');
  await context.addCookies([{ name, value, url, httpOnly: true, sameSite: 'Strict' }]);
}

/** Collects the troubles of a page from now on. */
export function watch(page: Page): string[] {
  const troubles: string[] = [];
  page.on('pageerror', (error) => troubles.push(`script error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error') troubles.push(`console: ${message.text()}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 400) troubles.push(`${response.status()} for ${response.url()}`);
  });
  return troubles;
}

/** Call first in a test: what the page looked like is kept if it fails. */
export function keepScreenshotOnFailure(page: Page): void {
  onTestFailed(async ({ task }) => {
    const folder = path.join(tmpdir(), 'fovea-e2e-failures');
    mkdirSync(folder, { recursive: true });
    const file = path.join(folder, `${task.name.replace(/[^\w]+/g, '-').slice(0, 80)}.png`);
    await page.screenshot({ path: file }).catch(() => undefined);
    console.error(`screenshot of the failed test: ${file}`);
  });
}
