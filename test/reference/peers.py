"""What other programs' own readers make of the files that Fovea writes.

    node test/reference/peers.ts FOLDER
    python test/reference/peers.py FOLDER > test/fixtures/peers.json

with pycocotools 2.0.11, datumaro 1.13.12, labelme 6.3.1, label-studio-sdk 2.1.2 and supervision 0.31.2 from PyPI. Shapes are
given as the peer gives them: a box by its corners, anything else by the run lengths of its pixels, row by row, zeros first.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np

WIDTH, HEIGHT = 24, 16
folder = Path(sys.argv[1])
problems = {}


def runs(mask):
    flat = np.asarray(mask).astype(bool).ravel()
    edges = np.flatnonzero(np.diff(flat)) + 1
    lengths = np.diff([0, *edges, flat.size]).tolist()
    return [0, *lengths] if flat[0] else lengths


def corners(values):
    return [round(float(value), 4) for value in values]


def by_pycocotools():
    from pycocotools.coco import COCO

    read = {}
    for file in sorted((folder / "coco/annotations").glob("instances_*.json")):
        coco = COCO(file)
        for image in coco.loadImgs(coco.getImgIds()):
            shapes = []
            for one in coco.loadAnns(coco.getAnnIds(imgIds=image["id"])):
                x, y, w, h = one["bbox"]
                shape = {
                    "class": coco.loadCats(one["category_id"])[0]["name"],
                    "box": corners([x, y, x + w, y + h]),
                    "crowd": one["iscrowd"],
                }
                if one["segmentation"]:
                    shape["runs"] = runs(coco.annToMask(one))
                shapes.append(shape)
            read[Path(image["file_name"]).name] = shapes
    return read


def detections(dataset):
    read = {}
    for name, _, found in dataset:
        shapes = []
        for i in range(len(found)):
            shape = {"class": dataset.classes[int(found.class_id[i])], "box": corners(found.xyxy[i])}
            if found.mask is not None and found.mask[i].any():
                shape["runs"] = runs(found.mask[i])
            shapes.append(shape)
        read[Path(name).name] = shapes
    return read


def by_supervision_coco():
    from supervision import DetectionDataset

    return detections(
        DetectionDataset.from_coco(
            images_directory_path=str(folder / "coco/images"),
            annotations_path=str(folder / "coco/annotations/instances_train.json"),
        )
    )


def by_supervision_voc():
    from supervision import DetectionDataset

    return detections(
        DetectionDataset.from_pascal_voc(
            images_directory_path=str(folder / "voc/JPEGImages"),
            annotations_directory_path=str(folder / "voc/Annotations"),
        )
    )


def by_supervision_yolo():
    from supervision import DetectionDataset

    read = {}
    for part in ("train", "test"):
        read |= detections(
            DetectionDataset.from_yolo(
                images_directory_path=str(folder / f"yolo/images/{part}"),
                annotations_directory_path=str(folder / f"yolo/labels/{part}"),
                data_yaml_path=str(folder / "yolo/data.yaml"),
                force_masks=True,
            )
        )
    return read


def by_datumaro(name, place):
    from datumaro import AnnotationType, Dataset

    dataset = Dataset.import_from(str(place), name)
    labels = [label.name for label in dataset.categories()[AnnotationType.label]]
    read = {}
    for item in dataset:
        shapes = []
        for one in item.annotations:
            kind = one.type.name
            shape = {"kind": kind, "class": labels[one.label]}
            if kind == "bbox":
                shape["box"] = corners(one.points)
            elif kind == "polygon":
                shape["points"] = corners(one.points)
            elif kind == "mask":
                shape["runs"] = runs(one.image)
            attributes = {
                key: str(value)
                for key, value in sorted(one.attributes.items())
                if value not in (False, "False", "") and key in ("pose", "is_crowd")
            }
            if attributes:
                shape["attributes"] = attributes
            shapes.append(shape)
        read[Path(item.id).name + ".png"] = shapes
    return read


def by_labelme():
    from labelme._label_file import LabelFile
    from labelme.utils import shape_to_mask

    read = {}
    for file in sorted((folder / "labelme").glob("*.json")):
        opened = LabelFile(str(file))
        shapes = []
        for one in opened.shapes:
            points = one["points"]
            shape = {"class": one["label"], "kind": one["shape_type"]}
            if one["shape_type"] == "rectangle":
                shape["box"] = corners([*points[0], *points[1]])
            elif one["shape_type"] == "mask":
                whole = np.zeros((HEIGHT, WIDTH), bool)
                (left, top), (right, bottom) = (tuple(map(int, point)) for point in points)
                whole[top : bottom + 1, left : right + 1] = one["mask"]
                shape["runs"] = runs(whole)
            else:
                shape["points"] = corners(np.array(points).ravel())
            shapes.append(shape)
        flags = [name for name, is_set in opened.flags.items() if is_set]
        read[file.stem + ".png"] = {"shapes": shapes, "flags": flags} if flags else shapes
    return read


def by_label_studio():
    from label_studio_sdk.converter.brush import decode_rle

    read = {}
    for task in json.loads((folder / "label-studio/tasks.json").read_text()):
        shapes = []
        for one in task["annotations"][0]["result"]:
            if one["type"] != "brushlabels":
                continue
            flat = decode_rle(one["value"]["rle"])
            image = np.reshape(flat, [one["original_height"], one["original_width"], 4])[:, :, 3]
            shapes.append({"class": one["value"]["brushlabels"][0], "runs": runs(image > 0)})
        read[Path(task["data"]["image"]).name] = shapes
    return read


def by_label_studio_converter():
    import tempfile
    from label_studio_sdk.converter import Converter

    config = (
        '<View><Image name="image" value="$image"/>'
        '<RectangleLabels name="rectanglelabels" toName="image"><Label value="cat"/><Label value="dog"/></RectangleLabels>'
        '<PolygonLabels name="polygonlabels" toName="image"><Label value="cat"/><Label value="dog"/></PolygonLabels>'
        "</View>"
    )
    out = tempfile.mkdtemp()
    Converter(config, project_dir=str(folder / "label-studio"), download_resources=False).convert_to_coco(
        str(folder / "label-studio/tasks.json"), out, is_dir=False
    )
    content = json.loads(Path(out, "result.json").read_text())
    names = {one["id"]: one["name"] for one in content["categories"]}  # its file names begin with a mark of its own
    files = {one["id"]: Path(one["file_name"]).name.split("__", 1)[-1] for one in content["images"]}
    read = {name: [] for name in files.values()}
    for one in content["annotations"]:
        x, y, w, h = one["bbox"]
        read[files[one["image_id"]]].append(
            {"class": names[one["category_id"]], "box": corners([x, y, x + w, y + h])}
        )
    return read


readers = {
    "coco": {"pycocotools": by_pycocotools, "supervision": by_supervision_coco,
             "datumaro": lambda: by_datumaro("coco", folder / "coco")},
    "voc": {"supervision": by_supervision_voc, "datumaro": lambda: by_datumaro("voc", folder / "voc")},
    "yolo": {"supervision": by_supervision_yolo, "datumaro": lambda: by_datumaro("yolo", folder / "yolo")},
    "labelme": {"labelme": by_labelme},
    "cvat": {"datumaro": lambda: by_datumaro("cvat", folder / "cvat")},
    "datumaro": {"datumaro": lambda: by_datumaro("datumaro", folder / "datumaro")},
    "label-studio": {"brush": by_label_studio, "converter": by_label_studio_converter},
}

sys.stdout.flush()
stdout, sys.stdout = sys.stdout, sys.stderr  # pycocotools prints
files = json.loads((folder / "files.json").read_text())
result = {
    "peers": {name: version(name) for name in ("pycocotools", "datumaro", "labelme", "label-studio-sdk", "supervision")},
    "formats": {},
}
for name, peers in readers.items():
    read = {}
    for peer, reader in peers.items():
        try:
            read[peer] = reader()
        except Exception as error:  # what a peer refuses is a finding, too
            read[peer] = None
            print(f"{name} by {peer}: {type(error).__name__}: {error}", file=sys.stderr)
    result["formats"][name] = {"files": files[name], "read": read}
json.dump(result, stdout, indent=1)
