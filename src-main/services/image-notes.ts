// What was done to pictures to make them such as are shown: said once for all that it was done to.

import type { ImportWarning } from '../contracts/imports.ts';
import type { ProbeResult } from '../contracts/worker-protocol.ts';

export function warnOfNotes(
  looked: readonly { image: { relativePath: string }; probe: ProbeResult }[],
  warn: (warning: ImportWarning) => void,
): void {
  const byText = new Map<string, { code: string; first: string; count: number }>();
  for (const { image, probe } of looked)
    for (const { code, text } of probe.notes ?? []) {
      const known = byText.get(text);
      if (known) known.count += 1;
      else byText.set(text, { code, first: image.relativePath, count: 1 });
    }
  for (const [text, { code, first, count }] of byText)
    warn(
      count === 1
        ? { code, file: first, message: text }
        : { code, file: '', message: `${count} pictures: ${text}; the first is ${first}` },
    );
}
