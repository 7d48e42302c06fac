// Makes the README's screenshots of every screen, dark and light, from the sample project: real runs of
// the real app. `node_modules/.bin/node test/e2e/screenshots.ts [FOLDER]`, a few minutes on two cores.

import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import type { ProjectId, Run, RunId } from '../../src-main/contracts/index.ts';
import { DEMO_RUNS } from '../../src-main/demo/demo.ts';
import { Client, makeWorkFolder, root, startHost } from './app.ts';
import { launchBrowser } from './browser.ts';
import { signIn } from './page.ts';
import { writeVoc } from './images.ts';

const folder = path.resolve(process.argv[2] ?? path.join(root, 'resources', 'screenshots'));
const MAX_BYTES = 300_000;
const TRAINING_EPOCHS = 60;

mkdirSync(folder, { recursive: true });
const work = makeWorkFolder();
// Places are shown as a person sees theirs: "~/fovea/projects/Sample".
process.env.HOME = work.folder;
const host = await startHost(work.home);
const browser = await launchBrowser();
try {
  const client = await Client.connect(host);
  const [standard, boxAware] = await makeProjects(client);
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'en-GB' });
  await signIn(context, host);
  const page = await context.newPage();
  await page.goto(host.url);

  for (const theme of ['dark', 'light'] as const) {
    await client.call('settings.set', { key: 'theme', value: theme });
    await page.reload();
    await home(page);
    await shoot(page, 'home', theme);
    await annotate(page);
    await shoot(page, 'annotate', theme);
    await inspect(page, standard);
    await shoot(page, 'inspect', theme);
    await compare(page, standard, boxAware);
    if (theme === 'dark') {
      await keepFinding(page);
      await compare(page, standard, boxAware);
    }
    await shoot(page, 'compare', theme);
  }
  const live = await client.call('runs.start', {
    ...DEMO_RUNS['box-aware'].config,
    epochs: TRAINING_EPOCHS,
    seed: 1,
  });
  for (const [epoch, theme] of [
    [9, 'dark'],
    [12, 'light'],
  ] as const) {
    await client.call('settings.set', { key: 'theme', value: theme });
    await go(page, 'train');
    await page.reload();
    await page.getByRole('button', { name: new RegExp(`^${live.number}\\b`) }).click();
    await page
      .getByText(new RegExp(`^Epoch (${epoch}|\\d\\d) of ${TRAINING_EPOCHS}: validation accuracy`))
      .waitFor({ state: 'attached', timeout: 600_000 });
    await shoot(page, 'train', theme);
  }
  await client.call('runs.cancel', { id: live.id });
  client.close();
} finally {
  await browser.close();
  await host.stop();
  work.remove();
}

/** A small project of another kind, then the sample with two finished, evaluated runs. */
async function makeProjects(client: Client): Promise<[Run, Run]> {
  const shapes = path.join(work.folder, 'shapes');
  await writeVoc(shapes, 8);
  await client.call('projects.create', { name: 'Shapes' });
  const roots = (await client.call('files.browse', { folder: null })).entries;
  const place = roots.find((entry) => entry.name.startsWith('~') && entry.name.length < 3)!;
  const { entries } = await client.call('files.browse', { folder: place.ref });
  const source = entries.find((entry) => entry.name === 'shapes')!.ref;
  await client.job(await client.call('imports.start', { source }));

  const sample = await client.job(await client.call('sample.open', {}));
  await client.call('projects.open', { id: (sample.result as { projectId: ProjectId }).projectId });
  const ids: RunId[] = [];
  for (const name of ['standard', 'outside-swap'] as const) {
    const run = await client.call('runs.start', { ...DEMO_RUNS[name].config, seed: 0 });
    await evaluated(client, run.id);
    ids.push(run.id);
  }
  const runs = await client.call('runs.list', {});
  return ids.map((id) => runs.find((run) => run.id === id)!) as [Run, Run];
}

/** A run is evaluated by itself when it is done. */
async function evaluated(client: Client, id: RunId): Promise<void> {
  for (;;) {
    const run = await client.call('runs.get', { id });
    if (run.evaluated !== null) return;
    if (run.state === 'failed') throw new Error(run.error?.message);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

async function go(page: Page, place: string): Promise<void> {
  await page.evaluate((hash) => {
    (globalThis as unknown as { location: { hash: string } }).location.hash = hash;
  }, `#/${place}`);
}

async function home(page: Page): Promise<void> {
  await go(page, '');
  await page.getByRole('heading', { name: 'Projects' }).waitFor();
}

async function annotate(page: Page): Promise<void> {
  await go(page, 'annotate');
  const stage = page.getByRole('application', { name: /^Picture / });
  await stage.waitFor();
  await stage.focus();
  await page.keyboard.press('Tab');
}

async function inspect(page: Page, run: Run): Promise<void> {
  await go(page, 'inspect');
  const chooser = page.getByRole('region', { name: 'Reasons' }).getByRole('combobox').first();
  await chooser.waitFor();
  await chooser.selectOption(String(run.id));
  await page.getByRole('group', { name: /% of the heat in the box/ }).waitFor();
}

/** On the picture whose heat moved most into the box. */
async function compare(page: Page, a: Run, b: Run): Promise<void> {
  await go(page, 'compare');
  await page.getByRole('combobox', { name: 'Run A' }).selectOption(String(a.id));
  await page.getByRole('combobox', { name: 'Run B' }).selectOption(String(b.id));
  const head = page.getByRole('columnheader', { name: 'B − A, pts' });
  while ((await head.getAttribute('aria-sort')) !== 'descending') await head.getByRole('button').click();
  await page
    .getByRole('region', { name: /arrows choose/ })
    .getByRole('row')
    .nth(1)
    .click();
}

async function keepFinding(page: Page): Promise<void> {
  await page.keyboard.press('n');
  await page.getByRole('textbox', { name: 'Note' }).fill('A looks at the sticker, B at the object.');
  await page.getByRole('button', { name: /^Keep finding/ }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
}

/** Waits until nothing is being made or fetched, and writes a small WebP. */
async function shoot(page: Page, screen: string, theme: string): Promise<void> {
  await page.waitForLoadState('networkidle');
  for (const words of ['making the heat map…', 'making heat maps…'])
    await page.getByText(words).waitFor({ state: 'detached' });
  await page.mouse.move(720, 892); // nothing to hover there
  await page.waitForTimeout(1500); // thumbnails' heat maps come one by one
  await page.waitForLoadState('networkidle');
  const file = path.join(folder, `${screen}-${theme}.webp`);
  const { size } = await sharp(await page.screenshot())
    .webp({ quality: 90, smartSubsample: true, effort: 6 })
    .toFile(file);
  if (size > MAX_BYTES) throw new Error(`${file} has ${size} bytes; a page of the README is to load quickly`);
  console.log(`${path.relative(root, file)}, ${Math.round(size / 1000)} kB`);
}
