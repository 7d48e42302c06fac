"""The unions of test/bench/polygon-union.ts by pycocotools, for comparison: reads {"width", "height", "shapes"} from a
file, prints the seconds that drawing and merging took and the sum of the areas.

    python3 polygon_union_peer.py FILE
"""

import json
import sys
import time

from pycocotools import mask

with open(sys.argv[1]) as file:
    content = json.load(file)
width, height = content['width'], content['height']
begun = time.perf_counter()
unions = [mask.merge(mask.frPyObjects(parts, height, width)) for parts in content['shapes']]
seconds = time.perf_counter() - begun
print(json.dumps({'seconds': seconds, 'area': sum(int(mask.area(union)) for union in unions)}))
