// The last run of a project in a few words.

import type { ProjectSummary } from '../../../src-main/contracts/index.ts';
import { percent } from '../../ui/format.ts';

const ACCURACIES = { test: 'test accuracy', selection: 'validation accuracy' };

export function lastRunText({ lastRun }: ProjectSummary): string {
  if (!lastRun) return 'none yet';
  const { accuracy, energyInBox, split, title } = lastRun;
  if (accuracy === null) return title;
  const inBox = energyInBox === null ? '' : `, in box (input gradient) ${percent(energyInBox, 0)}`;
  return `${split ? ACCURACIES[split] : 'accuracy'} ${percent(accuracy)}${inBox}`;
}
