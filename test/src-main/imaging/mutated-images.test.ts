// A share of `npm run bench -- fuzz-images`: whatever a picture file holds, it opens or is refused in our words.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { AppError } from '../../../src-main/contracts/errors.ts';
import { probe } from '../../../src-main/imaging/index.ts';
import { mutatedImages } from './mutated-images.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'fovea-mutated-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a picture that was damaged', () => {
  it('opens, or is refused by name in words that are not the library’s', async () => {
    let [opened, refused] = [0, 0];
    for await (const { name, bytes } of mutatedImages(5)) {
      if (opened + refused === 200) break;
      const file = path.join(folder, name);
      writeFileSync(file, bytes);
      const outcome = await probe(file).catch((thrown: unknown) => thrown);
      rmSync(file);
      if (!(outcome instanceof AppError)) {
        expect(outcome, name).toMatchObject({ sizeBytes: bytes.length });
        opened += 1;
        continue;
      }
      expect(outcome, name).toMatchObject({ code: 'bad-file', detail: { file } });
      expect(outcome.message, name).toContain(name);
      expect(outcome.message, name).not.toMatch(/vips|libpng|buffer|heif|tiff2|\n/i);
      refused += 1;
    }
    expect(opened).toBeGreaterThan(20);
    expect(refused).toBeGreaterThan(80);
  });
});
