// What the core may load: in Electron it lives in the main process, where libvips must never be.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

it('loads the core without libvips and without ONNX Runtime', () => {
  const parts = ['core/core.ts', 'core/open-context.ts', 'services/index.ts', 'demo/index.ts'].map((file) =>
    fileURLToPath(new URL(`../../../src-main/${file}`, import.meta.url)),
  );
  const script = `
    for (const part of ${JSON.stringify(parts)}) await import(part);
    console.log(JSON.stringify(process.report.getReport().sharedObjects));`;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  expect(child.stderr).toBe('');
  const loaded = JSON.parse(child.stdout) as string[];
  expect(loaded.some((name) => /libc|ntdll|libSystem/.test(name))).toBe(true);
  expect(loaded.filter((name) => /vips|sharp|onnxruntime/.test(name))).toEqual([]);
});
