// Names that a terminal would obey reach it escaped, and huge ones cut, in every line of the command.

import { afterEach, describe, expect, it, vi } from 'vitest';
import { AppError, toErrorRecord } from '../../../src-main/contracts/errors.ts';
import { openTerminal } from '../../../src-main/cli/terminal.ts';

const evil = `a\u001b]0;owned\u0007\u009b2J\u202e${'x'.repeat(100_000)}.png`;

afterEach(() => void vi.restoreAllMocks());

describe('the terminal', () => {
  it.each([false, true])('prints no control character and no huge name (--json: %s)', (isJson) => {
    const printed: string[] = [];
    for (const stream of ['log', 'error'] as const)
      vi.spyOn(console, stream).mockImplementation((line: string) => void printed.push(line));
    const terminal = openTerminal(isJson);
    terminal.say(`looking at ${evil}`);
    terminal.note(`left out: ${evil}`);
    terminal.answer({ file: evil }, [`Made ${evil}`]);
    expect(printed.length).toBeGreaterThanOrEqual(2);
    for (const line of printed) expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
    for (const line of printed.filter((one) => !one.startsWith('{'))) expect(line.length).toBeLessThan(1200);
    const object = printed.find((one) => one.startsWith('{'));
    if (isJson) expect(JSON.parse(object!)).toEqual({ file: evil });
  });
});

describe('an error, on its way to a window or a terminal', () => {
  it('is escaped and cut in its message and every field, and says what it says', () => {
    const record = toErrorRecord(
      new AppError('bad-file', `${evil}: the file is empty`, { file: evil, reason: 'one\ntwo', line: 3 }),
    );
    expect(record.message).toMatch(/the file is empty$/);
    expect(record.message).toMatch(/^a\\u001b\]0;owned\\u0007/);
    expect(record.message.length).toBeLessThan(1200);
    expect(String(record.detail.file).length).toBeLessThan(1200);
    expect(record.detail).toMatchObject({ reason: 'one\ntwo', line: 3 });
  });
});
