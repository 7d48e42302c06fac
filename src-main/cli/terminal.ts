// What a command shows: words on stdout, progress on stderr of a terminal, and with --json one object as
// the last line of stdout.

import type { Split } from '../contracts/dataset.ts';
import { createInterface } from 'node:readline/promises';
import { escapeHidden, printable } from '../contracts/printable.ts';
import type { Job } from '../contracts/jobs.ts';

export interface Terminal {
  isJson: boolean;
  /** Places outside the folder of a project from elsewhere are confirmed beforehand. */
  trusts: boolean;
  /** A line for people; nothing with --json. */
  say(line: string): void;
  /** A line for people wherever stdout goes. */
  note(line: string): void;
  /** A question for the person, answered yes or no; no where nobody can answer. */
  ask(question: readonly string[]): Promise<boolean>;
  /** The bar of a job. */
  show(job: Job): void;
  /** Takes the bar away. */
  clear(): void;
  /** The command's answer: words for people, or the object. */
  answer(object: Record<string, unknown>, words: readonly string[]): void;
}

const BAR_CELLS = 24;

export function openTerminal(isJson: boolean, trusts = false): Terminal {
  let drawn = false;
  const clear = () => {
    if (drawn) process.stderr.write('\r\x1b[2K');
    drawn = false;
  };
  return {
    isJson,
    trusts,
    clear,
    say(line) {
      clear();
      if (!isJson) console.log(printable(line));
    },
    note(line) {
      clear();
      console.error(printable(line));
    },
    async ask(question) {
      clear();
      if (!process.stdin.isTTY || !process.stderr.isTTY) return false;
      for (const line of question.slice(0, -1)) console.error(printable(line));
      const reader = createInterface({ input: process.stdin, output: process.stderr });
      try {
        const answer = await reader.question(`${printable(question.at(-1) ?? '')} [y/N] `);
        return /^\s*y(es)?\s*$/i.test(answer);
      } finally {
        reader.close();
      }
    },
    show(job) {
      if (!process.stderr.isTTY) return;
      clear();
      if (job.state !== 'running') return;
      process.stderr.write(`\r${printable(barOf(job))}`.slice(0, process.stderr.columns ?? 120));
      drawn = true;
    },
    answer(object, words) {
      clear();
      if (isJson) console.log(escapeHidden(JSON.stringify(object)));
      else for (const line of words) console.log(printable(line));
    },
  };
}

/** "Import of birds  ████████────────  45 %  looking at pictures, 0:12 left" */
export function barOf(job: Job): string {
  const share = job.total > 0 ? Math.min(1, job.done / job.total) : 0;
  const full = Math.round(share * BAR_CELLS);
  const bar = '█'.repeat(full) + '─'.repeat(BAR_CELLS - full);
  const percent = job.total > 0 ? `${Math.floor(share * 100)} %`.padStart(5) : '     ';
  const left = job.secondsLeft === null ? '' : `${clock(job.secondsLeft)} left`;
  return `${job.title}  ${bar} ${percent}  ${[job.note, left].filter(Boolean).join(', ')}`;
}

/** 75 → "1:15", 4000 → "1:06:40" */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const parts = [Math.floor(whole / 60) % 60, whole % 60].map((part) => String(part).padStart(2, '0'));
  const hours = Math.floor(whole / 3600);
  return hours > 0 ? `${hours}:${parts.join(':')}` : parts.join(':').replace(/^0/, '');
}

/** Columns padded to their widest cell; the first to the left, the rest to the right. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column])))
      .join('  ')
      .trimEnd(),
  );
}

/** 0.1234 → "12.3 %", null → "–" */
export const percent = (share: number | null): string =>
  share === null ? '–' : `${(share * 100).toFixed(1)} %`;

/** As people call it; `selection` is its stored name. */
export const splitWord = (split: Split): string =>
  ({ train: 'training', selection: 'validation', test: 'test' })[split];
