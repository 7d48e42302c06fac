import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { classFolders, coco } from '../services/scratch-core.ts';
import { probe } from '../../../src-main/imaging/index.ts';
import { openDatabase } from '../../../src-main/storage/database.ts';

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
    env: {
      ...process.env,
      FOVEA_HOME: path.join(folder, 'home'),
      FOVEA_WEIGHTS_BASE: 'http://127.0.0.1:2', // nobody listens there
      NODE_OPTIONS: '',
    },
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
      ...['train', project, '--objective', 'box-aware', '--preset', 'paper', '--set', 'lambdaOutside=2'],
      ...['--set', 'outside=swap'],
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

    const more = ['--measures', 'f1,fgsm:paper-box-aware', '--set', 'top-k-accuracy.k=2', '--json'];
    const further = fovea('evaluate', project, '--run', '1', '--split', 'selection', ...more).json;
    // Two classes, two guesses; what was measured before is still there, to the last digit.
    const { fgsm, ...others } = measures;
    expect(further.measures).toMatchObject({ ...others, topKAccuracy: 1, f1: expect.any(Number) });
    // Ten epsilons up to 0.2, as its preset has it.
    expect(fgsm).toHaveLength(5);
    expect((further.measures as { fgsm: { eps: number }[] }).fgsm.at(-1)!.eps).toBeCloseTo(0.2, 6);
    expect(further.figures).toMatchObject({ topKAccuracy: { value: 1, high: 1, params: { k: 2 } } });
    // Each measure with each of its parameters is one metric: the second FGSM curve stands beside the first.
    const { metrics } = fovea('metrics', project, '--run', '1', '--split', 'selection', '--json').json as {
      metrics: { measure: string; params: object; curve?: object[] }[];
    };
    expect(metrics.filter(({ measure }) => measure === 'fgsm').map(({ curve }) => curve!.length)).toEqual([
      5, 10,
    ]);
    expect(metrics[0]).toEqual({
      measure: 'accuracy',
      params: {},
      split: 'selection',
      epoch: 1,
      value: expect.any(Number),
      interval: [expect.any(Number), expect.any(Number)],
      images: evaluated.images,
      skipped: 0,
    });
    expect(metrics.find(({ measure }) => measure === 'f1')).toHaveProperty('byClass.cat');
    expect(metrics.find(({ measure }) => measure === 'energy-in-box')).toMatchObject({
      params: { method: 'gradient-energy' },
      chance: expect.any(Number),
    });
    const asked = (...flags: string[]) => fovea('evaluate', project, '--run', '1', ...flags);
    expectMistake(asked('--measures', 'nope'), /no measure "nope".*known are accuracy/);
    expectMistake(asked('--measures', 'fgsm:nope'), /fgsm has no preset "nope".*known are paper-box-aware/);
    expectMistake(asked('--set', 'k=2'), /names no measure/);
    expectMistake(asked('--set', 'f1.k=2'), /f1 has no parameters/);
    expectMistake(asked('--measures', 'worst-group-accuracy'), /--group-by/);
    expectMistake(asked('--measures', 'ood-auroc'), /--against/);
    expectMistake(asked('--group-by', 'weather'), /no picture has the attribute "weather"/);

    const jpeg = fovea('explain', project, '--run', '1', '--image', 'p3.png', '--out', 'heat.jpg');
    expectMistake(jpeg, /heat\.jpg does not end in \.png/);
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
        '--class',
        'cat',
        '--versus',
        'dog',
        '--out',
        out,
        '--json',
      ],
    );
    expect(explained.json, explained.stderr).toMatchObject({
      run: 1,
      image: 'images/p3.png',
      class: 'cat',
      versus: 'dog',
      out,
    });
    expect(await probe(out)).toMatchObject({ format: 'png', widthPx: 384, heightPx: 288 });

    expect((fovea('runs', project, '--json').json.runs as { config: unknown }[])[0].config).toMatchObject({
      params: { lambdaInside: 464.16, lambdaOutside: 2, reduction: 'paper' },
      settings: { outside: 'swap', lambdaRamp: 0 },
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

describe('the fovea command, attacking a run', () => {
  const attack = (...flags: string[]): Ran => fovea('attack', project, '--run', '1', ...flags);

  it('says how many pictures still stand, and how far they were changed', () => {
    const { json, stderr } = attack('--attack', 'fgsm', '--eps', '2/20', '--set', 'space=pixel', '--json');
    expect(json, stderr).toEqual({
      run: 1,
      attack: 'fgsm',
      eps: 0.1,
      split: 'test',
      images: 4,
      changed: 4,
      accuracy: expect.any(Number),
      attackedAccuracy: expect.any(Number),
      meanLargestChange: expect.closeTo(0.1, 2),
      meanLength: expect.any(Number),
    });
  });

  it('says of an attack on the heat how much of it is left', () => {
    const quick = ['--set', 'steps=2', '--set', 'points=2', '--set', 'k=20'];
    const { json, stderr } = attack('--attack', 'ifia-top-k', ...quick, '--json');
    const { heat, accuracy } = json as { heat: Record<string, number>; accuracy: number };
    expect(heat, stderr).toEqual({
      map: 'integrated-gradients',
      score: 'logit',
      topPixels: 20,
      pictures: json.changed,
      topKIntersection: expect.any(Number),
      kendallCorrelation: expect.any(Number),
    });
    expect(heat.pictures).toBe(4 * accuracy);
    expect(heat.topKIntersection).toBeLessThan(1);
  });

  it('refuses in one line what it does not know', () => {
    expectMistake(attack('--attack', 'magic'), /no attack "magic".*known are fgsm, pgd/);
    expectMistake(attack('--set', 'queries=5'), /no parameter "queries"/);
    expectMistake(attack('--preset', 'best'), /pgd has no preset "best".*known are /);
    expectMistake(attack('--set', 'steps=many'), /steps is a number, not "many"/);
    expectMistake(attack('--set', 'steps=0'), /steps/);
    expectMistake(attack('--eps', 'large'), /eps/);
    expectMistake(attack('--eps', '8/0'), /eps/);
    expectMistake(attack('--set', 'step=1/2/3'), /step is a number, not "1\/2\/3"/);
    expectMistake(attack('--attack', 'cw-l2'), /cw-l2 needs --eps: in l2 epsilon is the length/);
    expectMistake(attack('--set', 'norm=l2'), /pgd needs --eps: in l2 epsilon is the length/);
    expectMistake(attack('--limit', '0'), /limit/);
    expectMistake(attack('--from', '9'), /no run 9/);
    expectMistake(attack('--attack', 'spatial', '--eps', '0.1'), /spatial takes no --eps/);
    expectMistake(fovea('attack', project, '--run', '9'), /no run 9/);
    expectMistake(fovea('attack', project, '--run', 'best'), /"best" is no run number/);
  });
});

describe('the fovea command, with models of others and for others', () => {
  it('exports the network of a run, takes in its weights and starts a run from them', () => {
    const onnx = path.join(folder, 'm.onnx');
    const exported = fovea('export-model', project, '--run', '1', '--out', onnx, '--json');
    expect(exported.json, exported.stderr).toMatchObject({
      run: 1,
      format: 'onnx',
      file: onnx,
      batch: 'any',
      pictures: 24,
    });
    expect(fs.statSync(onnx).size).toBe(exported.json.sizeBytes);

    const file = path.join(folder, 'mine.safetensors');
    expect(fovea('export-model', project, '--run', '1', '--out', file, '--json').json).toMatchObject({
      format: 'safetensors',
    });
    const { json: taken } = fovea('weights', 'import', file, '--json');
    expect(taken).toMatchObject({ name: 'mine', models: ['resnet8'], origin: 'file' });
    const { weights } = fovea('weights', 'list', '--json').json as { weights: { name: string }[] };
    expect(weights.map(({ name }) => name)).toEqual(expect.arrayContaining(['resnet18-imagenet', 'mine']));
    const trained = fovea(
      ...['train', project, '--start', 'mine', '--size', '16', '--epochs', '1', '--batch', '8'],
      ...['--device', 'cpu', '--json'],
    );
    expect(trained.json, trained.stderr).toMatchObject({
      start: { name: 'mine', sha256: taken.sha256 },
    });

    const further = fovea(
      ...['train', project, '--start', 'run:1', '--size', '16', '--epochs', '1', '--batch', '8'],
      ...['--device', 'cpu', '--json'],
    );
    // The very file that was brought: it is known under that name.
    expect(further.json, further.stderr).toMatchObject({ start: trained.json.start });
    expectMistake(fovea('train', project, '--start', 'run:99'), /there is no run 99/);
    expectMistake(fovea('train', project, '--start', 'run:one'), /"one" is no run number/);

    expectMistake(fovea('export-model', project, '--run', '1', '--out', onnx), /m\.onnx is there already/);
    expectMistake(fovea('export-model', project, '--run', '1', '--out', 'm.bin'), /m\.bin does not end in/);
    expectMistake(fovea('weights', 'get', 'resnet19'), /no weights "resnet19" in the catalogue.*known are/);
    expectMistake(
      fovea('weights', 'get', 'resnet18-imagenet'),
      /resnet18-imagenet cannot be downloaded: 127\.0\.0\.1:2 cannot be reached/,
    );
    expectMistake(
      fovea('train', project, '--start', 'mine', '--model', 'resnet18'),
      /mine does not fit resnet18/,
    );
    expectMistake(
      fovea('train', project, '--start', 'nothing.safetensors'),
      /is no run \(run:N\), no file and no name/,
    );
  });
});

describe('the fovea command, asked for what it knows', () => {
  it('lists all methods', () => {
    const { json } = fovea('methods', '--json');
    for (const list of ['objectives', 'models', 'saliency', 'attacks', 'measures'])
      for (const one of json[list] as object[])
        for (const key of ['id', 'title', 'citation', 'params']) expect(one).toHaveProperty(key);
    expect((json.objectives as { id: string }[]).map(({ id }) => id)).toEqual(
      expect.arrayContaining(['standard', 'blackout', 'box-aware', 'gradcam-consistency']),
    );
  });

  it.skipIf(process.platform === 'win32')(
    'gives the whole of a long answer to a slow reader of a pipe',
    () => {
      const slowly = '"$0" "$@" | (dd bs=1 count=1 2>/dev/null; sleep 1; cat)';
      const { stdout } = spawnSync('sh', ['-c', slowly, process.execPath, cli, 'methods', '--json'], {
        encoding: 'utf8',
        env: { ...process.env, FOVEA_HOME: path.join(folder, 'home'), NODE_OPTIONS: '' },
      });
      expect(stdout.length).toBeGreaterThan(64 * 1024);
      expect(JSON.parse(stdout)).toHaveProperty('measures');
    },
  );

  it('says what the machine can train on, and of every other device why it cannot', () => {
    const { json } = fovea('doctor', '--json');
    expect(json.node).toBe(process.versions.node);
    const devices = json.devices as { id: string; available: boolean; reason: string }[];
    expect(devices.map(({ id }) => id)).toEqual(['cpu', 'webgpu', 'cuda', 'dml', 'coreml', 'tensorflow']);
    expect(devices[0].available).toBe(true);
    for (const { id, reason } of devices) expect(reason, id).toMatch(/^\S.{10,}/);
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
      'attack',
      'export',
      'export-model',
      'weights',
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
    const images = await classFolders(path.join(folder, 'one-class'), 1);
    fs.rmSync(path.join(images, 'dog'), { recursive: true });
    const few = path.join(folder, 'few');
    fovea('project', 'create', few);
    fovea('import', few, images);

    expectMistake(fovea('project', 'create', project), /animals exists already/);
    expectMistake(fovea('serve', '--port', '99999', '--no-open'), /whole number from 0 to 65535/);
    expectMistake(fovea('make', 'sample', '--out', project), /animals is not empty: choose a new/);
    const file = path.join(images, 'cat', 'cat1.png');
    expectMistake(fovea('make', 'sample', '--out', file), /cat1\.png is a file where a folder should be/);
    expectMistake(fovea('import', nothing, images), /nothing is no Fovea project/);
    expectMistake(fovea('import', few, nothing), /nothing/);
    expectMistake(fovea('import', few, path.join(folder, 'not-there')), /not-there/);
    expectMistake(fovea('import', few, images, '--format', 'xyz'), /no format "xyz".*known are/);
    expectMistake(fovea('train', few), /at least two classes/);
    expectMistake(fovea('train', few, '--objective', 'magic'), /no objective "magic".*box-aware/);
    expectMistake(fovea('train', few, '--set', 'lambdaOutside=2'), /no parameter "lambdaOutside"/);
    expectMistake(fovea('train', few, '--preset', 'paper'), /standard has no preset "paper".*known are none/);
    expectMistake(fovea('train', few, '--set', 'momentum=fast'), /momentum is a number, not "fast"/);
    expectMistake(fovea('train', few, '--model', 'magic'), /no model "magic"/);
    expectMistake(fovea('train', few, '--epochs', '-1'), /epochs/);
    expectMistake(fovea('sweep', few, '--objective', 'density'), /a sweep is of box-aware, not of "density"/);
    expectMistake(fovea('sweep', few, '--grid', 'fine'), /no grid.*write coarse, paper/);
    expectMistake(fovea('sweep', few, '--grid', 'lambdaInside=0,1'), /lambdaOutside has no values/);
    expectMistake(fovea('sweep', few, '--set', 'lambdaInside=1'), /lambdaInside is swept.*--grid/);
    expectMistake(fovea('sweep', few, '--repeat', '0'), /at least 1/);
    expectMistake(fovea('sweep', few, '--resume', '4'), /no sweep 4/);
    expectMistake(fovea('sweep', few), /at least two classes/);
    expectMistake(fovea('evaluate', few, '--run', '9'), /no run 9/);
    expectMistake(fovea('evaluate', few, '--run', 'best'), /"best" is no run number/);
    expectMistake(fovea('explain', few, '--run', '1', '--image', 'x.png', '--out', 'x.png'), /x\.png/);
    expectMistake(fovea('export', few, '--format', 'coco', '--out', images), /not empty/);
    expectMistake(fovea('make', 'sample', '--out', images), /not empty/);
    expectMistake(
      fovea('make', 'blockmnist', '--mnist', nothing, '--out', path.join(folder, 'b')),
      /train-images/,
    );
    expectMistake(
      fovea('make', 'waterbirds-like', few, '--out', path.join(folder, 'w')),
      /two classes with masks/,
    );
    expectMistake(
      fovea('make', 'sample', '--bias', '2', '--out', path.join(folder, 's')),
      /share from 0 to 1/,
    );
    expectMistake(fovea('frobnicate'), /no command "frobnicate"/);
    expectMistake(fovea('train', few, '--epochs', '20000'), /^fovea: --epochs must be 10000 or less/);
    expectMistake(fovea('train', few, '--set', 'dropout=2'), /^fovea: --set dropout must be 0\.9 or less/);
  });
});

describe('the fovea command, with a damaged project', () => {
  it('says in one line what cannot be read', () => {
    const damaged = path.join(folder, 'damaged');
    fovea('project', 'create', damaged);
    const database = openDatabase(path.join(damaged, 'project.sqlite'));
    database.prepare("UPDATE setting SET value = 'not JSON'").run();
    database.close();
    expectMistake(fovea('runs', damaged, '--json'), /project\.sqlite is damaged.*not JSON/);
  });
});

describe('the fovea command, when it meets a bug', () => {
  it('ends with 2, says what happened in the first line, and adds the trace that a report needs', () => {
    // The answer cannot be written, which nobody expects.
    const bug = `data:text/javascript,const write = JSON.stringify;
      JSON.stringify = (value, ...more) => {
        if (value?.objectives) throw new TypeError('nobody expects this');
        return write(value, ...more);
      }`;
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--import', bug, cli, 'methods', '--json'],
      { encoding: 'utf8', env: { ...process.env, FOVEA_HOME: path.join(folder, 'home'), NODE_OPTIONS: '' } },
    );
    expect([status, stdout], stderr).toEqual([2, '']);
    const [first, ...trace] = stderr.trimEnd().split('\n');
    expect(first).toBe('fovea: nobody expects this');
    expect(trace.join('\n')).toMatch(/\bat .*\.ts:\d+/);
  });
});
