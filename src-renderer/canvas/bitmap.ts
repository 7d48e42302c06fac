// The pixels of one picture, ready to draw. A picture larger than a screen has an overview for when it is
// small on the screen: shrinking it anew in each frame would cost most of the frame. Above 24 megapixels
// it is also cut into tiles on demand, since a bitmap of 100 megapixels fits no texture.

import type { Box } from '../../src-main/contracts/index.ts';
import type { Size, Viewport } from './viewport.ts';

const WHOLE_MEGAPIXELS = 24;
/** Longer side from which a picture has an overview, and the overview's. */
const OVERVIEW_FROM_PX = 3000;
const OVERVIEW_SIDE_PX = 2048;
const TILE_PX = 1024;
const MOST_TILES = 96;
/** From this enlargement on single pixels are shown as squares, so that an edge can be put exactly. */
const SHARP_SCALE = 6;

export class CanvasBitmap {
  readonly #full: ImageBitmap;
  readonly #overview: ImageBitmap | null;
  /** Frame of the annotations; the bitmap may be a smaller rendition of it. */
  readonly #frame: Size;
  /** Oldest use first. */
  readonly #tiles = new Map<string, ImageBitmap | null>();
  /** Called when a tile that was missing is there. */
  ontile: () => void = () => undefined;

  private constructor(full: ImageBitmap, overview: ImageBitmap | null, frame: Size) {
    this.#full = full;
    this.#overview = overview;
    this.#frame = frame;
  }

  static async load(address: string, frame: Size, signal: AbortSignal): Promise<CanvasBitmap> {
    const response = await fetch(address, { signal });
    if (!response.ok) {
      const reason = (await response.text()).slice(0, 300);
      throw new Error(reason || `the picture cannot be read (${response.status})`);
    }
    const full = await createImageBitmap(await response.blob());
    const side = Math.max(full.width, full.height);
    if (side < OVERVIEW_FROM_PX) return new CanvasBitmap(full, null, frame);
    const share = OVERVIEW_SIDE_PX / side;
    const overview = await createImageBitmap(full, {
      resizeWidth: Math.round(full.width * share),
      resizeHeight: Math.round(full.height * share),
      resizeQuality: 'high',
    });
    return new CanvasBitmap(full, overview, frame);
  }

  /** Draws into a context whose units are screen pixels. `seen` is the visible part, image frame. */
  draw(context: CanvasRenderingContext2D, viewport: Viewport, seen: Box): void {
    const { width, height } = this.#frame;
    context.save();
    context.translate(viewport.x, viewport.y);
    context.scale(viewport.scale, viewport.scale);
    context.imageSmoothingEnabled = viewport.scale < SHARP_SCALE;
    const source = this.#sourceFor(viewport.scale * devicePixelRatio);
    // Enlarged, bilinear looks the same as the dearer filters; shrunk by more than half, it would flicker.
    const ratio = source.width / width; // bitmap pixels per picture pixel
    context.imageSmoothingQuality = viewport.scale * devicePixelRatio < ratio / 2 ? 'medium' : 'low';
    context.drawImage(source, 0, 0, width, height);
    if (source !== this.#full && viewport.scale * devicePixelRatio > ratio)
      this.#drawTiles(context, seen, this.#full.width / width);
    context.restore();
  }

  /** The overview where it is fine enough, and as the ground under tiles. */
  #sourceFor(devicePixelsPerPixel: number): ImageBitmap {
    if (!this.#overview) return this.#full;
    const isTiled = this.#full.width * this.#full.height > WHOLE_MEGAPIXELS * 1e6;
    const isFine = devicePixelsPerPixel <= this.#overview.width / this.#frame.width;
    return isTiled || isFine ? this.#overview : this.#full;
  }

  close(): void {
    this.ontile = () => undefined;
    this.#full.close();
    this.#overview?.close();
    for (const tile of this.#tiles.values()) tile?.close();
    this.#tiles.clear();
  }

  #drawTiles(context: CanvasRenderingContext2D, seen: Box, ratio: number): void {
    const last = (side: number) => Math.ceil(side / TILE_PX) - 1;
    const place = (value: number) => Math.floor((value * ratio) / TILE_PX);
    const columns = [
      Math.max(0, place(seen.x)),
      Math.min(last(this.#full.width), place(seen.x + seen.width)),
    ];
    const rows = [Math.max(0, place(seen.y)), Math.min(last(this.#full.height), place(seen.y + seen.height))];
    for (let row = rows[0]!; row <= rows[1]!; row += 1)
      for (let column = columns[0]!; column <= columns[1]!; column += 1) {
        const tile = this.#tile(column, row);
        if (tile)
          context.drawImage(
            tile,
            (column * TILE_PX) / ratio,
            (row * TILE_PX) / ratio,
            tile.width / ratio,
            tile.height / ratio,
          );
      }
  }

  #tile(column: number, row: number): ImageBitmap | null {
    const key = `${column},${row}`;
    const known = this.#tiles.get(key);
    if (known !== undefined) {
      this.#tiles.delete(key);
      this.#tiles.set(key, known);
      return known;
    }
    this.#tiles.set(key, null);
    const x = column * TILE_PX;
    const y = row * TILE_PX;
    const width = Math.min(TILE_PX, this.#full.width - x);
    const height = Math.min(TILE_PX, this.#full.height - y);
    void createImageBitmap(this.#full, x, y, width, height).then(
      (tile) => {
        if (!this.#tiles.has(key)) return tile.close();
        this.#tiles.set(key, tile);
        for (const [oldKey, old] of this.#tiles) {
          if (this.#tiles.size <= MOST_TILES) break;
          old?.close();
          this.#tiles.delete(oldKey);
        }
        this.ontile();
      },
      () => this.#tiles.delete(key), // closed meanwhile
    );
    return null;
  }
}
