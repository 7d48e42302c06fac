// What the core may load: in Electron it lives in the main process, where libvips must never be.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

it('loads the core without libvips and without ONNX Runtime', () => {
  const core = fileURLToPath(new URL('../../../src-main/services/core.ts', import.meta.url));
  const script = `
    await import(${JSON.stringify(core)});
    console.log(JSON.stringify(process.report.getReport().sharedObjects));`;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  expect(child.stderr).toBe('');
  const loaded = JSON.parse(child.stdout) as string[];
  expect(loaded.some((name) => /libc|ntdll|libSystem/.test(name))).toBe(true);
  expect(loaded.filter((name) => /vips|sharp|onnxruntime/.test(name))).toEqual([]);
});
