// The calls of the use cases. A root that serves them gives them to its core.

import { annotationHandlers } from './annotations.ts';
import { appHandlers } from './app.ts';
import { attackHandlers } from './attacks.ts';
import { classHandlers } from './classes.ts';
import { comparisonHandlers } from './comparisons.ts';
import { evaluationHandlers } from './evaluations.ts';
import { explanationHandlers } from './explanations.ts';
import { exportHandlers } from './exports.ts';
import { imageHandlers } from './images.ts';
import { importPreviewHandlers } from './import-preview.ts';
import { importHandlers } from './imports.ts';
import { methodHandlers } from './methods.ts';
import { modelExportHandlers } from './model-exports.ts';
import { projectHandlers } from './projects.ts';
import { runHandlers } from './runs.ts';
import { splitHandlers } from './splits.ts';
import { sweepTaskHandlers } from './sweep-tasks.ts';
import { sweepHandlers } from './sweeps.ts';
import { weightsHandlers } from './weights.ts';

export const services = {
  ...annotationHandlers,
  ...appHandlers,
  ...attackHandlers,
  ...classHandlers,
  ...comparisonHandlers,
  ...evaluationHandlers,
  ...explanationHandlers,
  ...exportHandlers,
  ...imageHandlers,
  ...importHandlers,
  ...importPreviewHandlers,
  ...methodHandlers,
  ...modelExportHandlers,
  ...projectHandlers,
  ...runHandlers,
  ...splitHandlers,
  ...sweepHandlers,
  ...sweepTaskHandlers,
  ...weightsHandlers,
};
