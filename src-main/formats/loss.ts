// What a format cannot hold of a set, counted before anything is written.

import type { Point, Shape } from '../contracts/geometry.ts';
import { bridged, outlineOfMask } from '../imaging/index.ts';
import type { ExportAnnotation, ExportDataset, ExportImage, Loss } from './format.ts';

type Drawn = 'box' | 'polygon' | 'holes' | 'mask';

/** A polygon of several rings has holes or parts. */
const drawn = ({ shape }: ExportAnnotation): Drawn =>
  shape.kind === 'polygon' && shape.rings.length > 1 ? 'holes' : shape.kind;

/** Shapes of these kinds, of which that is to be said. */
export function drawnAs(dataset: ExportDataset, kinds: readonly Drawn[], what: string): Loss[] {
  return counted(
    what,
    shapesWhere(dataset, (one) => kinds.includes(drawn(one))),
  );
}

/** Shapes without a class, on pictures without one, for formats in which every shape has one. */
export function unnamedLoss(dataset: ExportDataset): Loss[] {
  return counted(
    'shapes without a class are not written',
    shapesWhere(dataset, ({ className }, image) => className === null && image.className === null),
  );
}

export const attributesLoss = (dataset: ExportDataset): Loss[] =>
  counted(
    'pictures have attributes, which are not written',
    imagesWhere(dataset, ({ attributes }) => attributes !== undefined && Object.keys(attributes).length > 0),
  );

/** Of shapes. @param isHeld  whether the format has a place for an attribute */
export const shapeAttributesLoss = (
  dataset: ExportDataset,
  isHeld: (name: string, value: string) => boolean = () => false,
): Loss[] =>
  counted(
    'shapes have attributes, which are not written',
    shapesWhere(dataset, ({ attributes = {} }) =>
      Object.entries(attributes).some(([name, value]) => !isHeld(name, value)),
    ),
  );

export const crowdLoss = (dataset: ExportDataset): Loss[] =>
  counted(
    'crowds are written as single objects',
    shapesWhere(dataset, ({ isCrowd }) => isCrowd === true),
  );

export const splitLoss = (dataset: ExportDataset): Loss[] =>
  counted(
    'pictures are of a part of the split, which is not written',
    imagesWhere(dataset, ({ split }) => split !== null),
  );

/** For formats that know shapes only. */
export const classLoss = (dataset: ExportDataset): Loss[] =>
  counted(
    'classes of pictures are not written where no shape has them',
    imagesWhere(
      dataset,
      ({ className, annotations }) =>
        className !== null && !annotations.some((one) => (one.className ?? className) === className),
    ),
  );

export const counted = (what: string, count: number): Loss[] => (count > 0 ? [{ what, count }] : []);

const imagesWhere = (dataset: ExportDataset, is: (image: ExportImage) => boolean): number =>
  dataset.images.filter(is).length;

export const shapesWhere = (
  dataset: ExportDataset,
  is: (annotation: ExportAnnotation, image: ExportImage) => boolean,
): number =>
  dataset.images.reduce(
    (sum, image) => sum + image.annotations.filter((annotation) => is(annotation, image)).length,
    0,
  );

/** Any shape as one closed path; filled even-odd it is the shape. */
export function pathOf(shape: Shape): Point[] {
  if (shape.kind === 'box') {
    const { x, y, width, height } = shape.box;
    return [
      [x, y],
      [x + width, y],
      [x + width, y + height],
      [x, y + height],
    ];
  }
  const rings = shape.kind === 'polygon' ? shape.rings : outlineOfMask(shape.rle);
  return rings.length === 0 ? [] : bridged(rings);
}
