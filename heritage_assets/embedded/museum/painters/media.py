"""What a medium does to a picture: oil, watercolour, pointillism, fauvism, romanticism."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from heritage_assets.embedded.museum.canvas import (
    Pixels,
    Rgb,
    luminance,
    noise,
    paint,
    paper,
    ramp,
    relief,
    saturate,
    shade,
    smear,
    vignette,
)


def finish(style: str, picture: Pixels, rng: np.random.Generator) -> Pixels:
    """Return the picture as painted in a style of ``PAINTING_STYLES``.

    Raises:
        KeyError: there is no such style.
    """
    return {
        "oil": _oil,
        "watercolour": _watercolour,
        "pointillism": _pointillism,
        "fauvism": _fauvism,
        "romanticism": _romanticism,
    }[style](np.clip(picture, 0, 1), rng)


def _strokes(picture: Pixels, rng: np.random.Generator, reach: float, cell: float, depth: float) -> Pixels:
    height, width = picture.shape[:2]
    smeared = smear(rng, picture, reach, cell)
    bristles = noise(rng, height, width, 3.5, 2)
    shade(smeared, 1 + np.float32(depth) * relief(bristles + smeared[..., 1] * 3, 0.5))
    return smeared


def _oil(picture: Pixels, rng: np.random.Generator) -> Pixels:
    picture = _strokes(saturate(picture, 1.1), rng, 6, 9, 0.16)
    picture *= np.array([1.0, 0.975, 0.9], np.float32)
    return picture


def _romanticism(picture: Pixels, rng: np.random.Generator) -> Pixels:
    picture = _strokes(picture, rng, 3.5, 14, 0.05)
    picture = picture**1.25 * np.array([1.06, 0.95, 0.8], np.float32)
    vignette(picture, 0.75)
    return picture


_WILD: tuple[Rgb, ...] = (
    (0.13, 0.1, 0.42),
    (0.5, 0.14, 0.42),
    (0.9, 0.36, 0.2),
    (0.98, 0.76, 0.36),
    (1.0, 0.94, 0.8),
)
"""From shadows to lights, the colours that fauvism puts where nature is grey."""


def _fauvism(picture: Pixels, rng: np.random.Generator) -> Pixels:
    coarse = smear(rng, picture, 8, 20)
    wild = ramp(luminance(coarse), np.linspace(0, 1, len(_WILD)).tolist(), _WILD)
    spread = np.maximum(np.maximum(coarse[..., 0], coarse[..., 1]), coarse[..., 2])
    spread -= np.minimum(np.minimum(coarse[..., 0], coarse[..., 1]), coarse[..., 2])
    bright = saturate(coarse * np.float32(0.92) + np.float32(0.07), 1.75)
    paint(bright, np.clip(1 - 3.2 * spread, 0.12, 0.62), wild)
    return _strokes(np.clip(bright, 0, 1), rng, 3, 7, 0.16)


def _watercolour(picture: Pixels, rng: np.random.Generator) -> Pixels:
    height, width = picture.shape[:2]
    washed = smear(rng, picture, 4, 18)
    pigment = 1 - washed
    shade(pigment, 0.82 + 0.12 * noise(rng, height, width, 40) + 0.07 * noise(rng, height, width, 3, 1))
    sheet = paper(rng, height, width, (0.96, 0.945, 0.905), 0.3)
    y, x = np.linspace(-1, 1, height, dtype=np.float32)[:, None], np.linspace(-1, 1, width, dtype=np.float32)
    ragged = np.maximum(np.abs(x), np.abs(y)) + 0.022 * noise(rng, height, width, 30)
    wash = np.clip((0.93 - ragged) * 45, 0, 1)
    rim = np.clip(1 - np.abs(ragged - 0.915) * 60, 0, 1)
    cover = wash * np.float32(0.92) + rim * np.float32(0.1)
    for channel in range(3):
        sheet[..., channel] *= 1 - np.clip(pigment[..., channel], 0, 1) * cover
    return sheet


def _pointillism(picture: Pixels, rng: np.random.Generator) -> Pixels:
    height, width = picture.shape[:2]
    step = 8
    ys, xs = np.mgrid[0 : height + step : step, 0 : width + step : step]
    ys = ys + rng.integers(-3, 4, ys.shape)
    xs = xs + rng.integers(-3, 4, xs.shape)
    rich = saturate(picture, 1.5)
    colours = rich[np.clip(ys, 0, height - 1), np.clip(xs, 0, width - 1)]
    colours = np.clip((colours + rng.normal(0, 0.075, colours.shape)) * 255, 0, 255).astype(np.uint8)
    ground = Image.fromarray(np.clip((picture * 0.75 + 0.18) * 255, 0, 255).astype(np.uint8)).resize(
        (width * 2, height * 2), Image.Resampling.NEAREST
    )
    draw = ImageDraw.Draw(ground)
    order = rng.permutation(ys.size)
    flat_y, flat_x = (ys.ravel() * 2).tolist(), (xs.ravel() * 2).tolist()
    flat_colour = list(map(tuple, colours.reshape(-1, 3).tolist()))
    for index in order.tolist():
        y, x = flat_y[index], flat_x[index]
        draw.ellipse((x - 8, y - 8, x + 8, y + 8), fill=flat_colour[index])
    return np.asarray(ground.reduce(2), np.float32) / np.float32(255)
