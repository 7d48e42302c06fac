// The annotation canvas. One Konva stage of the viewport's size with three layers: the picture, the shapes
// at rest, and what moves with the pointer (selection, hover, the box being drawn, cross-hair). Each layer
// is one Konva shape that draws by itself: no node and no listener per annotation, so 2,000 of them pan and
// zoom smoothly. Hit testing is our own (hit.ts).

import Konva from 'konva/lib/Core.js';
import type { Box, Shape } from '../../src-main/contracts/index.ts';
import type { CanvasBitmap } from './bitmap.ts';
import { culled, drawDraft, drawHovered, drawLabels, drawResting, drawSelected, drawSize } from './draw.ts';
import { MaskDrawing } from './mask-drawing.ts';
import { classColourOf, readPalette, type Palette } from './palette.ts';
import type { CanvasShape } from './shapes.ts';
import { panning } from './tools/hand/panning.ts';
import { defaultTool, tools, type ToolName } from './tools/registry.ts';
import { Machine, type Pointer, type World } from './tools/tool.ts';
import {
  fit,
  panBy,
  reveal,
  toImage,
  visibleBox,
  zoomAt,
  type Size,
  type Viewport,
  type XY,
} from './viewport.ts';

interface SceneEvents {
  select(ids: Iterable<number>): void;
  change(changes: { id: number; shape: Shape }[]): void;
  add(shape: Shape): void;
  remove(ids: readonly number[]): void;
  /** Image frame; null when the pointer has left. */
  pointer(imagePoint: XY | null): void;
  viewport(viewport: Viewport): void;
  hover(id: number | null): void;
}

export class Scene {
  readonly #container: HTMLElement;
  readonly #events: SceneEvents;
  readonly #stage: Konva.Stage;
  readonly #imageLayer: Konva.Layer;
  readonly #shapeLayer: Konva.Layer;
  readonly #activeLayer: Konva.Layer;
  readonly #machines: ReadonlyMap<ToolName, Machine>;
  #machine: Machine;
  readonly #resizes: ResizeObserver;
  readonly #palette: Palette = readPalette();
  readonly #masks = new MaskDrawing(this.#palette);
  readonly #world: World;

  #size: Size = { width: 1, height: 1 };
  #image: Size = { width: 1, height: 1 };
  #bitmap: CanvasBitmap | null = null;
  #viewport: Viewport = { scale: 1, x: 0, y: 0 };
  /** The person has not zoomed or panned since the last fit, so the picture keeps fitting. */
  #fitted = true;
  #shapes: readonly CanvasShape[] = [];
  #selection: ReadonlySet<number> = new Set();
  #hovered: number | null = null;
  #preview: ReadonlyMap<number, Shape> | null = null;
  #draft: Shape | null = null;
  #draftPosition: number | null = null;
  #at: XY | null = null;
  #fill = 0.1;
  #shown = true;
  #spaceHeld = false;
  /** A pan by Space or the middle button, on top of whatever tool is chosen. */
  #pan: Machine | null = null;

  constructor(container: HTMLElement, events: SceneEvents) {
    this.#container = container;
    this.#events = events;
    this.#stage = new Konva.Stage({ container: container as HTMLDivElement, listening: false });
    // A layer draws as it is added, and the top one draws the tool's overlay.
    this.#world = this.#makeWorld();
    this.#machines = new Map(tools.map((tool) => [tool.name, new Machine(tool.make(), this.#world)]));
    this.#machine = this.#machines.get(defaultTool)!;
    const layer = (draw: (context: CanvasRenderingContext2D) => void) => {
      const made = new Konva.Layer({ listening: false });
      made.add(
        new Konva.Shape({
          listening: false,
          perfectDrawEnabled: false,
          sceneFunc: (context) => draw(context._context),
        }),
      );
      this.#stage.add(made);
      return made;
    };
    this.#imageLayer = layer((context) => this.#drawImage(context));
    this.#shapeLayer = layer((context) => this.#drawShapes(context));
    this.#activeLayer = layer((context) => this.#drawActive(context));
    this.#machine.stop();
    this.#resizes = new ResizeObserver(() => this.#resize());
    this.#resizes.observe(container);
    this.#listen();
    this.#resize();
  }

  get viewport(): Viewport {
    return this.#viewport;
  }

  /** A picture's frame at once, its bitmap when there is one; the view fits it. */
  setImage(size: Size, bitmap: CanvasBitmap | null): void {
    const isNew = bitmap === null || size.width !== this.#image.width || size.height !== this.#image.height;
    this.#bitmap = bitmap;
    if (bitmap) bitmap.ontile = () => this.#imageLayer.batchDraw();
    this.#image = size;
    if (isNew) {
      this.#machine.stop();
      this.#masks.forget();
      this.fit();
    }
    this.#redraw();
  }

