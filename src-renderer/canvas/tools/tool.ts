// A tool is a state machine. A state is a value with the events it cares for; each event answers with the
// next state, or nothing to stay. Leaving a state takes back what it put on the screen.

import type { Box, Shape } from '../../../src-main/contracts/index.ts';
import type { CanvasShape } from '../shapes.ts';
import type { Size, Viewport, XY } from '../viewport.ts';

export interface Pointer {
  screenPoint: XY;
  imagePoint: XY;
  shift: boolean;
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
  /** The box being drawn. */
  draft(box: Box | null): void;
  /** Written at once. */
  change(changes: { id: number; shape: Shape }[]): void;
  add(shape: Shape): void;
}

export interface State {
  readonly name: string;
  enter?(world: World): void;
  exit?(world: World): void;
  down?(world: World, pointer: Pointer): State | void;
  move?(world: World, pointer: Pointer): State | void;
  up?(world: World, pointer: Pointer): State | void;
  /** Escape, or the pointer was taken away. */
  cancel?(world: World): State | void;
}

type EventName = 'down' | 'move' | 'up';

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
