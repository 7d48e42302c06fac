import { describe, expect, it } from 'vitest';
import type { ImageFilter } from '../../../src-main/contracts/images.ts';
import type { ClassId, ImageId } from '../../../src-main/contracts/ids.ts';
import { box, newImage, openStore, scratchFolder } from './scratch.ts';

function twenty() {
  const store = openStore(scratchFolder());
  const source = store.sources.add('/pictures', 'folders');
  const classes = [store.classes.add('cat'), store.classes.add('dog')];
  const ids = Array.from({ length: 20 }, (_, index) =>
    store.images.add(
      newImage(source, `sub/Picture${20 - index}.png`, {
        classId: index % 4 === 3 ? null : classes[index % 2],
        split: index % 3 === 0 ? 'train' : index % 3 === 1 ? 'test' : null,
      }),
    ),
  );
  ids.forEach((id, index) => {
    if (index % 2 === 0) store.annotations.add(box(id, classes[0]));
    if (index % 5 === 0)
      store.annotations.add({
        ...box(id),
        shape: {
          kind: 'polygon',
          rings: [
            [
              [0, 0],
              [5, 0],
              [5, 5],
            ],
          ],
        },
      });
  });
  return { store, ids, classes };
}

describe('pages of pictures', () => {
  const filters: ImageFilter[] = [
    {},
    { text: 'URE1' },
    { classId: 1 as ClassId },
    { unclassed: true },
    { split: 'train' },
    { has: 'box' },
    { has: 'mask' },
    { has: 'no-box' },
    { split: 'test', has: 'box', classId: 2 as ClassId },
  ];
  const cases = filters.flatMap((filter) =>
    (['added', 'name'] as const).map((sort) => ({ filter, sort, says: JSON.stringify({ filter, sort }) })),
  );

  it.each(cases)('hold exactly what the filter asks for, in order and place: $says', ({ filter, sort }) => {
    const { store } = twenty();
    const { images } = store;
    const query = { filter, sort };
    const wanted = images
      .all()
      .filter(
        (image) =>
          (filter.text === undefined || image.name.toLowerCase().includes(filter.text.toLowerCase())) &&
          (filter.classId === undefined || image.classId === filter.classId) &&
          (!filter.unclassed || image.classId === null) &&
          (filter.split === undefined || image.split === filter.split) &&
          (filter.has !== 'box' || image.boxes > 0) &&
          (filter.has !== 'mask' || image.masks > 0) &&
          (filter.has !== 'no-box' || (image.boxes === 0 && image.masks === 0)),
      );
    const number = (name: string) => Number(/\d+/.exec(name)![0]);
    if (sort === 'name') wanted.sort((a, b) => number(a.name) - number(b.name));
    const pages = [0, 3, 6, 9, 12, 15, 18].flatMap((offset) => images.page(query, offset, 3));
    expect(pages.map((image) => image.id)).toEqual(wanted.map((image) => image.id));
    expect(images.count(query)).toBe(wanted.length);
    wanted.forEach((image, index) => {
      expect(images.indexOf(query, image.id)).toBe(index);
      const next = wanted.slice(index + 1).find((other) => other.boxes === 0 && other.masks === 0);
      expect(images.nextUnlabelled(query, image.id)).toBe(next?.id ?? null);
    });
  });

  it('know no place for a picture that the filter leaves out', () => {
    const { store, ids } = twenty();
    expect(store.images.indexOf({ filter: { has: 'no-box' }, sort: 'added' }, ids[0])).toBeNull();
  });
});

describe('figures kept with a picture', () => {
  it('follow its shapes through adding, changing kind and deleting', () => {
    const { store, ids } = twenty();
    const shapes = () => {
      const { boxes, masks } = store.images.byId(ids[1])!;
      return { boxes, masks };
    };
    expect(shapes()).toEqual({ boxes: 0, masks: 0 });
    const id = store.annotations.add(box(ids[1]));
    expect(shapes()).toEqual({ boxes: 1, masks: 0 });
    const rle = { width: 64, height: 48, counts: [10, 5, 3057] };
    store.annotations.put({ ...box(ids[1]), id, shape: { kind: 'mask', rle } });
    expect(shapes()).toEqual({ boxes: 0, masks: 1 });
    store.annotations.remove(id);
    expect(shapes()).toEqual({ boxes: 0, masks: 0 });
  });

  it('add up to those of the project', () => {
    const { store } = twenty();
    const all = store.images.all();
    const counts = store.images.counts();
    expect(counts).toEqual({
      images: 20,
      annotated: all.filter((image) => image.boxes + image.masks > 0).length,
      boxes: 10,
      masks: 4,
      withBox: all.filter((image) => image.boxes > 0).length,
      withMask: all.filter((image) => image.masks > 0).length,
      unclassed: 5,
      missing: 0,
      bySplit: { train: 7, test: 7, selection: 0, none: 6 },
    });
  });

  it('give it the class its shapes agree on, unless somebody set one', () => {
    const { store, ids, classes } = twenty();
    const id = ids[3];
    const classNow = () => {
      store.images.deriveClass(id);
      return store.images.byId(id)!.classId;
    };
    expect(classNow()).toBeNull();
    store.annotations.add(box(id, classes[1]));
    store.annotations.add(box(id, null));
    expect(classNow()).toBe(classes[1]);
    store.annotations.add(box(id, classes[0]));
    expect(classNow()).toBeNull();
    store.images.setClass(id, classes[0], 'given');
    expect(classNow()).toBe(classes[0]);
  });
});

describe('ids of pictures', () => {
  it('differ between projects, so that one address never means two pictures', () => {
    const first = () => {
      const store = openStore(scratchFolder());
      return store.images.add(newImage(store.sources.add('/pictures', 'folders'), 'a.png'));
    };
    const ids = new Set<ImageId>([first(), first(), first()]);
    expect(ids.size).toBe(3);
    for (const id of ids) expect(Number.isSafeInteger(id)).toBe(true);
  });
});
