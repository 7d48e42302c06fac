// What a person does wrong on the command line, and what the machine cannot do: status 1 and one line, never a stack;
// nothing half-written; and a run that was ended is kept.

import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { classFolders } from '../services/scratch-core.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const cli = fileURLToPath(new URL('../../../src-main/cli/fovea.mjs', import.meta.url));
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fovea-mistakes-'));
const project = path.join(folder, 'animals');
const environment = { ...process.env, FOVEA_HOME: path.join(folder, 'home'), NODE_OPTIONS: '' };
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

const outputOf = ({ status, stdout, stderr }: { status: number | null; stdout: string; stderr: string }) => ({
  status,
  stdout,
  lines: stderr.trimEnd().split('\n'),
});
const fovea = (...args: string[]) =>
  outputOf(spawnSync(process.execPath, [cli, ...args], { encoding: 'utf8', env: environment, cwd: folder }));
/** With files of at most so many kilobytes: what a full disk is to a program, without being root. */
const foveaOnLittleDisk = (kilobytes: number, ...args: string[]) =>
  outputOf(
    spawnSync(
      'bash',
      ['-c', `trap '' XFSZ; ulimit -f ${kilobytes}; exec "$@"`, '-', process.execPath, cli, ...args],
      { encoding: 'utf8', env: environment, cwd: folder },
    ),
  );
/** One line that says what was wrong. */
function expectMistake({ status, stdout, lines }: ReturnType<typeof outputOf>, says: RegExp): void {
  expect([status, stdout], lines.join('\n')).toEqual([1, '']);
  expect(lines).toEqual([expect.stringMatching(says)]);
}
const training = ['--model', 'smallcnn', '--size', '16', '--batch', '8', '--device', 'cpu'];
const explain = (out: string, ...more: string[]) =>
  fovea('explain', project, '--run', '1', '--image', 'cat1.png', '--out', out, ...more);

beforeAll(async () => {
  await classFolders(path.join(folder, 'pictures'), 12);
  for (const args of [
    ['project', 'create', project],
    ['import', project, 'pictures'],
    ['train', project, '--epochs', '1', ...training],
  ])
    expect(fovea(...args)).toMatchObject({ status: 0 });
});

describe('a place that cannot be written', () => {
  it('is one line for explain, before anything is computed', () => {
    fs.mkdirSync(path.join(folder, 'dir.png'));
    expectMistake(explain('dir.png'), /dir\.png is a folder where a file should be/);
    expectMistake(explain(`${'a'.repeat(300)}.png`), /the name a+… \(304 characters\) is too long/);
    if (process.platform === 'linux') expectMistake(explain('/proc/h.png'), /h\.png/);
  });

  it('is one line for a new project: a link that leads nowhere, a file, and a place where mkdir would spin', () => {
    fs.symlinkSync('/gone', path.join(folder, 'dl'));
    expectMistake(fovea('project', 'create', 'dl/p'), /dl is a link that leads nowhere/);
    fs.writeFileSync(path.join(folder, 'file'), '');
    expectMistake(fovea('project', 'create', 'file/p'), /file is a file where a folder should be/);
    if (process.platform === 'linux') expectMistake(fovea('project', 'create', '/proc/none/p'), /none/);
  });

  it('is one line where the data folder is one', () => {
    const env = { ...environment, FOVEA_HOME: path.join(folder, 'pictures', 'cat', 'cat1.png') };
    const ran = outputOf(spawnSync(process.execPath, [cli, 'runs', project], { encoding: 'utf8', env }));
    expectMistake(ran, /cat1\.png is a file where a folder should be/);
  });
});

describe('a file that is there', () => {
  it('is replaced by explain only if that is said', () => {
    fs.writeFileSync(path.join(folder, 'mine.png'), 'mine');
    expectMistake(explain('mine.png'), /mine\.png is there already.*--overwrite/);
    expect(fs.readFileSync(path.join(folder, 'mine.png'), 'utf8')).toBe('mine');
    expect(explain('mine.png', '--overwrite')).toMatchObject({ status: 0 });
    expect(fs.readFileSync(path.join(folder, 'mine.png')).subarray(1, 4).toString()).toBe('PNG');
  });
});

describe('an option that would not be heard', () => {
  it('is refused: a format against the name of the file, and settings beside --resume', () => {
    const model = ['export-model', project, '--run', '1', '--out', 'm.onnx', '--format', 'safetensors'];
    expectMistake(fovea(...model), /m\.onnx is the name of onnx, not of safetensors/);
    expect(fs.existsSync(path.join(folder, 'm.onnx'))).toBe(false);
    expectMistake(
      fovea('train', project, '--resume', '1', '--epochs', '9', '--set', 'momentum=0'),
      /--resume goes on as the run began: leave out --set, --epochs/,
    );
    expectMistake(fovea('sweep', project, '--resume', '1', '--grid', 'paper'), /leave out --grid/);
    expectMistake(
      fovea('train', project, '--config', 'none.json', '--epochs', '9'),
      /--config says all of the run: leave out --epochs/,
    );
    expectMistake(fovea('train', project, '--config', 'none.json'), /there is no none\.json/);
    expectMistake(
      fovea('train', project, '--algorithms', path.join(folder, 'pictures', 'cat', 'cat1.png'), ...training),
      /cat1\.png holds no convolution algorithms/,
    );
    expectMistake(fovea('train', project, '--algorithms', 'none.json'), /there is no none\.json/);
  });
});

