// LabelMe, the web tool (Russell et al. 2008; version 3 and before): an XML file a picture with outlines by their points.

import type { Point } from '../contracts/geometry.ts';
import { filesLike, likelyFiles } from './candidates.ts';
import { damaged } from './damage.ts';
import type { Format, ImportedShape } from './format.ts';
import { Gathering, plainAttributes, sizeGiven } from './gathering.ts';
import { folderOf } from './paths.ts';
import { checkedClassName, CountedWarning, numberFrom } from './words.ts';
import { childNode, childNodes, childText, readXml, type XmlNode } from './xml.ts';

export const labelmeXml: Format = {
  id: 'labelme-xml',
  title: 'LabelMe XML',

  async detect(source) {
    const files = await likelyFiles(source, /\.xml$/i, isLabelmeXml);
    return files.length > 0
      ? { score: 0.9, reason: `${files[0]} has outlines of LabelMe`, files: files.length }
      : { score: 0, reason: 'no XML file of LabelMe' };
  },

  async read(source, sink) {
    const gathering = new Gathering(source, sink);
    const masks = new CountedWarning('dropped-shape', '');
    for (const file of await filesLike(source, /\.xml$/i, isLabelmeXml)) {
      sink.signal.throwIfAborted();
      const root = childNode(await readXml(source, file), 'annotation');
      if (root === null) throw damaged(file, 'line 1', 'this XML file is no annotation');
      const name = childText(root, 'filename')?.trim() ?? '';
      const folder = childText(root, 'folder')?.trim() ?? '';
      if (name === '') throw damaged(file, 'filename', 'the name of the picture is missing');
      const mirrored = folderOf(file).replace(/(^|\/)annotations?(?=\/|$)/i, '$1Images');
      const written =
        source.index.at([folder, name].filter(Boolean).join('/')) === null ? name : `${folder}/${name}`;
      const image = gathering.find(
        written,
        [folderOf(file), mirrored, ''],
        { file, place: 'filename' },
        folder,
      );
      if (image === null) continue;
      const size = childNode(root, 'imagesize');
      if (size) image.declaredSize ??= sizeGiven(childText(size, 'ncols'), childText(size, 'nrows'));
      childNodes(root, 'object').forEach((object, i) => {
        const place = `object ${i + 1}`;
        if (childText(object, 'deleted')?.trim() === '1') return;
        const shape = shapeOf(object, file, place);
        if (shape === null) return masks.add(`${file}, ${place}`);
        image.annotations.push({
          className: checkedClassName(childText(object, 'name'), file, `${place}, name`),
          shape,
          place,
          attributes: attributesOf(object),
        });
      });
    }
    masks.report(sink, 'objects without an outline of three points are left out');
    gathering.addBeside();
    gathering.handOn();
  },
};

const isLabelmeXml = (head: string): boolean =>
  /<annotation[\s>]/.test(head) && /<(sourceImage|sourceAnnotation|polygon|pt)[\s>]/.test(head);

function shapeOf(object: XmlNode, file: string, place: string): ImportedShape | null {
  const polygon = childNode(object, 'polygon');
  const ring = (polygon === null ? [] : childNodes(polygon, 'pt')).map((point, i): Point => {
    const at = (axis: string) => numberFrom(childText(point, axis), file, `${place}, pt ${i + 1}`);
    return [at('x'), at('y')];
  });
  if (ring.length < 3) return null;
  if (childText(object, 'type')?.trim() !== 'bounding_box') return { kind: 'polygon', rings: [ring] };
  const [xs, ys] = [0, 1].map((axis) => ring.map((point) => point[axis]));
  const [x, y] = [Math.min(...xs), Math.min(...ys)];
  return { kind: 'box', box: { x, y, width: Math.max(...xs) - x, height: Math.max(...ys) - y } };
}

/** "red, side=left": a word is a mark that is set. */
function attributesOf(object: XmlNode): Record<string, string> {
  const words = (childText(object, 'attributes') ?? '').split(',').map((word) => word.trim());
  return plainAttributes([
    ...(childText(object, 'occluded')?.trim() === 'yes' ? [['occluded', 'yes'] as const] : []),
    ...words.map((word): [string, string] => {
      const [name, value = 'yes'] = word.split('=');
      return [name.trim(), value.trim()];
    }),
  ]);
}
