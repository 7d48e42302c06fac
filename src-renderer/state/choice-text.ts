// How a choice of a setting is written: the name that the field uses, made from the value that is stored.

const NAMES: Record<string, string> = {
  linf: 'L∞',
  l1: 'L1',
  l2: 'L2',
  sgd: 'SGD',
  adam: 'Adam',
  adamw: 'AdamW',
  relu: 'ReLU',
  fgsm: 'FGSM',
  pgd: 'PGD',
  apgd: 'APGD',
  'apgd-ce': 'APGD-CE',
  'apgd-dlr': 'APGD-DLR',
  cam: 'CAM',
  'grad-cam': 'Grad-CAM',
  'grad-cam-plus-plus': 'Grad-CAM++',
  hirescam: 'HiResCAM',
  layercam: 'LayerCAM',
  fullgrad: 'FullGrad',
  smoothgrad: 'SmoothGrad',
  rise: 'RISE',
  imagenet: 'ImageNet',
  one: 'single-label',
  several: 'multi-label',
};

/** In the middle of a sentence: "one cycle", "AdamW". */
export const choiceText = (choice: string): string => NAMES[choice] ?? choice.replaceAll('-', ' ');

/** Alone: "One cycle", "AdamW". */
export const choiceTitle = (choice: string): string => {
  const text = choiceText(choice);
  return text.charAt(0).toUpperCase() + text.slice(1);
};

/** A sentence of a schema with its norms written as the choices are. */
export const withNorms = (help: string): string => help.replace(/\b(linf|l1|l2)\b/g, (norm) => NAMES[norm]);
