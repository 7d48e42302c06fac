// The tools as state machines, driven by pointer events on a world without a canvas.

import { beforeEach, describe, expect, test } from 'vitest';
import type { Box, Shape } from '../../../src-main/contracts/index.ts';
import { boxIdle } from '../../../src-renderer/canvas/tools/box/idle.ts';
import { hand } from '../../../src-renderer/canvas/tools/panning.ts';
import { idle } from '../../../src-renderer/canvas/tools/select/idle.ts';
import { Machine, type State, type World } from '../../../src-renderer/canvas/tools/tool.ts';
import type { CanvasShape } from '../../../src-renderer/canvas/shapes.ts';

/** Image and screen frame are the same, so that a point means one thing. */
class Desk implements World {
  viewport = { scale: 1, x: 0, y: 0 };
  image = { width: 200, height: 100 };
  shapes: CanvasShape[] = [];
  selection = new Set<number>();
  hovered: number | null = null;
  shownCursor = '';
  panned = { x: 0, y: 0 };
  previewed: ReadonlyMap<number, Shape> | null = null;
  drafted: Box | null = null;
  changes: { id: number; shape: Shape }[][] = [];
  added: Shape[] = [];

  select(ids: Iterable<number>) {
    this.selection = new Set(ids);
  }
  hover(id: number | null) {
    this.hovered = id;
  }
  cursor(name: string) {
    this.shownCursor = name;
  }
  panBy(x: number, y: number) {
    this.panned = { x: this.panned.x + x, y: this.panned.y + y };
  }
  preview(shapes: ReadonlyMap<number, Shape> | null) {
    this.previewed = shapes;
  }
  draft(box: Box | null) {
    this.drafted = box;
  }
  change(changes: { id: number; shape: Shape }[]) {
    this.changes.push(changes);
  }
  add(shape: Shape) {
    this.added.push(shape);
  }
}

const boxShape = (id: number, x: number, y: number, width: number, height: number, locked = false) => ({
  id,
  shape: { kind: 'box' as const, box: { x, y, width, height } },
  position: 1,
  label: '',
  locked,
});

let desk: Desk;
let machine: Machine;
const use = (tool: () => State) => (machine = new Machine(tool, desk));
const send = (event: 'down' | 'move' | 'up', x: number, y: number, shift = false) =>
  machine.send(event, { screenPoint: { x, y }, imagePoint: { x, y }, shift });
const drag = (x1: number, y1: number, x2: number, y2: number) => {
  send('down', x1, y1);
  send('move', (x1 + x2) / 2, (y1 + y2) / 2);
  send('move', x2, y2);
  send('up', x2, y2);
};

beforeEach(() => {
  desk = new Desk();
});

describe('box tool', () => {
  beforeEach(() => use(boxIdle));

  test('a drag draws one box and the tool stays', () => {
    drag(10, 20, 60, 50);
    expect(desk.added).toEqual([{ kind: 'box', box: { x: 10, y: 20, width: 50, height: 30 } }]);
    expect(desk.drafted).toBeNull();
    expect(machine.stateName).toBe('idle');
    drag(100, 20, 120, 50);
    expect(desk.added).toHaveLength(2);
  });

  test('two clicks draw the same box, with the draft following in between', () => {
    send('down', 10, 20);
    send('up', 10, 20);
    expect(machine.stateName).toBe('drawing');
    send('move', 40, 40);
    expect(desk.drafted).toEqual({ x: 10, y: 20, width: 30, height: 20 });
    send('down', 60, 50);
    send('up', 60, 50);
    expect(desk.added).toEqual([{ kind: 'box', box: { x: 10, y: 20, width: 50, height: 30 } }]);
    expect(machine.stateName).toBe('idle');
  });

  test('a double click in one place draws nothing yet', () => {
    for (let count = 0; count < 2; count += 1) {
      send('down', 10, 20);
      send('up', 11, 20);
    }
    expect(desk.added).toEqual([]);
    expect(machine.stateName).toBe('drawing');
  });

  test('Escape drops the box that is being drawn', () => {
    send('down', 10, 20);
    send('move', 60, 50);
    expect(machine.cancel()).toBe(true);
    expect(desk.drafted).toBeNull();
    send('up', 60, 50);
    expect(desk.added).toEqual([]);
    expect(machine.cancel()).toBe(false);
  });

  test('a box without area is not made', () => {
    drag(10, 20, 60, 20);
    expect(desk.added).toEqual([]);
  });

  test('draws over existing boxes', () => {
    desk.shapes = [boxShape(1, 0, 0, 100, 100)];
    drag(10, 20, 60, 50);
    expect(desk.added).toHaveLength(1);
    expect(desk.changes).toEqual([]);
  });

  test('takes a visible handle of the selected box, and then goes on drawing', () => {
    desk.shapes = [boxShape(1, 20, 20, 40, 40)];
    desk.selection = new Set([1]);
    drag(60, 60, 80, 70);
    expect(desk.changes).toEqual([
      [{ id: 1, shape: { kind: 'box', box: { x: 20, y: 20, width: 60, height: 50 } } }],
    ]);
    expect(desk.added).toEqual([]);
    expect(machine.stateName).toBe('idle');
    expect(desk.shownCursor).toBe('crosshair');
  });
});

