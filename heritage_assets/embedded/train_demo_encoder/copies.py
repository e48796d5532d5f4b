"""Copies as archives hold them: the picture of one object, re-encoded, resized, trimmed, grey, marked or brightened."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFont

Edit = Callable[[Image.Image, np.random.Generator], Image.Image]

LARGEST_TRIM = 0.03
"""Share of a side that a copy may lack, both edges together."""


def encoded(image: Image.Image, quality: int) -> Image.Image:
    """Return the image as a JPEG of this quality shows it."""
    data = io.BytesIO()
    image.save(data, "JPEG", quality=quality)
    return Image.open(data).convert("RGB")


def _re_encode(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    return encoded(image, int(rng.integers(35, 90)))


def _resize(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    factor = float(rng.uniform(0.35, 1.3))
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    return image.resize(size, Image.Resampling.LANCZOS)


def _trim(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    left, right = np.sort(rng.uniform(0, 1, 2)) * LARGEST_TRIM * image.width
    top, bottom = np.sort(rng.uniform(0, 1, 2)) * LARGEST_TRIM * image.height
    box = (
        left,
        top,
        image.width - (LARGEST_TRIM * image.width - right),
        image.height - (LARGEST_TRIM * image.height - bottom),
    )
    return image.crop((round(box[0]), round(box[1]), round(box[2]), round(box[3])))


def _grey(image: Image.Image, _rng: np.random.Generator) -> Image.Image:
    return image.convert("L").convert("RGB")


def _mark(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Write a translucent mark: across the middle, or into a corner."""
    sheet = Image.new("RGBA", image.size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(sheet)
    words = ("© Archive", "ARCHIVE COPY", "Museum", "PREVIEW", "www.archive.example")
    text = words[int(rng.integers(len(words)))]
    shade = 255 if rng.random() < 0.7 else 0
    large = rng.random() < 0.5
    size = max(9, round(min(image.size) * float(rng.uniform(0.08, 0.16) if large else rng.uniform(0.03, 0.06))))
    place = (0.5, 0.5) if large else (float(rng.choice([0.22, 0.78])), float(rng.choice([0.06, 0.94])))
    at = (image.width * place[0], image.height * place[1])
    alpha = int(rng.uniform(0.15, 0.5) * 255)
    draw.text(at, text, fill=(shade, shade, shade, alpha), font=ImageFont.load_default(size), anchor="mm")
    if large and rng.random() < 0.6:
        sheet = sheet.rotate(float(rng.uniform(15, 40)), Image.Resampling.BILINEAR)
    return Image.alpha_composite(image.convert("RGBA"), sheet).convert("RGB")


def _brighten(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    brighter = ImageEnhance.Brightness(image).enhance(float(rng.uniform(0.85, 1.18)))
    return ImageEnhance.Contrast(brighter).enhance(float(rng.uniform(0.9, 1.1)))


EDITS: dict[str, Edit] = {
    "re-encoded": _re_encode,
    "resized": _resize,
    "trimmed": _trim,
    "greyscale": _grey,
    "marked": _mark,
    "brightened": _brighten,
}


def archive_copy(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Return a copy with one to three of :data:`EDITS`, in random order, saved once more as a JPEG."""
    chosen = rng.permutation(list(EDITS))[: int(rng.integers(1, 4))]
    for name in chosen:
        image = EDITS[str(name)](image, rng)
    return encoded(image, int(rng.integers(75, 95)))
