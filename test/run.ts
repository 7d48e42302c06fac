// What `npm test` runs: types, lint and format; unit and engine tests; the renderer's build; end-to-end
// tests in a real browser. The last line says `N passed, N failed`, summed over all tests. A step that
// fails without naming a test (a type error, a file that does not load) counts as one failed.

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

interface Tally {
  passed: number;
  failed: number;
}

const root = fileURLToPath(new URL('..', import.meta.url));
const reports = mkdtempSync(path.join(tmpdir(), 'fovea-test-'));

let passed = 0;
let failed = 0;
try {
  await step('check', 'npm', ['run', 'check']);
  await tests('unit');
  // Without the built renderer the browser would only be shown what is missing.
  if (await step('build', 'npm', ['run', 'build'])) await tests('e2e');
} finally {
  rmSync(reports, { recursive: true, force: true });
}
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
console.log(`${passed} passed, ${failed} failed`);

/** Runs a step that has no tests of its own; true if it went well. */
async function step(name: string, command: string, args: string[]): Promise<boolean> {
  const status = await run(name, command, args);
  if (status !== 0) failed += 1;
  return status === 0;
}

async function tests(project: string): Promise<void> {
  const report = path.join(reports, `${project}.json`);
  const status = await run(`${project} tests`, process.execPath, [
    path.join('node_modules', 'vitest', 'vitest.mjs'),
    'run',
    '--config',
    path.join('test', 'vitest.config.ts'),
    '--project',
    project,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ]);
  const tally = read(report);
  passed += tally.passed;
  failed += status !== 0 && tally.failed === 0 ? 1 : tally.failed;
}

/** The totals of a vitest JSON report; zeros if the runner did not get so far as to write one. */
function read(report: string): Tally {
  try {
    const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, 'utf8'));
    return { passed: Number(numPassedTests), failed: Number(numFailedTests) };
  } catch {
    return { passed: 0, failed: 0 };
  }
}

/** Exit status of a command that shares this terminal; 1 if a signal ended it or it could not start. */
function run(title: string, command: string, args: string[]): Promise<number> {
  const startedAt = performance.now();
  console.log(`\n== ${title}`);
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' });
    const end = (status: number) => {
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
      console.log(`== ${title}: ${status === 0 ? 'ok' : `failed with status ${status}`}, ${seconds} s`);
      resolve(status);
    };
    child.once('error', (error) => {
      console.error(error.message);
      end(1);
    });
    child.once('exit', (code) => end(code ?? 1));
  });
}
