// The one error type of Fovea, and the form in which it crosses the boundary.
// Cancelling is not an error: it is an AbortSignal (see jobs.ts, state 'cancelled').

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
export interface ErrorDetail {
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

/** What any thrown value looks like on the other side of a boundary. A stranger is a bug: 'internal'. */
export function toErrorRecord(thrown: unknown): ErrorRecord {
  if (thrown instanceof AppError) return thrown.toRecord();
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: 'internal', message, detail: {} };
}

export type Answer<T> = { ok: true; value: T } | { ok: false; error: ErrorRecord };
