// The tools as state machines, driven by pointer events on a world without a canvas.

import { beforeEach, describe, expect, test } from 'vitest';
import type { Shape } from '../../../src-main/contracts/index.ts';
import { boxIdle } from '../../../src-renderer/canvas/tools/box/idle.ts';
import { brushIdle } from '../../../src-renderer/canvas/tools/brush/tool.ts';
import { stepped } from '../../../src-renderer/canvas/tools/brush/size.ts';
import { hand } from '../../../src-renderer/canvas/tools/hand/tool.ts';
import { polygonIdle } from '../../../src-renderer/canvas/tools/polygon/tool.ts';
import { tools } from '../../../src-renderer/canvas/tools/registry.ts';
import { selectIdle } from '../../../src-renderer/canvas/tools/select/idle.ts';
import { Machine, type State, type World } from '../../../src-renderer/canvas/tools/tool.ts';
import { area, bounds, type CanvasShape } from '../../../src-renderer/canvas/shapes.ts';

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
  drafted: Shape | null = null;
  removed: number[] = [];
  redrawn = 0;
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
  draft(shape: Shape | null) {
    this.drafted = shape;
  }
  redraw() {
    this.redrawn += 1;
  }
  remove(ids: readonly number[]) {
    this.removed.push(...ids);
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
const send = (event: 'down' | 'move' | 'up' | 'double', x: number, y: number, shift = false) =>
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
    expect(desk.drafted).toEqual({ kind: 'box', box: { x: 10, y: 20, width: 30, height: 20 } });
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
    use(selectIdle());
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

  test('a drag that starts on nothing selects what it meets, and Escape gives back what was selected', () => {
    drag(60, 5, 5, 60);
    expect([...desk.selection]).toEqual([1]);
    send('down', 60, 5);
    send('move', 160, 60);
    expect([...desk.selection]).toEqual([2]);
    expect(machine.stateName).toBe('banding');
    machine.cancel();
    expect(desk.selection.size).toBe(0);
    expect(desk.panned).toEqual({ x: 0, y: 0 });
  });

  test('with Shift a rubber band adds, and may start on a shape', () => {
    desk.selection = new Set([2]);
    send('down', 30, 30, true);
    send('move', 5, 5, true);
    send('up', 5, 5, true);
    expect([...desk.selection].sort()).toEqual([1, 2]);
    expect(desk.changes).toEqual([]);
  });

  test('a rubber band inside a box that fills the picture means what lies in it', () => {
    desk.shapes = [boxShape(9, 0, 0, 200, 100), ...desk.shapes];
    send('down', 5, 5, true);
    send('move', 60, 60, true);
    send('up', 60, 60, true);
    expect([...desk.selection]).toEqual([1]);
  });

  test('clicks in one place reach the shapes below one after the other', () => {
    desk.shapes = [boxShape(9, 0, 0, 200, 100), ...desk.shapes];
    const clicked = [1, 2, 3].map(() => {
      send('down', 30, 30);
      send('up', 30, 30);
      return [...desk.selection];
    });
    expect(clicked).toEqual([[1], [9], [1]]);
    send('down', 120, 30);
    send('up', 120, 30);
    expect([...desk.selection]).toEqual([2]);
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

describe('polygon tool', () => {
  beforeEach(() => use(polygonIdle));
  const click = (x: number, y: number) => {
    send('down', x, y);
    send('up', x, y);
  };
  const triangle: Shape = {
    kind: 'polygon',
    rings: [
      [
        [20, 20],
        [80, 20],
        [50, 70],
      ],
    ],
  };

  test('clicks set points, a click on the first closes', () => {
    click(20, 20);
    click(80, 20);
    click(50, 70);
    click(22, 21);
    expect(desk.added).toEqual([triangle]);
    expect(machine.stateName).toBe('idle');
  });

  test('a double click closes and its second press sets no point', () => {
    click(20, 20);
    click(80, 20);
    click(50, 70);
    click(51, 70);
    send('double', 51, 70);
    expect(desk.added).toEqual([triangle]);
  });

  test('Enter closes, Backspace takes the last point back and at last the polygon', () => {
    click(20, 20);
    click(80, 20);
    click(50, 70);
    click(90, 90);
    expect(machine.key('Backspace')).toBe(true);
    expect(machine.key('Enter')).toBe(true);
    expect(desk.added).toEqual([triangle]);
    click(20, 20);
    machine.key('Backspace');
    expect(machine.stateName).toBe('idle');
    expect(machine.key('Backspace')).toBe(false);
  });

  test('Escape keeps nothing, and two points are no polygon', () => {
    click(20, 20);
    click(80, 20);
    click(50, 70);
    machine.cancel();
    click(20, 20);
    click(80, 20);
    machine.key('Enter');
    expect(desk.added).toEqual([]);
    expect(machine.stateName).toBe('idle');
  });

  test('a drag draws freehand with few points, and closes where it began', () => {
    send('down', 100, 50);
    for (let step = 1; step <= 120; step += 1) {
      const angle = (2 * Math.PI * step) / 120;
      send('move', 60 + 40 * Math.cos(angle), 50 + 40 * Math.sin(angle));
    }
    send('up', 100, 50);
    const [shape] = desk.added;
    if (shape?.kind !== 'polygon') throw new Error('no polygon');
    expect(shape.rings[0]!.length).toBeGreaterThan(12);
    expect(shape.rings[0]!.length).toBeLessThan(40);
    for (const [x, y] of shape.rings[0]!) expect(Math.hypot(x - 60, y - 50)).toBeCloseTo(40, 0);
  });

  test('points stay in the picture, and with Shift they take the border of a neighbour', () => {
    desk.shapes = [boxShape(1, 100, 10, 40, 40)];
    click(-20, 20);
    send('down', 93, 30, true);
    send('up', 93, 30, true);
    send('down', 104, 54, true);
    send('up', 104, 54, true);
    machine.key('Enter');
    expect(desk.added).toEqual([
      {
        kind: 'polygon',
        rings: [
          [
            [0, 20],
            [100, 30],
            [100, 50],
          ],
        ],
      },
    ]);
  });
});

describe('vertices of the selected polygon', () => {
  const polygon = (rings: [number, number][][]): Shape => ({ kind: 'polygon', rings });
  const square: [number, number][] = [
    [20, 20],
    [80, 20],
    [80, 80],
    [20, 80],
  ];
  beforeEach(() => {
    desk.shapes = [{ ...boxShape(1, 0, 0, 1, 1), shape: polygon([square]) }];
    desk.selection = new Set([1]);
    use(selectIdle());
  });

  test('one is dragged', () => {
    drag(80, 20, 90, 10);
    expect(desk.changes).toEqual([[{ id: 1, shape: polygon([square.with(1, [90, 10])]) }]]);
    expect(desk.previewed).toBeNull();
  });

  test('a drag of an edge inserts one there, a click on it does not', () => {
    send('down', 50, 20);
    send('up', 50, 20);
    expect(desk.changes).toEqual([]);
    drag(50, 20, 50, 5);
    expect(desk.changes).toEqual([[{ id: 1, shape: polygon([square.toSpliced(1, 0, [50, 5])]) }]]);
  });

  test('a clicked one is deleted by Delete; of three points none, so the key means the shape', () => {
    expect(machine.key('Del')).toBe(false);
    send('down', 80, 20);
    send('up', 80, 20);
    expect(machine.key('Del')).toBe(true);
    expect(desk.changes).toEqual([[{ id: 1, shape: polygon([square.toSpliced(1, 1)]) }]]);
    desk.shapes = [{ ...desk.shapes[0]!, shape: polygon([square.slice(0, 3)]) }];
    send('down', 80, 20);
    send('up', 80, 20);
    expect(machine.key('Del')).toBe(false);
  });

  test('a drag inside moves the whole polygon', () => {
    drag(50, 50, 60, 55);
    expect(desk.changes[0]![0]!.shape).toEqual(
      polygon([square.map(([x, y]): [number, number] => [x + 10, y + 5])]),
    );
  });

  test('a locked polygon shows none', () => {
    desk.shapes = [{ ...desk.shapes[0]!, locked: true }];
    drag(80, 20, 90, 10);
    expect(desk.changes).toEqual([]);
  });
});

describe('brush and eraser', () => {
  const paint = () => {
    use(brushIdle(false));
    drag(50, 50, 150, 50);
    return desk.added[0]!;
  };

  test('a stroke without a selected mask is a mask of its own', () => {
    const shape = paint();
    expect(shape.kind).toBe('mask');
    const { x, y, width, height } = bounds(shape);
    expect(x + width / 2).toBeCloseTo(100, 0);
    expect(y + height / 2).toBeCloseTo(50, 0);
    expect(width - height).toBeCloseTo(100, 0);
  });

  test('with one selected it becomes part of that, and the eraser takes it away again', () => {
    const shape = paint();
    desk.shapes = [{ ...boxShape(1, 0, 0, 1, 1), shape }];
    desk.selection = new Set([1]);
    drag(100, 50, 100, 90);
    const grown = desk.changes[0]![0]!.shape;
    expect(desk.added).toHaveLength(1);
    expect(area(grown)).toBeGreaterThan(area(shape));
    use(brushIdle(true));
    drag(100, 50, 100, 90);
    expect(area(desk.changes[1]![0]!.shape)).toBeLessThan(area(shape));
  });

  test('a stroke that changes nothing is no edit, and Escape keeps nothing', () => {
    const shape = paint();
    desk.shapes = [{ ...boxShape(1, 0, 0, 1, 1), shape }];
    desk.selection = new Set([1]);
    drag(60, 50, 140, 50);
    send('down', 10, 10);
    send('move', 20, 20);
    machine.cancel();
    send('up', 20, 20);
    expect(desk.changes).toEqual([]);
    expect(desk.added).toHaveLength(1);
  });

  test('a mask of which nothing is left is removed; a locked one stays', () => {
    const shape = paint();
    desk.shapes = [{ ...boxShape(1, 0, 0, 1, 1, true), shape }];
    use(brushIdle(true));
    drag(40, 50, 160, 50);
    expect(desk.removed).toEqual([]);
    desk.shapes = [{ ...boxShape(1, 0, 0, 1, 1), shape }];
    drag(40, 50, 160, 50);
    expect(desk.removed).toEqual([1]);
    expect(desk.changes).toEqual([]);
  });

  test('a pen paints as wide as it is pressed', () => {
    use(brushIdle(false));
    const press = (pressure: number) => {
      const pointer = { screenPoint: { x: 50, y: 50 }, imagePoint: { x: 50, y: 50 }, shift: false, pressure };
      machine.send('down', pointer);
      machine.send('up', pointer);
    };
    press(1);
    press(0.5);
    const [hard, soft] = desk.added.map((shape) => bounds(shape).width);
    expect(soft! / hard!).toBeCloseTo(0.5, 1);
  });

  test('each step changes the size', () => {
    let px = 1;
    for (let step = 0; step < 30; step += 1) {
      expect(stepped(px, 1)).toBeGreaterThan(px);
      px = stepped(px, 1);
    }
    expect(stepped(px, -100)).toBe(1);
    expect(stepped(1, -1)).toBe(1);
  });
});

test('tools have different names and share no key', () => {
  const keys = tools.flatMap((tool): readonly string[] => tool.keys);
  expect(new Set(keys).size).toBe(keys.length);
  expect(new Set(tools.map(({ name }) => name)).size).toBe(tools.length);
});
