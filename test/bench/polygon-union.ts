// Objects of several overlapping parts at a picture's size, as an import makes masks of them: Fovea beside pycocotools
// in the same run, turn about, the fastest of each. Options: --shapes, --parts, --points, --size, --runs. pycocotools is
// looked for in the python that FOVEA_PYTHON names, else in python3.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Point, Shape } from '../../src-main/contracts/geometry.ts';
import { randomFromSeed } from '../../src-main/engine/nn/index.ts';
import { fitShape } from '../../src-main/formats/index.ts';
import { areaOfRle, unionOfPolygons } from '../../src-main/imaging/index.ts';
import { option, table } from './fovea.ts';

type MaskShape = Extract<Shape, { kind: 'mask' }>;

interface Outcome {
  seconds: number;
  area: number;
}

export async function bench(args: string[]): Promise<unknown> {
  const number = (name: string, otherwise: number) => Number(option(args, name, String(otherwise)));
  const shapes = number('shapes', 20_000);
  const parts = number('parts', 3);
  const points = number('points', 12);
  const size = number('size', 600);
  const runs = number('runs', 3);
  const made = makeShapes(shapes, parts, points, size);

  const folder = mkdtempSync(path.join(tmpdir(), 'fovea-bench-'));
  try {
    const file = path.join(folder, 'shapes.json');
    writeFileSync(file, JSON.stringify({ width: size, height: size, shapes: made.map(flat) }));
    const own: Outcome[] = [];
    const peer: Outcome[] = [];
    for (let run = 0; run < runs; run++) {
      own.push(unionsHere(made, size));
      peer.push(unionsOfPycocotools(file));
    }
    const fastest = (outcomes: readonly Outcome[]) => Math.min(...outcomes.map(({ seconds }) => seconds));
    const result = {
      shapes,
      parts,
      points,
      sizePx: size,
      seconds: fastest(own),
      pycocotools: fastest(peer),
      ratio: fastest(own) / fastest(peer),
      areas: [own[0]!.area, peer[0]!.area],
    };
    console.log(
      table([
        [`${shapes} shapes of ${parts} parts, ${size} x ${size}`, 'seconds', 'area'],
        ['Fovea', result.seconds.toFixed(2), String(result.areas[0])],
        ['pycocotools', result.pycocotools.toFixed(2), String(result.areas[1])],
        ['ratio', result.ratio.toFixed(2), ''],
      ]),
    );
    return result;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const flat = (rings: Point[][]): number[][] => rings.map((ring) => ring.flat());

/** Parts round one place, so that most overlap; points in order of their angle, so that no outline crosses itself. */
function makeShapes(shapes: number, parts: number, points: number, size: number): Point[][][] {
  const random = randomFromSeed(13);
  const between = (low: number, high: number) => low + (high - low) * random.uniform();
  return Array.from({ length: shapes }, () => {
    const radius = between(0.05, 0.3) * size;
    const [x, y] = [between(0.2, 0.8) * size, between(0.2, 0.8) * size];
    return Array.from({ length: parts }, () => {
      const [left, top] = [x + between(-1, 1) * radius, y + between(-1, 1) * radius];
      return Array.from({ length: points }, (_, i): Point => {
        const angle = (2 * Math.PI * i) / points;
        const reach = radius * between(0.5, 1);
        const within = (place: number) => Math.round(100 * Math.min(size, Math.max(0, place))) / 100;
        return [within(left + reach * Math.cos(angle)), within(top + reach * Math.sin(angle))];
      });
    });
  });
}

/** As an import does it: fitted to the picture, and a mask where the parts overlap. */
function unionsHere(made: readonly Point[][][], size: number): Outcome {
  const begun = performance.now();
  const kept = made.map((rings) => fitShape({ kind: 'parts', rings }, size, size).shape!);
  const seconds = (performance.now() - begun) / 1000;
  const areaOf = (shape: Shape) =>
    areaOfRle(
      shape.kind === 'polygon' ? unionOfPolygons(shape.rings, size, size)!.rle : (shape as MaskShape).rle,
    );
  return { seconds, area: kept.reduce((sum, shape) => sum + areaOf(shape), 0) };
}

function unionsOfPycocotools(file: string): Outcome {
  const script = fileURLToPath(new URL('polygon_union_peer.py', import.meta.url));
  const child = spawnSync(process.env.FOVEA_PYTHON ?? 'python3', [script, file], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (child.status !== 0) throw new Error('pycocotools is needed: pip install pycocotools');
  return JSON.parse(child.stdout) as Outcome;
}
