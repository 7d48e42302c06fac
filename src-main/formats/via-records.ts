// What files of VGG Image Annotator say, whatever their version: a record a picture.

import { columnOf, readCsv } from './csv.ts';
import { damaged } from './damage.ts';
import { isRecord } from './json.ts';
import type { SourceTree } from './source.ts';

/** One picture, of any version. */
export interface FileRecord {
  name: string;
  place: string;
  attributes: Record<string, unknown>;
  regions: { shape: unknown; attributes: Record<string, unknown>; place: string }[];
}

export function recordsOf(content: unknown, file: string): FileRecord[] {
  if (!isRecord(content)) throw damaged(file, 'line 1', 'a file of VIA is one object');
  if (isRecord(content.metadata) && isRecord(content.file)) return versionThree(content, file);
  const records = isRecord(content._via_img_metadata) ? content._via_img_metadata : content;
  return Object.entries(records).flatMap(([key, entry]) => {
    const place = `"${key.slice(0, 60)}"`;
    if (key.startsWith('_via_')) return [];
    if (!isRecord(entry)) throw damaged(file, place, 'an entry is no object');
    const { filename, regions = [], file_attributes: attributes } = entry;
    if (typeof filename !== 'string' || filename === '')
      throw damaged(file, `${place}.filename`, 'the name of the picture is missing');
    if (!Array.isArray(regions) && !isRecord(regions))
      throw damaged(file, `${place}.regions`, 'this is no list');
    return [
      {
        name: filename,
        place,
        attributes: isRecord(attributes) ? attributes : {},
        regions: Object.values(regions).map((region: unknown, i) => {
          const where = `${place}.regions[${i}]`;
          if (!isRecord(region)) throw damaged(file, where, 'a region is no object');
          const { shape_attributes: shape, region_attributes: given } = region;
          return { shape, attributes: isRecord(given) ? given : {}, place: where };
        }),
      },
    ];
  });
}

/** Version 3: files, views of them, and metadata of views, by numbers; the values of attributes may be numbers of options. */
function versionThree(content: Record<string, unknown>, file: string): FileRecord[] {
  const parts = ['file', 'view', 'metadata', 'attribute'].map((name) => content[name]);
  const [files, views, metadata, attributes] = parts.map((part) => (isRecord(part) ? part : {}));
  const records = new Map<string, FileRecord>();
  for (const [id, entry] of Object.entries(files)) {
    const place = `file.${id.slice(0, 20)}`;
    if (!isRecord(entry) || typeof entry.fname !== 'string')
      throw damaged(file, place, 'the name of the picture is missing');
    records.set(id, { name: entry.fname, place, attributes: {}, regions: [] });
  }
  const named = (values: unknown): Record<string, unknown> =>
    isRecord(values)
      ? Object.fromEntries(
          Object.entries(values).map(([id, value]) => {
            const attribute = attributes[id];
            if (!isRecord(attribute)) return [id, value];
            const { aname, options } = attribute;
            const option = isRecord(options) && typeof value === 'string' ? options[value] : undefined;
            return [typeof aname === 'string' ? aname : id, typeof option === 'string' ? option : value];
          }),
        )
      : {};
  for (const [id, entry] of Object.entries(metadata)) {
    const place = `metadata.${id.slice(0, 20)}`;
    if (!isRecord(entry)) throw damaged(file, place, 'an entry is no object');
    const view = views[String(entry.vid)];
    const record =
      isRecord(view) && Array.isArray(view.fid_list) ? records.get(String(view.fid_list[0])) : undefined;
    if (record === undefined) continue;
    if (Array.isArray(entry.xy) && entry.xy.length > 0)
      record.regions.push({ shape: entry.xy, attributes: named(entry.av), place });
    else Object.assign(record.attributes, named(entry.av));
  }
  return [...records.values()];
}

export async function csvRecords(source: SourceTree, file: string): Promise<FileRecord[]> {
  const { columns: written, rows } = await readCsv(source, file);
  // Version 1 puts a # before the first name.
  const table = { columns: written.map((name) => name.replace(/^#/, '')), rows };
  const at = (name: string) => columnOf(table, name, file);
  const columns = ['filename', 'file_attributes', 'region_shape_attributes', 'region_attributes'].map(at);
  const records = new Map<string, FileRecord>();
  for (const { fields, place } of table.rows) {
    const [name, ofFile, shape, ofRegion] = columns.map((column) => fields[column]);
    const object = (text: string): Record<string, unknown> => {
      if (text === '') return {};
      try {
        const value: unknown = JSON.parse(text);
        if (isRecord(value)) return value;
      } catch (cause) {
        throw damaged(file, place, `"${text.slice(0, 40)}" is no valid JSON`, cause);
      }
      throw damaged(file, place, `"${text.slice(0, 40)}" is no object`);
    };
    const record = records.get(name) ?? { name, place, attributes: object(ofFile), regions: [] };
    records.set(name, record);
    const drawn = object(shape);
    if (Object.keys(drawn).length > 0)
      record.regions.push({ shape: drawn, attributes: object(ofRegion), place });
  }
  return [...records.values()];
}