describe('the version', () => {
  it('is printed', () => {
    const { version } = JSON.parse(
      fs.readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
    );
    expect(fovea('--version')).toMatchObject({ status: 0, stdout: `${version}\n` });
  });
});

/** Whether a disk of a few kilobytes can be made: on Linux, as root. */
function canMount(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  const place = fs.mkdtempSync(path.join(os.tmpdir(), 'fovea-mount-'));
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=32k', 'none', place]);
  if (status === 0) spawnSync('umount', [place]);
  fs.rmdirSync(place);
  return status === 0;
}

describe.skipIf(process.platform === 'win32')('a full disk', () => {
  const left = (place: string): string[] =>
    fs.readdirSync(place, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.new'));

  it('is one line for explain and export-model, and leaves nothing half-written', () => {
    const heat = ['explain', project, '--run', '1', '--image', 'cat1.png', '--out', 'full/heat.png'];
    expectMistake(foveaOnLittleDisk(64, ...heat), /heat\.png .*disk/);
    for (const name of ['m.onnx', 'm.safetensors']) {
      const model = ['export-model', project, '--run', '1', '--out', name];
      expectMistake(foveaOnLittleDisk(64, ...model), new RegExp(`${name} .*disk`));
      expect(fs.existsSync(path.join(folder, name))).toBe(false);
    }
    expect(fs.readdirSync(path.join(folder, 'full'))).toEqual([]);
    expect(left(folder)).toEqual([]);
  });

  it('is one line for train, and the run goes on when there is room', () => {
    const ran = foveaOnLittleDisk(64, 'train', project, '--epochs', '2', '--seed', '7', ...training);
    expect([ran.status, ran.lines.at(-1)]).toEqual([1, expect.stringMatching(/^fovea: .*disk/)]);
    expect(ran.lines.join('\n')).not.toMatch(/^\s+at /m);
    expect(left(folder)).toEqual([]);
    const [{ number }] = (
      JSON.parse(fovea('runs', project, '--json').stdout) as { runs: { number: number }[] }
    ).runs;
    expect(fovea('train', project, '--resume', String(number))).toMatchObject({ status: 0 });
  });

  it.runIf(canMount())('in truth says that it is full, and everything goes on when there is room', () => {
    const disk = path.join(folder, 'disk');
    fs.mkdirSync(disk);
    const mount = (...options: string[]) =>
      expect(spawnSync('mount', [...options, disk]), 'mount').toMatchObject({ status: 0 });
    mount('-t', 'tmpfs', '-o', 'size=32k', 'none');
    try {
      expectMistake(explain('disk/heat.png'), /the disk is full: heat\.png/);
      expectMistake(fovea('export', project, '--format', 'coco', '--out', 'disk/out'), /the disk is full/);
      expectMistake(
        fovea('export-model', project, '--run', '1', '--out', 'disk/m.onnx'),
        /the disk is full: m\.onnx/,
      );
      const files = fs.readdirSync(disk, { recursive: true, encoding: 'utf8' });
      expect(files.filter((name) => name !== 'out')).toEqual([]);

      // Room for the project and its pictures, and for half a checkpoint.
      mount('-o', 'remount,size=2m');
      const small = path.join(disk, 'small');
      expect(fovea('project', 'create', small)).toMatchObject({ status: 0 });
      expect(fovea('import', small, 'pictures')).toMatchObject({ status: 0 });
      const ran = fovea('train', small, '--epochs', '2', ...training);
      expect([ran.status, ran.lines.at(-1)]).toEqual([1, expect.stringMatching(/^fovea: the disk is full/)]);
      const resumed = fovea('train', small, '--resume', '1');
      expect([resumed.status, resumed.lines.at(-1)]).toEqual([
        1,
        expect.stringMatching(/^fovea: the disk is full/),
      ]);
      expect(left(disk)).toEqual([]);
      mount('-o', 'remount,size=64m');
      expect(fovea('train', small, '--resume', '1')).toMatchObject({ status: 0 });
    } finally {
      spawnSync('umount', ['-l', disk]);
    }
  });
});

describe.skipIf(process.platform === 'win32')('an interrupt that only the launcher gets', () => {
  it('ends the command as Ctrl+C does: status 130, the run kept, and a line that says how to go on', async () => {
    // The pinned Node under another path is to the launcher a Node that it has to leave.
    const other = path.join(folder, 'other-node');
    fs.copyFileSync(process.execPath, other);
    fs.chmodSync(other, 0o755);
    const before = fs.readdirSync(path.join(project, 'runs')).length;
    const child = spawn(other, [cli, 'train', project, '--epochs', '4000', '--seed', '3', ...training], {
      env: environment,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    const run = () =>
      fs.readdirSync(path.join(project, 'runs')).find((name) => {
        const isNew = Number(name) > before;
        return isNew && fs.existsSync(path.join(project, 'runs', name, 'last.ckpt'));
      });
    await expect.poll(run, { timeout: 200_000, interval: 100 }).toBeDefined();
    child.kill('SIGINT');
    expect(await ended, stderr).toBe(130);
    const kept = new RegExp(
      `^Run ${run()} is kept after \\d+ of 4000 epochs; go on with: fovea train .* --resume ${run()}$`,
    );
    expect(
      stderr
        .trimEnd()
        .split('\n')
        .filter((line) => !line.startsWith('warning')),
    ).toEqual([expect.stringMatching(kept)]);
    // Nothing holds the project any more.
    const { runs } = JSON.parse(fovea('runs', project, '--json').stdout) as { runs: { state: string }[] };
    expect(runs[0].state).toBe('interrupted');
  });
});
