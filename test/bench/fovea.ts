// The benches drive Fovea as a person's script would: through its command line and its JSON.

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const cli = fileURLToPath(new URL('../../src-main/cli/fovea.mjs', import.meta.url));

/** Runs `fovea … --json`, lets its stderr through, and returns the object of its last line. Throws on failure. */
export async function fovea<Result>(
  args: string[],
  environment: Record<string, string> = {},
): Promise<Result> {
  const child = spawn(process.execPath, [cli, ...args, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...environment },
  });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  const status = await new Promise<number | null>((resolve) => child.once('exit', resolve));
  if (status !== 0) throw new Error(`fovea ${args.join(' ')} ended with status ${status}`);
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Result;
}

/** `--name value` among a bench's words, or the default. */
export function option(args: string[], name: string, otherwise: string): string {
  const at = args.indexOf(`--${name}`);
  return at >= 0 && args[at + 1] !== undefined ? (args[at + 1] as string) : otherwise;
}

export const percent = (fraction: number | null): string =>
  fraction === null ? '–' : `${(100 * fraction).toFixed(1)} %`;

/** A table with a head and right-aligned figures, for the terminal. */
export function table(rows: string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
        .join('  '),
    )
    .join('\n');
}