  setShapes(shapes: readonly CanvasShape[]): void {
    this.#shapes = shapes;
    if (this.#hovered !== null && !shapes.some(({ id }) => id === this.#hovered)) this.#hovered = null;
    this.#redrawShapes();
  }

  setSelection(selection: ReadonlySet<number>): void {
    this.#selection = selection;
    this.#redrawShapes();
  }

  /** Shows what another part of the window points at. */
  setHovered(id: number | null): void {
    if (id === this.#hovered) return;
    this.#hovered = id;
    this.#activeLayer.batchDraw();
  }

  setTool(tool: ToolName): void {
    const next = this.#machines.get(tool)!;
    if (next === this.#machine) return;
    this.#machine.stop();
    this.#machine = next;
    next.stop();
    this.#activeLayer.batchDraw();
  }

  /** Colour of the box being drawn. */
  setDraftPosition(position: number | null): void {
    this.#draftPosition = position;
  }

  setFill(fill: number): void {
    this.#fill = fill;
    this.#redrawShapes();
  }

  setShapesShown(shown: boolean): void {
    this.#shown = shown;
    this.#machine.stop();
    this.#redrawShapes();
  }

  /** Of the picture only; -100..100 each, 0 as it is. The compositor does it, no pixel is touched. */
  setTone(brightness: number, contrast: number): void {
    const filter =
      brightness === 0 && contrast === 0
        ? ''
        : `brightness(${1 + brightness / 100}) contrast(${1 + contrast / 100})`;
    this.#imageLayer.getNativeCanvasElement().style.filter = filter;
  }

  /** While Space is held a drag pans, whatever the tool. */
  holdSpace(held: boolean): void {
    this.#spaceHeld = held;
    if (!this.#pan) this.#setCursor(held ? 'grab' : '');
  }

  /** Leaves a half-done gesture. True if there was one. */
  cancel(): boolean {
    if (this.#pan) {
      this.#pan = null;
      return true;
    }
    return this.#machine.cancel();
  }

  /** True if the tool at work used the key. */
  key(chord: string): boolean {
    return !this.#pan && this.#machine.key(chord);
  }

  fit(): void {
    this.#fitted = true;
    this.#setViewport(fit(this.#image, this.#size));
  }

  /** Round the middle of the canvas, or the pointer when it is over it. */
  zoom(factor: number, at?: XY): void {
    const point = at ?? { x: this.#size.width / 2, y: this.#size.height / 2 };
    this.#fitted = false;
    this.#setViewport(zoomAt(this.#viewport, point, factor, this.#image, this.#size));
  }

  reveal(box: Box): void {
    const next = reveal(this.#viewport, box, this.#size);
    if (next.x === this.#viewport.x && next.y === this.#viewport.y) return;
    this.#fitted = false;
    this.#setViewport(next);
  }

  destroy(): void {
    this.#resizes.disconnect();
    this.#stage.destroy();
  }

  #makeWorld(): World {
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- the getters below need both objects
    const scene = this;
    return {
      get viewport() {
        return scene.#viewport;
      },
      get image() {
        return scene.#image;
      },
      get shapes() {
        return scene.#shown ? scene.#shapes : [];
      },
      get selection() {
        return scene.#selection;
      },
      select: (ids) => this.#events.select(ids),
      hover: (id) => {
        if (id === this.#hovered) return;
        this.setHovered(id);
        this.#events.hover(id);
      },
      cursor: (name) => {
        if (!this.#spaceHeld) this.#setCursor(name);
      },
      panBy: (dx, dy) => {
        this.#fitted = false;
        this.#setViewport(panBy(this.#viewport, dx, dy, this.#image, this.#size));
      },
      preview: (shapes) => {
        this.#preview = shapes;
        this.#activeLayer.batchDraw();
      },
      draft: (shape) => {
        this.#draft = shape;
        this.#activeLayer.batchDraw();
      },
      redraw: () => void this.#activeLayer.batchDraw(),
      change: (changes) => this.#events.change(changes),
      add: (shape) => this.#events.add(shape),
      remove: (ids) => this.#events.remove(ids),
    };
  }

  #listen(): void {
    const { content } = this.#stage;
    content.addEventListener('pointerdown', (event) => {
      if (event.button > 1) return;
      const pointer = this.#pointer(event);
      content.setPointerCapture(event.pointerId);
      if (event.button === 1 || this.#spaceHeld) {
        event.preventDefault();
        this.#pan = new Machine(() => panning(pointer, () => ({ name: 'done' })), this.#world);
        this.#setCursor('grabbing');
      } else this.#machine.send('down', pointer);
    });
    content.addEventListener('pointermove', (event) => {
      const pointer = this.#pointer(event);
      this.#at = pointer.screenPoint;
      this.#events.pointer(pointer.imagePoint);
      (this.#pan ?? this.#machine).send('move', pointer);
      this.#activeLayer.batchDraw();
    });
    content.addEventListener('pointerup', (event) => {
      if (this.#pan) {
        this.#pan = null;
        this.#setCursor(this.#spaceHeld ? 'grab' : '');
      } else if (event.button === 0) this.#machine.send('up', this.#pointer(event));
    });
    content.addEventListener('dblclick', (event) => this.#machine.send('double', this.#pointer(event)));
    content.addEventListener('pointercancel', () => this.cancel());
    content.addEventListener('pointerleave', () => {
      this.#at = null;
      this.#events.pointer(null);
      this.#world.hover(null);
      this.#activeLayer.batchDraw();
    });
    content.addEventListener(
      'wheel',
      (event) => {
        event.preventDefault();
        const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
        const scrolledPx = Math.max(-240, Math.min(240, (event.deltaY || event.deltaX) * lines));
        if (event.shiftKey && this.#machine.wheel(-scrolledPx / 100)) return;
        // A pinch comes as a wheel with Ctrl and small steps.
        this.zoom(Math.exp(-scrolledPx * (event.ctrlKey ? 0.01 : 0.0016)), this.#pointer(event).screenPoint);
      },
      { passive: false },
    );
    content.addEventListener('contextmenu', (event) => event.preventDefault());
    // The middle button would start the system's scrolling.
    content.addEventListener('mousedown', (event) => event.button === 1 && event.preventDefault());
  }

  #pointer(event: MouseEvent): Pointer {
    const { left, top } = this.#stage.content.getBoundingClientRect();
    const screenPoint = { x: event.clientX - left, y: event.clientY - top };
    const pen = event instanceof PointerEvent && event.pointerType === 'pen' ? event : null;
    return {
      screenPoint,
      imagePoint: toImage(this.#viewport, screenPoint),
      // A fast mouse is read several times a frame: a stroke goes through all of the places.
      trail: coalesced(event).map(({ clientX, clientY }) =>
        toImage(this.#viewport, { x: clientX - left, y: clientY - top }),
      ),
      shift: event.shiftKey,
      alt: event.altKey,
      ...(pen && { pressure: pen.pressure }),
    };
  }

  #setCursor(name: string): void {
    this.#stage.content.style.cursor = name;
  }

  #resize(): void {
    const { clientWidth, clientHeight } = this.#container;
    if (clientWidth === 0 || clientHeight === 0) return;
    this.#size = { width: clientWidth, height: clientHeight };
    this.#stage.size(this.#size);
    if (this.#fitted) this.fit();
    this.#redraw();
  }

  #setViewport(viewport: Viewport): void {
    this.#viewport = viewport;
    this.#events.viewport(viewport);
    this.#redraw();
  }

  #redraw(): void {
    this.#imageLayer.batchDraw();
    this.#redrawShapes();
  }

  #redrawShapes(): void {
    this.#shapeLayer.batchDraw();
    this.#activeLayer.batchDraw();
  }

  #drawImage(context: CanvasRenderingContext2D): void {
    this.#bitmap?.draw(context, this.#viewport, visibleBox(this.#viewport, this.#size));
  }

  #drawShapes(context: CanvasRenderingContext2D): void {
    if (!this.#shown) return;
    const seen = culled(this.#shapes, this.#viewport, this.#size);
    this.#masks.draw(context, this.#shapes, this.#image, this.#viewport, this.#fill);
    const resting = seen.filter(({ id }) => !this.#selection.has(id));
    drawResting(context, resting, this.#viewport, { palette: this.#palette, fill: this.#fill });
    drawLabels(context, resting, this.#viewport, this.#palette);
  }

  #drawActive(context: CanvasRenderingContext2D): void {
    const palette = this.#palette;
    if (this.#shown) {
      const hovered = this.#shapes.find(({ id }) => id === this.#hovered && !this.#selection.has(id));
      if (hovered) drawHovered(context, hovered, this.#viewport, palette);
      const selected = this.#shapes
        .filter(({ id }) => this.#selection.has(id))
        .map((shape) => ({ ...shape, shape: this.#preview?.get(shape.id) ?? shape.shape }));
      const seen = culled(selected, this.#viewport, this.#size);
      for (const shape of seen) drawSelected(context, shape, this.#viewport, palette, selected.length === 1);
      drawLabels(context, seen, this.#viewport, palette);
      const only = selected.length === 1 ? selected[0] : undefined;
      if (only?.shape.kind === 'box') drawSize(context, only.shape.box, this.#viewport, palette);
    }
    const colour = classColourOf(palette, this.#draftPosition);
    if (this.#draft) {
      drawDraft(context, this.#draft, this.#viewport, palette, colour);
      if (this.#draft.kind === 'box') drawSize(context, this.#draft.box, this.#viewport, palette);
    }
    const at = this.#pan || this.#spaceHeld ? null : this.#at;
    this.#machine.overlay(context, { viewport: this.#viewport, canvas: this.#size, palette, colour, at });
  }
}

function coalesced(event: MouseEvent): readonly MouseEvent[] {
  const events = event instanceof PointerEvent ? event.getCoalescedEvents() : [];
  return events.length > 0 ? events : [event];
}
