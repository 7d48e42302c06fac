# Writes test/fixtures/imaging/rle-coco.json: masks and their run-length codes as pycocotools makes them.
# Run: python3 test/reference/rle-coco.py   (needs numpy and pycocotools)
import json
import os

import numpy as np
from pycocotools import mask as coco

rng = np.random.default_rng(7)


def blob(height, width, share):
    field = rng.random((height, width))
    for _ in range(3):
        field = (field + np.roll(field, 1, 0) + np.roll(field, 1, 1) + np.roll(field, -1, 0)) / 4
    return (field > np.quantile(field, 1 - share)).astype(np.uint8)


masks = {
    'empty': np.zeros((5, 7), np.uint8),
    'full': np.ones((5, 7), np.uint8),
    'one pixel, first': np.eye(1, 12, dtype=np.uint8).reshape(3, 4),
    'one row': (np.arange(4)[:, None] == 2).astype(np.uint8) * np.ones((1, 9), np.uint8),
    'one column': np.ones((6, 1), np.uint8) * (np.arange(8)[None] == 5).astype(np.uint8),
    'noise': (rng.random((11, 13)) > 0.5).astype(np.uint8),
    'blob': blob(40, 60, 0.3),
    'large with long runs': np.pad(blob(30, 30, 0.6), ((300, 170), (200, 400))),
}
cases = []
for name, mask in masks.items():
    code = coco.encode(np.asfortranarray(mask))
    height, width = mask.shape
    counts, current, run = [], 0, 0
    for value in mask.T.ravel().tolist():
        if value != current:
            counts.append(run)
            run, current = 0, value
        run += 1
    counts.append(run)
    # pycocotools itself must agree that these counts are the same mask.
    again = coco.frPyObjects({'size': [height, width], 'counts': counts}, height, width)
    assert again['counts'] == code['counts'], name
    cases.append({
        'name': name,
        'size': [height, width],
        'counts': counts,
        'string': code['counts'].decode(),
        'area': int(coco.area(code)),
        'bbox': [float(v) for v in coco.toBbox(code)],
    })
try:
    from importlib.metadata import version
    origin = f"pycocotools {version('pycocotools')}, numpy {np.__version__}"
except Exception:
    origin = 'pycocotools'
place = os.path.join(os.path.dirname(__file__), '..', 'fixtures', 'imaging', 'rle-coco.json')
with open(place, 'w') as file:
    json.dump({'origin': f'test/reference/rle-coco.py with {origin}', 'cases': cases}, file, indent=1)
    file.write('\n')
