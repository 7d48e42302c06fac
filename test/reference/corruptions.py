"""Reference values for the common corruptions, at the three published sides.

Run:  python3 corruptions.py > ../fixtures/imaging/corruptions.json
      (needs numpy, scipy, scikit-image, Pillow, OpenCV, and Wand with ImageMagick 6)

The steps and the libraries are those of the public code of Hendrycks & Dietterich, but random numbers come from a fixed
formula, drawn in the order in which the app draws them. test/src-main/imaging/corruptions.test.ts repeats that formula
and the picture. Frost is missing: the app draws its own. Poisson numbers are drawn by Knuth's product of uniforms.

Of each result the fixture has every n-th byte and the means of the bytes over three by three blocks, row by row,
channels last. OpenCV must be of before 4.11 (see elastic_transform).
"""

import ctypes
import io
import json

import cv2
import numpy as np
import PIL
import scipy
import skimage
import wand.version
from PIL import Image
from scipy.ndimage import map_coordinates, zoom
from skimage.color import hsv2rgb, rgb2hsv
from skimage.filters import gaussian
from wand.api import library
from wand.image import Image as WandImage

# Primes, so that samples fall on all channels and columns.
STRIDE = {32: 61, 64: 251, 224: 3067}

library.MagickMotionBlurImage.argtypes = [ctypes.c_void_p] + 3 * [ctypes.c_double]


def picture(side):
    i = np.arange(side * side * 3)
    row, column, channel = i // (3 * side), i // 3 % side, i % 3
    smooth = 128 + 90 * np.sin(0.35 * row + 0.8 * channel) * np.cos(0.23 * column)
    return np.clip(np.floor(smooth + (i * 7919 % 64) - 32 + 0.5), 0, 255).astype(np.uint8).reshape(side, side, 3)


class Chance:
    """Uniform numbers are the hashed place in the row of all draws; a normal one is the scaled sum of four."""

    def __init__(self):
        self.drawn = 0

    def uniform(self, low, high, shape=()):
        count = int(np.prod(shape))
        x = np.arange(self.drawn, self.drawn + count, dtype=np.uint32)
        self.drawn += count
        for factor, shift in ((0x9E3779B1, 15), (0x85EBCA6B, 13), (0xC2B2AE35, 16)):
            x = x * np.uint32(factor)
            x ^= x >> np.uint32(shift)
        return low + (high - low) * (x / 2**32).reshape(shape)

    def normal(self, mean, deviation, shape):
        sums = self.uniform(0, 1, (*shape, 4)) @ np.ones(4)
        return mean + deviation * np.sqrt(3) * (sums - 2)

    def poisson(self, means):
        flat = []
        ahead, used = self.uniform(0, 1, (2**20,)), 0
        for limit in np.exp(-means.flatten()):
            product, count = 1.0, -1
            while product > limit or count < 0:
                if used == len(ahead):
                    ahead, used = self.uniform(0, 1, (2**20,)), 0
                product, count, used = product * ahead[used], count + 1, used + 1
            flat.append(count)
        return np.array(flat).reshape(means.shape)


def blurred(x, sigma, **more):
    return gaussian(x, sigma=sigma, channel_axis=-1 if x.ndim == 3 else None, **more)


def gaussian_noise(x, c, chance):
    return x + chance.normal(0, c, x.shape)


def speckle_noise(x, c, chance):
    return x + x * chance.normal(0, c, x.shape)


def shot_noise(x, c, chance):
    return chance.poisson(x * c) / c


def impulse_noise(x, c, chance):
    hit, salt = np.moveaxis(chance.uniform(0, 1, (*x.shape, 2)), -1, 0)
    return np.where(hit < c, salt < 0.5, x)


def gaussian_blur(x, c, chance):
    return blurred(x, c)


def glass_blur(x, c, chance):
    sigma, reach, rounds = c
    side = len(x)
    x = np.uint8(blurred(x, sigma) * 255)
    for _ in range(rounds):
        for h in range(side - reach, reach, -1):
            for w in range(side - reach, reach, -1):
                dx, dy = np.floor(chance.uniform(-reach, reach, (2,))).astype(int)
                x[h, w], x[h + dy, w + dx] = x[h + dy, w + dx], x[h, w]  # views: the second takes what it had
    return blurred(x / 255, sigma)


def defocus_blur(x, c, chance):
    radius, smoothing = c
    reach, size = (8, 3) if radius <= 8 else (radius, 5)
    X, Y = np.meshgrid(np.arange(-reach, reach + 1), np.arange(-reach, reach + 1))
    disk = np.array(X**2 + Y**2 <= radius**2, dtype=np.float32)
    kernel = cv2.GaussianBlur(disk / disk.sum(), ksize=(size, size), sigmaX=smoothing)
    return np.stack([cv2.filter2D(x[..., d], -1, kernel) for d in range(3)], axis=2)


