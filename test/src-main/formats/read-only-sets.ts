// Small sets of formats that are read and not written, for the tests that damage them.

import { madeMat } from './made-mat.ts';

const numbers = (...values: number[]) => ({ sizes: [1, values.length], values: Float64Array.from(values) });
const point = (x: number, y: number) => `<pt><x>${x}</x><y>${y}</y></pt>`;

/** By format; a list of names where pictures lie. */
export const readOnlySets: Record<string, { labels: Record<string, string | Uint8Array>; images: string[] }> =
  {
    gtsrb: {
      labels: {
        'Final_Training/Images/00000/GT-00000.csv':
          'Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId\n00000.png;10;10;1;2;9;8;0\n00001.png;10;10;2;2;8;8;0\n',
      },
      images: ['Final_Training/Images/00000/00000.png', 'Final_Training/Images/00000/00001.png'],
    },
    'imagenet-loc': {
      labels: {
        'LOC_synset_mapping.txt': 'n01 tench, Tinca tinca\nn02 crane, a bird\n',
        'LOC_train_solution.csv': 'ImageId,PredictionString\nn01_7,n01 1 2 5 6 n01 0 0 3 3 \n',
      },
      images: ['Data/CLS-LOC/train/n01/n01_7.png'],
    },
    'labelme-xml': {
      labels: {
        'Annotations/a.xml': `<annotation><filename>a.png</filename><folder></folder><source><sourceImage>x</sourceImage></source><object><name>car</name><deleted>0</deleted><occluded>yes</occluded><attributes>red, side=left</attributes><polygon>${point(1, 1)}${point(8, 1)}${point(8, 7)}</polygon></object><imagesize><nrows>10</nrows><ncols>10</ncols></imagesize></annotation>`,
      },
      images: ['Images/a.png'],
    },
    flowers: {
      labels: {
        'imagelabels.mat': madeMat({ labels: numbers(7, 2, 7) }),
        'setid.mat': madeMat({ trnid: numbers(3), valid: numbers(1), tstid: numbers(2) }, false),
        'cat_to_name.json': '{"7": "moon orchid"}',
      },
      images: ['jpg/image_00001.png', 'jpg/image_00002.png', 'jpg/image_00003.png'],
    },
  };
