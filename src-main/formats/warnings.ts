// Warnings of an import: as many as anybody reads are kept, the rest is counted. They name files, and are shown.

import type { ImportWarning } from '../contracts/imports.ts';
import { printable } from '../contracts/printable.ts';

const MOST_KEPT = 5000;

export class WarningList {
  readonly kept: ImportWarning[] = [];
  #more = 0;

  readonly add = (warning: ImportWarning): void => {
    if (this.kept.length < MOST_KEPT)
      this.kept.push({
        ...warning,
        file: printable(warning.file),
        message: printable(warning.message),
      });
    else this.#more += 1;
  };

  /** Those that another list kept and counted. */
  addAll(warnings: readonly ImportWarning[], more: number): void {
    warnings.forEach(this.add);
    this.#more += more;
  }

  /** Beyond those that are kept. */
  get more(): number {
    return this.#more;
  }

  /** With a last line that counts what is not listed. */
  all(): ImportWarning[] {
    return this.#more > 0
      ? [...this.kept, { code: 'more', file: '', message: `${this.#more} more warnings are not listed` }]
      : this.kept;
  }
}
