// Width and height of the test pictures, which figures of an evaluation do not carry but boxes on thumbnails need.

import { call } from '../bridge/bridge.ts';
import type { ImageId } from '../../src-main/contracts/index.ts';

export interface PictureSize {
  widthPx: number;
  heightPx: number;
}

export type PictureSizes = ReadonlyMap<ImageId, PictureSize>;
export const noSizes: PictureSizes = new Map();

const PAGE = 500;

export async function testPictureSizes(): Promise<PictureSizes> {
  const sizes = new Map<ImageId, PictureSize>();
  for (let offset = 0; ; offset += PAGE) {
    const page = await call('images.page', { filter: { split: 'test' }, offset, limit: PAGE });
    for (const { id, widthPx, heightPx } of page) sizes.set(id, { widthPx, heightPx });
    if (page.length < PAGE) return sizes;
  }
}
