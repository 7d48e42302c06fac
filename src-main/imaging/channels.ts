// How many colours a picture file has, told from its head alone: 1 for grey, else 3.

import { open } from 'node:fs/promises';
import { sniff } from './kinds.ts';

/** EXIF and colour profiles come before the frame of a JPEG. */
const HEAD_BYTES = 256 * 1024;

export async function coloursOf(file: string): Promise<1 | 3> {
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    const head = buffer.subarray(0, bytesRead);
    const kind = sniff(head);
    // Colour types 0 and 4: grey, and grey with transparency.
    if (kind === 'png') return head[25] === 0 || head[25] === 4 ? 1 : 3;
    if (kind === 'jpeg') return componentsOf(head) === 1 ? 1 : 3;
    return 3;
  } finally {
    await handle.close();
  }
}

/** Of the first frame; 0 where none is found. */
function componentsOf(jpeg: Buffer): number {
  for (let at = 2; at + 10 <= jpeg.length && jpeg[at] === 0xff;) {
    const marker = jpeg[at + 1];
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return jpeg[at + 9];
    at += 2 + jpeg.readUInt16BE(at + 2);
  }
  return 0;
}
