// Width and height of the test pictures, which figures of an evaluation do not carry but boxes on thumbnails need.

import { call } from '../bridge/bridge.ts';
import type { ImageId } from '../../src-main/contracts/index.ts';

export interface ImageSize {
  widthPx: number;
  heightPx: number;
}

export type ImageSizes = ReadonlyMap<ImageId, ImageSize>;
export const noSizes: ImageSizes = new Map();

const PAGE = 500;

export async function testImageSizes(): Promise<ImageSizes> {
  const sizes = new Map<ImageId, ImageSize>();
  for (let offset = 0; ; offset += PAGE) {
    const page = await call('images.page', { filter: { split: 'test' }, offset, limit: PAGE });
    for (const { id, widthPx, heightPx } of page) sizes.set(id, { widthPx, heightPx });
    if (page.length < PAGE) return sizes;
  }
}
