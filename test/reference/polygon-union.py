# Writes test/fixtures/imaging/polygon-union.json: polygons of several parts, and their union as pycocotools draws it.
# Run: python3 test/reference/polygon-union.py   (needs pycocotools)
import json
import os
import random
from importlib.metadata import version

from pycocotools import mask as coco

random.seed(7)


def part(width, height):
    """A few corners: anywhere, on whole or half pixels; within the picture, or some way or far outside."""
    grid = random.choice([None, 1, 2])
    reach = random.choice([1, 1, 1.3, 3, 50])
    points = []
    for _ in range(random.randint(3, 8)):
        for side in (width, height):
            place = (random.random() * reach - (reach - 1) / 2) * side
            points.append(place if grid is None else round(place * grid) / grid)
    return [round(value, 4) for value in points]


cases = []
for _ in range(150):
    width = random.choice([1, 5, 17, 64, 100, 600])
    height = random.choice([1, 4, 30, 99, 480])
    parts = [part(width, height) for _ in range(random.randint(1, 4))]
    each = coco.frPyObjects(parts, height, width)
    union = coco.merge(each)
    area = int(coco.area(union))
    cases.append({
        'size': [height, width],
        'parts': parts,
        'string': union['counts'].decode(),
        'area': area,
        'overlaps': sum(int(coco.area(one)) for one in each) > area,
    })
place = os.path.join(os.path.dirname(__file__), '..', 'fixtures', 'imaging', 'polygon-union.json')
origin = f"test/reference/polygon-union.py with pycocotools {version('pycocotools')}"
with open(place, 'w') as file:
    file.write('{"origin": ' + json.dumps(origin) + ', "cases": [\n')
    file.write(',\n'.join(json.dumps(case, separators=(',', ':')) for case in cases) + '\n]}\n')