def moved(values, radius, sigma, angle):
    """Bytes to bytes. Not through PNG on the way back: its writer rounds in ImageMagick of 2019 and before, then cuts off."""
    png = io.BytesIO()
    Image.fromarray(values).save(png, "PNG")
    with WandImage(blob=png.getvalue()) as image:
        library.MagickMotionBlurImage(image.wand, radius, sigma, angle)
        return np.array(Image.open(io.BytesIO(image.make_blob("PGM" if values.ndim == 2 else "PPM"))))


def motion_blur(x, c, chance):
    return moved(np.uint8(np.rint(x * 255)), *c, chance.uniform(-45, 45)) / 255


def clipped_zoom(img, factor):
    h = img.shape[0]
    ch = int(np.ceil(h / factor))
    top = (h - ch) // 2
    img = zoom(img[top : top + ch, top : top + ch], (factor, factor, 1), order=1)
    trim = (img.shape[0] - h) // 2
    return img[trim : trim + h, trim : trim + h]


def zoom_blur(x, c, chance):
    x = x.astype(np.float32)
    factors = np.arange(1, *c)
    return (x + sum(clipped_zoom(x, f) for f in factors)) / (len(factors) + 1)


def snow(x, c, chance):
    mean, deviation, factor, threshold, radius, sigma, share = c
    x = x.astype(np.float32)
    layer = clipped_zoom(chance.normal(mean, deviation, x.shape[:2])[..., None], factor)[..., 0]
    layer[layer < threshold] = 0
    layer = moved((np.clip(layer, 0, 1) * 255).astype(np.uint8), radius, sigma, chance.uniform(-135, -45))
    layer = layer[..., None] / 255
    white = cv2.cvtColor(x, cv2.COLOR_RGB2GRAY)[..., None] * 1.5 + 0.5
    return share * x + (1 - share) * np.maximum(x, white) + layer + np.rot90(layer, k=2)


def plasma(size, decay, chance):
    heights = np.zeros((size, size))
    step, range_ = size, 100
    while step >= 2:
        half = step // 2
        wobble = lambda sums: sums / 4 + range_ * chance.uniform(-range_, range_, sums.shape)
        corners = heights[::step, ::step]
        rows = corners + np.roll(corners, -1, axis=0)
        heights[half::step, half::step] = wobble(rows + np.roll(rows, -1, axis=1))
        middles = heights[half::step, half::step]
        beside = corners + np.roll(corners, -1, axis=1)
        heights[::step, half::step] = wobble(middles + np.roll(middles, 1, axis=0) + beside)
        heights[half::step, ::step] = wobble(middles + np.roll(middles, 1, axis=1) + rows)
        step, range_ = half, range_ / decay
    heights -= heights.min()
    return heights / heights.max()


def fog(x, c, chance):
    strength, decay = c
    side = len(x)
    clouds = plasma(256 if side == 224 else side, decay, chance)[:side, :side, None]
    return (x + strength * clouds) * x.max() / (x.max() + strength)


def spatter(x, c, chance):
    mean, deviation, blur, threshold, strength, mud = c
    x = x.astype(np.float32)
    liquid = blurred(chance.normal(mean, deviation, x.shape[:2]), blur)
    liquid[liquid < threshold] = 0
    if mud:
        cover = blurred((liquid > threshold).astype(np.float32), strength)
        cover[cover < 0.8] = 0
        cover = cover[..., None]
        return x * (1 - cover) + np.array([63, 42, 20]) / 255 * cover
    liquid = (liquid * 255).astype(np.uint8)
    dist = cv2.distanceTransform(255 - cv2.Canny(liquid, 50, 150), cv2.DIST_L2, 5)
    _, dist = cv2.threshold(dist, 20, 20, cv2.THRESH_TRUNC)
    dist = cv2.equalizeHist(cv2.blur(dist, (3, 3)).astype(np.uint8))
    dist = cv2.filter2D(dist, cv2.CV_8U, np.array([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]], dtype=np.float32))
    shine = liquid * cv2.blur(dist, (3, 3)).astype(np.float32)
    return x + strength * (shine / shine.max())[..., None] * np.array([175, 238, 238]) / 255


def contrast(x, c, chance):
    means = x.mean(axis=(0, 1), keepdims=True)
    return (x - means) * c + means


def brightness(x, c, chance):
    hsv = rgb2hsv(x)
    hsv[..., 2] = np.clip(hsv[..., 2] + c, 0, 1)
    return hsv2rgb(hsv)


