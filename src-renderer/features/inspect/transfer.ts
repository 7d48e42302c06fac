// Which other runs a picture can be attacked with: their network must take the same pictures and know the same classes.

import type { Run } from '../../../src-main/contracts/runs.ts';

export function transferSources(run: Run, others: readonly Run[]): Run[] {
  const classesOf = ({ trainedOn }: Run) => trainedOn.classes.map(({ classId }) => classId).join();
  return others.filter(
    (other) =>
      other.id !== run.id && other.config.sizePx === run.config.sizePx && classesOf(other) === classesOf(run),
  );
}
