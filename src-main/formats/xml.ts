// Annotation files in XML. Document type declarations are refused whole, so no entity can be defined, let
// alone expanded; only XML's own five and numeric references are turned into characters.

import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { damaged } from './damage.ts';
import { decodeXml } from './encoding.ts';
import type { SourceTree } from './source.ts';

const maxXmlBytes = 16 * 1024 * 1024;
const maxSetBytes = 256 * 1024 * 1024;
/** VOC needs four levels; a file of a million nested tags is an attack on the parser's stack. */
const maxNesting = 64;

/**
 * Elements become properties, text stays text; every element is an array, so one and many read alike. Attributes, where
 * they are read, are arrays of one text under their name behind an @.
 */
export type XmlNode = { [tag: string]: (XmlNode | string)[] };

const options = {
  processEntities: false,
  parseTagValue: false,
  trimValues: true,
  ignoreDeclaration: true,
  ignorePiTags: true,
  isArray: () => true,
};
const parser = new XMLParser({ ...options, ignoreAttributes: true });
const attributesParser = new XMLParser({
  ...options,
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  parseAttributeValue: false,
});

/** @param hasAttributes  whether attributes say something: then a whole set may stand in the file, which may be larger */
export async function readXml(source: SourceTree, file: string, hasAttributes = false): Promise<XmlNode> {
  const most = hasAttributes ? maxSetBytes : maxXmlBytes;
  return parseXml(decodeXml(await source.bytes(file, most), file), file, hasAttributes);
}

function parseXml(text: string, file: string, hasAttributes = false): XmlNode {
  if (text.trim() === '') throw damaged(file, 'line 1', 'the file is empty');
  const declaration = /<!\s*(DOCTYPE|ENTITY|ELEMENT|ATTLIST|NOTATION)/i.exec(text);
  if (declaration)
    throw damaged(
      file,
      `line ${text.slice(0, declaration.index).split('\n').length}`,
      `a <!${declaration[1].toUpperCase()}> declaration is not allowed in annotations`,
    );
  checkNesting(text, file);
  const verdict = XMLValidator.validate(text);
  if (verdict !== true) {
    const { msg, line, col } = verdict.err;
    throw damaged(
      file,
      `line ${line}, column ${col}`,
      `this is no valid XML: ${msg.replace(/\s+/g, ' ').slice(0, 200)}`,
    );
  }
  try {
    return (hasAttributes ? attributesParser : parser).parse(text) as XmlNode;
  } catch (cause) {
    throw damaged(file, 'the file', `this is no valid XML: ${(cause as Error).message.slice(0, 200)}`, cause);
  }
}

function checkNesting(text: string, file: string): void {
  let depth = 0;
  for (const tag of text.matchAll(/<(\/?)[^<>!?][^<>]*?(\/?)>/g)) {
    if (tag[1] === '/') depth--;
    else if (tag[2] !== '/') depth++;
    if (depth > maxNesting)
      throw damaged(
        file,
        `line ${text.slice(0, tag.index).split('\n').length}`,
        `elements are nested more than ${maxNesting} deep`,
      );
  }
}

/** First child element of that name, as a node; null if there is none or it is mere text. */
export function childNode(node: XmlNode, tag: string): XmlNode | null {
  return childNodes(node, tag)[0] ?? null;
}

export function childNodes(node: XmlNode, tag: string): XmlNode[] {
  // Of damaged files the parser makes texts where elements were.
  const children: unknown = Object.hasOwn(node, tag) ? node[tag] : [];
  if (!Array.isArray(children)) return [];
  return children.filter((child): child is XmlNode => typeof child === 'object' && child !== null);
}

/** Text of the first child element of that name, references decoded; null if there is none. */
export function childText(node: XmlNode, tag: string): string | null {
  const child = Object.hasOwn(node, tag) ? node[tag][0] : undefined;
  return typeof child === 'string' ? decodeReferences(child) : null;
}

/** Value of an attribute, references decoded; null if there is none. */
export function attributeOf(node: XmlNode, name: string): string | null {
  const value: unknown = Object.hasOwn(node, `@${name}`) ? node[`@${name}`] : undefined;
  const first: unknown = Array.isArray(value) ? value[0] : value;
  return typeof first === 'string' ? decodeReferences(first) : null;
}

/** Text between the tags of an element, whether or not it has attributes. */
export function ownText(node: XmlNode | string): string {
  if (typeof node === 'string') return decodeReferences(node);
  const text: unknown = node['#text'];
  const first: unknown = Array.isArray(text) ? text[0] : text;
  return typeof first === 'string' ? decodeReferences(first) : '';
}

const named: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function decodeReferences(text: string): string {
  return text.replace(
    /&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(amp|lt|gt|quot|apos));/gi,
    (whole, hex, decimal, name) => {
      if (name) return named[String(name).toLowerCase()];
      const code = hex ? parseInt(String(hex), 16) : Number(decimal);
      return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    },
  );
}

/** Text made safe between tags and in double quotes. */
export const escapeXml = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