describe('select tool', () => {
  beforeEach(() => {
    desk.shapes = [boxShape(1, 10, 10, 40, 40), boxShape(2, 100, 10, 40, 40)];
    use(idle);
  });

  test('a click selects, a click beside it deselects', () => {
    send('down', 30, 30);
    send('up', 30, 30);
    expect([...desk.selection]).toEqual([1]);
    send('down', 80, 80);
    send('up', 80, 80);
    expect([...desk.selection]).toEqual([]);
  });

  test('Shift adds and takes away', () => {
    send('down', 30, 30);
    send('up', 30, 30);
    send('down', 120, 30, true);
    send('up', 120, 30, true);
    expect([...desk.selection]).toEqual([1, 2]);
    send('down', 30, 30, true);
    send('up', 30, 30, true);
    expect([...desk.selection]).toEqual([2]);
  });

  test('press and drag moves a shape that was not selected', () => {
    drag(30, 30, 40, 35);
    expect(desk.changes).toEqual([
      [{ id: 1, shape: { kind: 'box', box: { x: 20, y: 15, width: 40, height: 40 } } }],
    ]);
    expect(desk.previewed).toBeNull();
  });

  test('a small tremble of the hand is a click', () => {
    drag(30, 30, 32, 31);
    expect(desk.changes).toEqual([]);
    expect([...desk.selection]).toEqual([1]);
  });

  test('several shapes move together, and stop together at the edge', () => {
    desk.selection = new Set([1, 2]);
    drag(30, 30, 300, 30);
    const [changes] = desk.changes;
    expect(changes?.map(({ shape }) => shape.kind === 'box' && shape.box.x)).toEqual([70, 160]);
  });

  test('a click on one of several selected keeps that one', () => {
    desk.selection = new Set([1, 2]);
    send('down', 30, 30);
    send('up', 30, 30);
    expect([...desk.selection]).toEqual([1]);
  });

  test('Escape while moving puts everything back', () => {
    send('down', 30, 30);
    send('move', 60, 60);
    expect(desk.previewed?.size).toBe(1);
    machine.cancel();
    send('up', 60, 60);
    expect(desk.previewed).toBeNull();
    expect(desk.changes).toEqual([]);
  });

  test('moving there and back is no edit', () => {
    send('down', 30, 30);
    send('move', 60, 60);
    send('move', 30, 30);
    send('up', 30, 30);
    expect(desk.changes).toEqual([]);
  });

  test('a locked shape is selected but does not move', () => {
    desk.shapes = [boxShape(1, 10, 10, 40, 40, true)];
    drag(30, 30, 60, 60);
    expect([...desk.selection]).toEqual([1]);
    expect(desk.changes).toEqual([]);
  });

  test('a handle resizes, and shows so before it is pressed', () => {
    desk.selection = new Set([1]);
    send('move', 50, 50);
    expect(desk.shownCursor).toBe('nwse-resize');
    send('down', 50, 50);
    send('move', 70, 60);
    expect(machine.stateName).toBe('resizing');
    expect(desk.previewed?.get(1)).toEqual({ kind: 'box', box: { x: 10, y: 10, width: 60, height: 50 } });
    send('up', 70, 60);
    expect(desk.changes).toHaveLength(1);
    expect(desk.previewed).toBeNull();
  });

  test('a handle pressed and let go is no edit', () => {
    desk.selection = new Set([1]);
    send('down', 50, 50);
    send('up', 50, 50);
    expect(desk.changes).toEqual([]);
  });

  test('a drag that starts on nothing pans', () => {
    drag(80, 80, 90, 60);
    expect(desk.panned).toEqual({ x: 10, y: -20 });
    expect(desk.changes).toEqual([]);
  });

  test('says what lies under the pointer', () => {
    send('move', 30, 30);
    expect(desk.hovered).toBe(1);
    send('move', 80, 80);
    expect(desk.hovered).toBeNull();
  });
});

test('the hand pans and nothing else', () => {
  desk.shapes = [boxShape(1, 10, 10, 40, 40)];
  use(hand);
  drag(30, 30, 50, 20);
  expect(desk.panned).toEqual({ x: 20, y: -10 });
  expect(desk.selection.size).toBe(0);
  expect(machine.stateName).toBe('hand');
});
