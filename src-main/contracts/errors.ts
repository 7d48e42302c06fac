// The one error type of Fovea, and the form in which it crosses the boundary.
// Cancelling is not an error: it is an AbortSignal (see jobs.ts, state 'cancelled').

import { printable } from './printable.ts';

export type ErrorCode =
  | 'bad-input' // a value is outside its range, or a call does not fit its schema
  | 'bad-file' // a file is damaged, hostile, or not what it says it is
  | 'not-found'
  | 'conflict' // the thing exists already, or is in use
  | 'too-new' // written by a newer Fovea
  | 'unavailable' // a device, binary or network is missing
  | 'refused' // not allowed: a path outside the allowed roots, a wrong token
  | 'cancelled'
  | 'internal'; // a bug of ours

/** Where and why, for people: every field is shown in the message's second line. */
interface ErrorDetail {
  file?: string;
  /** Line, record, field or byte, as a person would look it up: "line 31", "annotations[4].bbox". */
  place?: string;
  reason?: string;
  [extra: string]: string | number | undefined;
}

export interface ErrorRecord {
  code: ErrorCode;
  message: string;
  detail: ErrorDetail;
}

export class AppError extends Error {
  readonly code: ErrorCode;
  readonly detail: ErrorDetail;

  constructor(code: ErrorCode, message: string, detail: ErrorDetail = {}, cause?: unknown) {
    super(message, { cause });
    this.name = 'AppError';
    this.code = code;
    this.detail = detail;
  }

  toRecord(): ErrorRecord {
    return { code: this.code, message: this.message, detail: this.detail };
  }

  static fromRecord(record: ErrorRecord): AppError {
    return new AppError(record.code, record.message, record.detail);
  }
}

interface SystemFailure extends Error {
  code: string;
  path?: string;
  dest?: string;
}

/** Longest file name in a message; a name that is too long for the system would fill the screen. */
const nameMaxLength = 60;

const failures: Readonly<Record<string, readonly [ErrorCode, (name: string) => string, reason?: string]>> = {
  ENOSPC: [
    'unavailable',
    (name) => `the disk is full: ${name} cannot be written`,
    'free some space, then ask again',
  ],
  EDQUOT: ['unavailable', (name) => `the disk quota is used up: ${name} cannot be written`],
  EFBIG: ['unavailable', (name) => `${name} is larger than this disk takes`],
  EIO: ['unavailable', (name) => `the disk failed on ${name}`],
  ENXIO: ['unavailable', (name) => `the device under ${name} is gone`],
  ENODEV: ['unavailable', (name) => `the device under ${name} is gone`],
  ESTALE: ['unavailable', (name) => `the network folder of ${name} is gone`],
  EMFILE: ['unavailable', () => 'too many files are open', 'raise the limit of open files (ulimit -n)'],
  ENFILE: ['unavailable', () => 'too many files are open on this machine'],
  ENOMEM: ['unavailable', () => 'there is not enough memory'],
  EAGAIN: ['unavailable', () => 'this machine takes no more processes or threads'],
  EACCES: ['refused', (name) => `no permission for ${name}`],
  EPERM: ['refused', (name) => `the system does not allow it for ${name}`],
  EROFS: ['refused', (name) => `${name} is on a disk that can only be read`],
  EBUSY: ['conflict', (name) => `${name} is in use by another program`],
  ETXTBSY: ['conflict', (name) => `${name} is in use by another program`],
  EEXIST: ['conflict', (name) => `${name} is there already`],
  ENOTEMPTY: ['conflict', (name) => `the folder ${name} is not empty`],
  ENOENT: ['not-found', (name) => `there is no ${name}`],
  ENOTDIR: ['bad-input', (name) => `${name} is a file, or lies below one, where a folder should be`],
  EISDIR: ['bad-input', (name) => `${name} is a folder where a file should be`],
  ENAMETOOLONG: ['bad-input', (name) => `the name ${name} is too long`],
  ELOOP: ['bad-input', (name) => `${name} is a link that leads to itself`],
};

/**
 * What a person is told of a failure of the system under a file: a full disk, a folder where a file should be, a place
 * that may not be written. These are nobody's bug. Undefined for what is no such failure.
 * @param thrown  anything; what Node throws for a system call has `syscall` and `code`
 */
export function systemError(thrown: unknown): AppError | undefined {
  if (!(thrown instanceof Error) || !('syscall' in thrown) || !('code' in thrown)) return undefined;
  const { code, path, dest } = thrown as SystemFailure;
  const known = failures[code];
  if (known === undefined) return undefined;
  const [kind, message, reason] = known;
  const name = nameIn(dest ?? path);
  return new AppError(
    kind,
    message(name ?? 'the file'),
    { ...(name !== undefined && { file: name }), reason: reason ?? code },
    thrown,
  );
}

/** The last part of a path without the mark of an unfinished file, cut. */
function nameIn(path: string | undefined): string | undefined {
  const last = path
    ?.split(/[/\\]/)
    .findLast((part) => part !== '')
    ?.replace(/(\.\d+)?\.new$/, '');
  if (last === undefined || last.length <= nameMaxLength) return last;
  return `${last.slice(0, nameMaxLength)}… (${last.length} characters)`;
}

/**
 * What any thrown value looks like on the other side of a boundary, where no name from outside may do harm. What neither
 * we nor the system's files refused is a bug: 'internal'.
 */
export function toErrorRecord(thrown: unknown): ErrorRecord {
  const { code, message, detail } = recordOf(thrown);
  const shown = Object.entries(detail).map(([field, value]) => [field, shownOf(value)] as const);
  return { code, message: printable(message), detail: Object.fromEntries(shown) };
}

const LINES = 30;
/** Lines stay lines: a list of places is one. */
const shownOf = (value: ErrorDetail[string]): ErrorDetail[string] =>
  typeof value === 'string'
    ? value
        .split('\n', LINES)
        .map((line) => printable(line))
        .join('\n')
    : value;

function recordOf(thrown: unknown): ErrorRecord {
  const known = thrown instanceof AppError ? thrown : systemError(thrown);
  if (known) return known.toRecord();
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: 'internal', message, detail: {} };
}

export type Answer<T> = { ok: true; value: T } | { ok: false; error: ErrorRecord };
