import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { classFolders, coco } from '../services/scratch-core.ts';
import { probe } from '../../../src-main/imaging/index.ts';

// Each command is a process of its own, and these tests are chains of them.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 60_000 });

const cli = fileURLToPath(new URL('../../../src-main/cli/fovea.mjs', import.meta.url));
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fovea-cli-'));
const project = path.join(folder, 'animals');
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

interface Ran {
  status: number | null;
  stdout: string;
  stderr: string;
  json: Record<string, unknown>;
}
function fovea(...args: string[]): Ran {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], {
    encoding: 'utf8',
    env: { ...process.env, FOVEA_HOME: path.join(folder, 'home'), NODE_OPTIONS: '' },
  });
  const last = stdout.trimEnd().split('\n').at(-1)!;
  return { status, stdout, stderr, json: args.includes('--json') && status === 0 ? JSON.parse(last) : {} };
}
/** Refused as a person's mistake: status 1, one line on stderr that says what was wrong, nothing on stdout. */
function expectMistake(ran: Ran, says: RegExp): void {
  expect([ran.status, ran.stdout], ran.stderr).toEqual([1, '']);
  expect(ran.stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(ran.stderr).toMatch(says);
}

beforeAll(() => {
  expect(fovea('project', 'create', project, '--json').json).toMatchObject({ name: 'animals', project });
});

describe('the fovea command, from pictures to heat map', () => {
  it('imports, splits, trains, evaluates, explains, lists and exports, with the keys that scripts rely on', async () => {
    const boxes = [{ category: 1, bbox: [2, 2, 8, 8] as [number, number, number, number] }];
    const source = await coco(
      path.join(folder, 'coco'),
      Array.from({ length: 24 }, (_, index) => ({
        name: `p${index}.png`,
        boxes: boxes.map((box) => ({ ...box, category: 1 + (index % 2) })),
      })),
    );
    const imported = fovea('import', project, source, '--json');
    expect(imported.stderr).toBe('');
    expect(imported.json).toMatchObject({
      format: 'coco',
      images: 24,
      annotations: 24,
      classes: 2,
      warnings: [],
    });

    expect(fovea('split', project, '--seed', '3', '--json').json).toMatchObject({ seed: 3, test: 4 });

    const trained = fovea(
      ...['train', project, '--objective', 'box-aware', '--set', 'lambdaOutside=2', '--set', 'outside=swap'],
      ...['--size', '16', '--epochs', '2', '--batch', '8', '--seed', '5', '--device', 'cpu', '--json'],
    );
    expect(trained.status, trained.stderr).toBe(0);
    expect(trained.json).toMatchObject({
      run: 1,
      objective: 'box-aware',
      model: 'resnet8',
      seed: 5,
      epochs: 2,
    });
    expect(trained.json.best).toEqual({ epoch: expect.any(Number), accuracy: expect.any(Number) });
    expect(trained.json.seconds).toBeGreaterThan(0);
    expect(trained.json.device).toEqual(expect.any(String));
    expect(fs.existsSync(trained.json.checkpoint as string)).toBe(true);

    const evaluated = fovea('evaluate', project, '--run', '1', '--split', 'selection', '--json').json;
    expect(evaluated).toMatchObject({ run: 1, split: 'selection', images: expect.any(Number) });
    const measures = evaluated.measures as Record<string, unknown>;
    const keys = [
      'accuracy',
      'energyInBox',
      'pointingGame',
      'localisationAccuracy',
      'saliencyMetric',
      'meanIou',
    ];
    for (const key of keys) expect(measures).toHaveProperty(key);
    expect(measures.fgsm).toEqual(
      expect.arrayContaining([{ eps: expect.any(Number), accuracy: expect.any(Number) }]),
    );

    const out = path.join(folder, 'drawn', 'heat.png');
    const explained = fovea(
      ...[
        'explain',
        project,
        '--run',
        '1',
        '--image',
        'p3.png',
        '--method',
        'grad-cam',
        '--out',
        out,
        '--json',
      ],
    );
    expect(explained.json, explained.stderr).toMatchObject({
      run: 1,
      image: 'images/p3.png',
      class: 'dog',
      out,
    });
    expect(await probe(out)).toMatchObject({ format: 'png', widthPx: 384, heightPx: 288 });

    expect((fovea('runs', project, '--json').json.runs as { config: unknown }[])[0].config).toMatchObject({
      params: { lambdaOutside: 2 },
      settings: { outside: 'swap' },
    });

    const target = path.join(folder, 'exported');
    expect(fovea('export', project, '--format', 'coco', '--out', target, '--json').json).toMatchObject({
      format: 'coco',
      images: 24,
      annotations: 24,
    });
    const twin = path.join(folder, 'twin');
    fovea('project', 'create', twin);
    expect(fovea('import', twin, target, '--json').json).toMatchObject({
      format: 'coco',
      images: 24,
      annotations: 24,
    });
  });
});

describe('the fovea command, asked for what it knows', () => {
  it('lists all methods', () => {
    const { json } = fovea('methods', '--json');
    for (const list of ['objectives', 'models', 'saliency', 'attacks', 'measures'])
      for (const one of json[list] as object[])
        for (const key of ['id', 'title', 'citation', ...(list === 'measures' ? [] : ['params'])])
          expect(one).toHaveProperty(key);
    expect((json.objectives as { id: string }[]).map(({ id }) => id)).toEqual(
      expect.arrayContaining(['standard', 'blackout', 'box-aware', 'gradcam-consistency']),
    );
  });

  it('says what the machine can train on', () => {
    expect(fovea('doctor', '--json').json).toMatchObject({
      node: process.versions.node,
      devices: [{ id: 'cpu', available: true, reason: expect.any(String) }],
    });
  });

  it('explains itself', () => {
    const { status, stdout } = fovea('--help');
    expect(status).toBe(0);
    for (const command of [
      'import',
      'split',
      'train',
      'evaluate',
      'explain',
      'export',
      'methods',
      'serve',
      'doctor',
      'demo',
      'runs',
    ])
      expect(stdout).toContain(command);
  });
});

describe('the fovea command, asked for what cannot be', () => {
  it('says in one line what was wrong, and ends with 1', async () => {
    const nothing = path.join(folder, 'nothing');
    fs.mkdirSync(nothing);
    const pictures = await classFolders(path.join(folder, 'one-class'), 1);
    fs.rmSync(path.join(pictures, 'dog'), { recursive: true });
    const few = path.join(folder, 'few');
    fovea('project', 'create', few);
    fovea('import', few, pictures);

    expectMistake(fovea('project', 'create', project), /animals exists already/);
    expectMistake(fovea('import', nothing, pictures), /nothing is no Fovea project/);
    expectMistake(fovea('import', few, nothing), /nothing/);
    expectMistake(fovea('import', few, path.join(folder, 'not-there')), /not-there/);
    expectMistake(fovea('import', few, pictures, '--format', 'xyz'), /no format "xyz".*known are/);
    expectMistake(fovea('train', few), /at least two classes/);
    expectMistake(fovea('train', few, '--objective', 'magic'), /no objective "magic".*box-aware/);
    expectMistake(fovea('train', few, '--set', 'lambdaOutside=2'), /no parameter "lambdaOutside"/);
    expectMistake(fovea('train', few, '--set', 'momentum=fast'), /momentum is a number, not "fast"/);
    expectMistake(fovea('train', few, '--model', 'alexnet'), /no model "alexnet"/);
    expectMistake(fovea('train', few, '--epochs', '-1'), /epochs/);
    expectMistake(fovea('evaluate', few, '--run', '9'), /no run 9/);
    expectMistake(fovea('evaluate', few, '--run', 'best'), /"best" is no run number/);
    expectMistake(fovea('explain', few, '--run', '1', '--image', 'x.png', '--out', 'x.png'), /x\.png/);
    expectMistake(fovea('export', few, '--format', 'coco', '--out', pictures), /not empty/);
    expectMistake(fovea('frobnicate'), /frobnicate/);
  });
});