def saturate(x, c, chance):
    hsv = rgb2hsv(x)
    hsv[..., 1] = np.clip(hsv[..., 1] * c[0] + c[1], 0, 1)
    return hsv2rgb(hsv)


def jpeg_compression(x, c, chance):
    jpeg = io.BytesIO()
    Image.fromarray(np.uint8(np.rint(x * 255))).save(jpeg, "JPEG", quality=c)
    return np.array(Image.open(jpeg)) / 255


def pixelate(x, c, chance):
    side = len(x)
    small = Image.fromarray(np.uint8(np.rint(x * 255))).resize((int(side * c), int(side * c)), Image.BOX)
    return np.array(small.resize((side, side), Image.BOX)) / 255


def elastic_transform(x, c, chance):
    """OpenCV before 4.11 fetches from places on a grid of 1/32 px, as in the published sets; later ones do not."""
    side = len(x)
    unit = 244 if side == 224 else side
    strength, smoothness, reach = (unit * share for share in c)
    x = x.astype(np.float32)
    middle, third = side // 2, side // 3
    before = np.float32([[middle + third] * 2, [middle + third, middle - third], [middle - third] * 2])
    after = before + chance.uniform(-reach, reach, before.shape).astype(np.float32)
    x = cv2.warpAffine(x, cv2.getAffineTransform(before, after), (side, side), borderMode=cv2.BORDER_REFLECT_101)
    dx, dy = (
        (blurred(chance.uniform(-1, 1, (side, side)), smoothness, mode="reflect", truncate=3) * strength)
        .astype(np.float32)
        for _ in range(2)
    )
    column, row = np.meshgrid(np.arange(side), np.arange(side))
    places = [row + dy, column + dx]
    return np.stack([map_coordinates(x[..., d], places, order=1, mode="reflect") for d in range(3)], axis=2)


SNOW = [(0.1, 0.2, 1, 0.6, 8, 3), (0.1, 0.2, 1, 0.5, 10, 4), (0.15, 0.3, 1.75, 0.55, 10, 4),
        (0.25, 0.3, 2.25, 0.6, 12, 6), (0.3, 0.3, 1.25, 0.65, 14, 12)]
