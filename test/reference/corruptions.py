"""Reference values for the common corruptions that have no chance in them or take it from outside.

Run:  python3 corruptions.py > ../fixtures/imaging/corruptions.json     (needs numpy, scipy, Pillow, OpenCV)

The public code of Hendrycks & Dietterich uses scikit-image for Gaussian filters and for colours; scipy's filter is what
scikit-image calls, and colorsys is the same HSV. The picture is a fixed formula that
test/src-main/imaging/corruptions.test.ts repeats.
"""

import colorsys
import json
import math
import sys

import cv2
import numpy as np
import PIL
import scipy
from PIL import Image
from scipy.ndimage import gaussian_filter, zoom

SIDE = 32


def picture():
    i = np.arange(SIDE * SIDE * 3)
    row, column, channel = i // (3 * SIDE), i // 3 % SIDE, i % 3
    smooth = 128 + 90 * np.sin(0.35 * row + 0.8 * channel) * np.cos(0.23 * column)
    return np.clip(np.floor(smooth + (i * 7919 % 64) - 32 + 0.5), 0, 255).astype(np.uint8).reshape(SIDE, SIDE, 3)


def pattern(count):
    """Stands for normal noise."""
    return np.sin(1.7 * np.arange(count))


def blurred(x, sigma):
    return gaussian_filter(x, sigma=(sigma, sigma, 0), mode="nearest", truncate=4.0)


def in_hsv(x, change):
    flat = [colorsys.hsv_to_rgb(*change(*colorsys.rgb_to_hsv(*pixel))) for pixel in x.reshape(-1, 3)]
    return np.array(flat).reshape(x.shape)


def disk(radius, alias_blur):
    L = np.arange(-8, 9)
    X, Y = np.meshgrid(L, L)
    aliased = np.array((X**2 + Y**2) <= radius**2, dtype=np.float32)
    return cv2.GaussianBlur(aliased / aliased.sum(), ksize=(3, 3), sigmaX=alias_blur)


def clipped_zoom(img, factor):
    h = img.shape[0]
    ch = int(np.ceil(h / factor))
    top = (h - ch) // 2
    img = zoom(img[top : top + ch, top : top + ch], (factor, factor, 1), order=1)
    trim = (img.shape[0] - h) // 2
    return img[trim : trim + h, trim : trim + h]


def zoom_blur(x, end):
    factors = np.arange(1, end, 0.01)
    return (x + sum(clipped_zoom(x, f) for f in factors)) / (len(factors) + 1)


def box(x, c):
    small = Image.fromarray(x).resize((int(SIDE * c), int(SIDE * c)), Image.BOX)
    return np.array(small.resize((SIDE, SIDE), Image.BOX)) / 255.0


def defocus(x, c):
    return np.stack([cv2.filter2D(x[..., d], -1, disk(*c)) for d in range(3)], axis=2)


def main():
    raw = picture()
    x = raw / 255.0
    clip = lambda v: np.clip(v, 0, 1)
    mean = x.mean(axis=(0, 1), keepdims=True)
    cases = {
        "gaussian-noise": [x + c * pattern(x.size).reshape(x.shape) for c in (0.04, 0.06, 0.08, 0.09, 0.1)],
        "speckle-noise": [x + x * c * pattern(x.size).reshape(x.shape) for c in (0.06, 0.1, 0.12, 0.16, 0.2)],
        "gaussian-blur": [blurred(x, c) for c in (0.4, 0.6, 0.7, 0.8, 1)],
        "defocus-blur": [defocus(x, c) for c in ((0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1, 0.2), (1.5, 0.1))],
        "zoom-blur": [zoom_blur(x, end) for end in (1.06, 1.11, 1.16, 1.21, 1.26)],
        "contrast": [(x - mean) * c + mean for c in (0.75, 0.5, 0.4, 0.3, 0.15)],
        "brightness": [in_hsv(x, lambda h, s, v, c=c: (h, s, min(1, v + c))) for c in (0.05, 0.1, 0.15, 0.2, 0.3)],
        "saturate": [in_hsv(x, lambda h, s, v, c=c: (h, min(1, s * c[0] + c[1]), v))
                     for c in ((0.3, 0), (0.1, 0), (1.5, 0), (2, 0.1), (2.5, 0.2))],
        "pixelate": [box(raw, c) for c in (0.95, 0.9, 0.85, 0.75, 0.65)],
    }
    versions = f"numpy {np.__version__}, scipy {scipy.__version__}, Pillow {PIL.__version__}, OpenCV {cv2.__version__}"
    print(json.dumps({
        "origin": f"test/reference/corruptions.py, {versions}",
        "values": {k: [np.round(255 * clip(v), 2).flatten().tolist()[::11] for v in vs] for k, vs in cases.items()},
    }))


main()
