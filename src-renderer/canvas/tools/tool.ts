// A tool is a folder: a state machine, its overlay, its cursor and its keys, with one line in registry.ts. A
// state is a value with the events it cares for; each event answers with the next state, or nothing to stay.
// Leaving a state takes back what it put on the screen.

import type { Shape } from '../../../src-main/contracts/index.ts';
import type { Palette } from '../palette.ts';
import type { CanvasShape } from '../shapes.ts';
import type { Size, Viewport, XY } from '../viewport.ts';

export interface Tool {
  readonly name: string;
  /** On its button. */
  readonly title: string;
  /** In its tooltip and on the key sheet. */
  readonly tip: string;
  readonly icon: string;
  readonly keys: readonly string[];
  /** On the key sheet instead of the keys. */
  readonly shown?: string;
  /** The state at rest; what it keeps from one gesture to the next belongs to one canvas. */
  make(): () => State;
}

export interface Pointer {
  screenPoint: XY;
  imagePoint: XY;
  /** Where the pointer was since the last event, this place included: a fast mouse is read several times a frame. */
  trail?: readonly XY[];
  shift: boolean;
  alt?: boolean;
  /** Of a pen, 0..1. */
  pressure?: number;
}

/** What a tool sees of the canvas and may do to it. */
export interface World {
  readonly viewport: Viewport;
  readonly image: Size;
  /** Drawn ones only, lowest first. */
  readonly shapes: readonly CanvasShape[];
  readonly selection: ReadonlySet<number>;
  select(ids: Iterable<number>): void;
  hover(id: number | null): void;
  cursor(name: string): void;
  panBy(dx: number, dy: number): void;
  /** Draws shapes elsewhere than they are; null shows all as they are. */
  preview(shapes: ReadonlyMap<number, Shape> | null): void;
  /** The shape being drawn. */
  draft(shape: Shape | null): void;
  /** The state's overlay looks otherwise now. */
  redraw(): void;
  /** Written at once. */
  change(changes: { id: number; shape: Shape }[]): void;
  add(shape: Shape): void;
  remove(ids: readonly number[]): void;
}

/** Where an overlay is drawn, in screen pixels. */
export interface OverlayView {
  viewport: Viewport;
  canvas: Size;
  palette: Palette;
  /** Of the class of the next shape. */
  colour: string;
  /** The pointer; null when it is elsewhere. */
  at: XY | null;
}

export interface State {
  readonly name: string;
  enter?(world: World): void;
  exit?(world: World): void;
  down?(world: World, pointer: Pointer): State | void;
  move?(world: World, pointer: Pointer): State | void;
  up?(world: World, pointer: Pointer): State | void;
  /** After the second release of a double click. */
  double?(world: World, pointer: Pointer): State | void;
  /** The next state, true for a key that was used without leaving, nothing for a key that is not the tool's. */
  key?(world: World, chord: string): State | true | void;
  /** Of Shift and the wheel; a notch is 1, up is positive. True if used. */
  wheel?(world: World, notches: number): boolean;
  /** Escape, or the pointer was taken away. */
  cancel?(world: World): State | void;
  overlay?(context: CanvasRenderingContext2D, view: OverlayView, world: World): void;
}

type EventName = 'down' | 'move' | 'up' | 'double';

export class Machine {
  #state: State;
  readonly #start: () => State;
  readonly #world: World;

  constructor(start: () => State, world: World) {
    this.#start = start;
    this.#world = world;
    this.#state = start();
    this.#state.enter?.(world);
  }

  get stateName(): string {
    return this.#state.name;
  }

  send(event: EventName, pointer: Pointer): void {
    this.#go(this.#state[event]?.(this.#world, pointer));
  }

  /** True if the tool used the key. */
  key(chord: string): boolean {
    const answer = this.#state.key?.(this.#world, chord);
    if (answer && answer !== true) this.#go(answer);
    return Boolean(answer);
  }

  wheel(notches: number): boolean {
    return this.#state.wheel?.(this.#world, notches) ?? false;
  }

  overlay(context: CanvasRenderingContext2D, view: OverlayView): void {
    this.#state.overlay?.(context, view, this.#world);
  }

  /** True if there was something to leave. */
  cancel(): boolean {
    if (!this.#state.cancel) return false;
    this.#go(this.#state.cancel(this.#world));
    return true;
  }

  /** Leaves whatever is going on, for another tool or another picture. */
  stop(): void {
    this.#state.exit?.(this.#world);
    this.#state = this.#start();
    this.#state.enter?.(this.#world);
  }

  #go(next: State | void): void {
    if (!next) return;
    this.#state.exit?.(this.#world);
    this.#state = next;
    next.enter?.(this.#world);
  }
}

/** Pointer travel up to this is a click, not a drag. */
const CLICK_PX = 4;

export function hasMoved(from: XY, to: XY): boolean {
  return Math.hypot(to.x - from.x, to.y - from.y) > CLICK_PX;
}