ZOOM = [(1.06, 0.01), (1.11, 0.01), (1.16, 0.01), (1.21, 0.01), (1.26, 0.01)]
HALVED = (0.4, 0.3, 0.2, 0.1, 0.05)
LIGHTER = (0.1, 0.2, 0.3, 0.4, 0.5)
TABLES = {
    gaussian_noise: [(0.04, 0.06, 0.08, 0.09, 0.1), (0.04, 0.08, 0.12, 0.15, 0.18), (0.08, 0.12, 0.18, 0.26, 0.38)],
    shot_noise: [(500, 250, 100, 75, 50), (250, 100, 50, 30, 15), (60, 25, 12, 5, 3)],
    impulse_noise: [(0.01, 0.02, 0.03, 0.05, 0.07), (0.01, 0.02, 0.05, 0.08, 0.14), (0.03, 0.06, 0.09, 0.17, 0.27)],
    speckle_noise: [(0.06, 0.1, 0.12, 0.16, 0.2), (0.15, 0.2, 0.25, 0.3, 0.35), (0.15, 0.2, 0.35, 0.45, 0.6)],
    gaussian_blur: [(0.4, 0.6, 0.7, 0.8, 1), (0.5, 0.75, 1, 1.25, 1.5), (1, 2, 3, 4, 6)],
    glass_blur: [
        [(0.05, 1, 1), (0.25, 1, 1), (0.4, 1, 1), (0.25, 1, 2), (0.4, 1, 2)],
        [(0.1, 1, 1), (0.5, 1, 1), (0.6, 1, 2), (0.7, 2, 1), (0.9, 2, 2)],
        [(0.7, 1, 2), (0.9, 2, 1), (1, 2, 3), (1.1, 3, 2), (1.5, 4, 2)],
    ],
    defocus_blur: [
        [(0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1, 0.2), (1.5, 0.1)],
        [(0.5, 0.6), (1, 0.1), (1.5, 0.1), (2.5, 0.01), (3, 0.1)],
        [(3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5)],
    ],
    motion_blur: [
        [(6, 1), (6, 1.5), (6, 2), (8, 2), (9, 2.5)],
        [(10, 1), (10, 1.5), (10, 2), (10, 2.5), (12, 3)],
        [(10, 3), (15, 5), (15, 8), (15, 12), (20, 15)],
    ],
    zoom_blur: [ZOOM, ZOOM, [(1.11, 0.01), (1.16, 0.01), (1.21, 0.02), (1.26, 0.02), (1.31, 0.03)]],
    snow: [
        [(*c, share) for c, share in zip(SNOW, (0.95, 0.9, 0.9, 0.85, 0.8))],
        [(*c, share) for c, share in zip(SNOW, (0.8, 0.8, 0.7, 0.65, 0.6))],
        [(0.1, 0.3, 3, 0.5, 10, 4, 0.8), (0.2, 0.3, 2, 0.5, 12, 4, 0.7), (0.55, 0.3, 4, 0.9, 12, 8, 0.7),
         (0.55, 0.3, 4.5, 0.85, 12, 8, 0.65), (0.55, 0.3, 2.5, 0.85, 12, 12, 0.55)],
    ],
    fog: [
        [(0.2, 3), (0.5, 3), (0.75, 2.5), (1, 2), (1.5, 1.75)],
        [(0.4, 3), (0.7, 3), (1, 2.5), (1.5, 2), (2, 1.75)],
        [(1.5, 2), (2, 2), (2.5, 1.7), (2.5, 1.5), (3, 1.4)],
    ],
    spatter: [
        [(0.62, 0.1, 0.7, 0.7, 0.5, 0), (0.65, 0.1, 0.8, 0.7, 0.5, 0), (0.65, 0.3, 1, 0.69, 0.5, 0),
         (0.65, 0.1, 0.7, 0.69, 0.6, 1), (0.65, 0.1, 0.5, 0.68, 0.6, 1)],
        [(0.62, 0.1, 0.7, 0.7, 0.6, 0), (0.65, 0.1, 0.8, 0.7, 0.6, 0), (0.65, 0.3, 1, 0.69, 0.6, 0),
         (0.65, 0.1, 0.7, 0.68, 0.6, 1), (0.65, 0.1, 0.5, 0.67, 0.6, 1)],
        [(0.65, 0.3, 4, 0.69, 0.6, 0), (0.65, 0.3, 3, 0.68, 0.6, 0), (0.65, 0.3, 2, 0.68, 0.5, 0),
         (0.65, 0.3, 1, 0.65, 1.5, 1), (0.67, 0.4, 1, 0.65, 1.5, 1)],
    ],
    contrast: [(0.75, 0.5, 0.4, 0.3, 0.15), HALVED, HALVED],
    brightness: [(0.05, 0.1, 0.15, 0.2, 0.3), LIGHTER, LIGHTER],
    saturate: [
        [(0.3, 0), (0.1, 0), (1.5, 0), (2, 0.1), (2.5, 0.2)],
        [(0.3, 0), (0.1, 0), (2, 0), (5, 0.1), (30, 0.2)],
        [(0.3, 0), (0.1, 0), (2, 0), (5, 0.1), (20, 0.2)],
    ],
    jpeg_compression: [(80, 65, 58, 50, 40), (65, 58, 50, 40, 25), (25, 18, 15, 10, 7)],
    pixelate: [(0.95, 0.9, 0.85, 0.75, 0.65), (0.9, 0.8, 0.7, 0.6, 0.5), (0.6, 0.5, 0.4, 0.3, 0.25)],
    elastic_transform: [
        [(0, 0, 0.08), (0.05, 0.2, 0.07), (0.08, 0.06, 0.06), (0.1, 0.04, 0.05), (0.1, 0.03, 0.03)],
        [(0, 0, 0.08), (0.05, 0.3, 0.06), (0.1, 0.08, 0.06), (0.1, 0.03, 0.03), (0.16, 0.03, 0.02)],
        [(2, 0.7, 0.1), (2, 0.08, 0.2), (0.05, 0.01, 0.02), (0.07, 0.01, 0.02), (0.12, 0.01, 0.02)],
    ],
}


def condensed(result, side):
    end = np.uint8(np.clip(result, 0, 1) * 255)  # cuts off, as the public code does
    third = np.arange(side) * 3 // side
    blocks = [end[third == r][:, third == c].mean(axis=(0, 1)) for r in range(3) for c in range(3)]
    return {"bytes": end.flatten()[:: STRIDE[side]].tolist(), "means": np.round(np.ravel(blocks), 2).tolist()}


def main():
    versions = f"numpy {np.__version__}, scipy {scipy.__version__}, scikit-image {skimage.__version__}, " \
        f"Pillow {PIL.__version__}, OpenCV {cv2.__version__}, {wand.version.MAGICK_VERSION.split(' Q16')[0]}"
    values = {
        f"{side}": {
            apply.__name__.replace("_", "-"): [
                condensed(apply(picture(side) / 255, c, Chance()), side) for c in tables[t]
            ]
            for apply, tables in TABLES.items()
        }
        for t, side in enumerate(STRIDE)
    }
    print(json.dumps({"origin": f"test/reference/corruptions.py, {versions}", "values": values}))


if __name__ == "__main__":
    main()
