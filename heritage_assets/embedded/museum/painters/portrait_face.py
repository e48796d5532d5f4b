"""The face of a portrait: a body modelled round by light, eyes, nose, mouth."""

from __future__ import annotations

import numpy as np

from heritage_assets.embedded.museum.canvas import Pixels, Rgb, Shape, box_of, darken, mix, paint, soft

SHADOW: Rgb = (0.24, 0.1, 0.07)
"""Colour of the shadows on skin and cloth."""


def model(picture: Pixels, mask: Pixels, colour: Rgb, x: float, y: float, rx: float, ry: float, light: float) -> None:
    """Paint a mask as a rounded body around (x, y), lit from the side ``light`` (-1 left, 1 right)."""
    box = box_of(mask)
    gy, gx = np.ogrid[box]
    u, v = (gx - x) / rx - light * 0.42, (gy - y) / ry + 0.3
    shade = np.clip(0.16 + 0.38 * (u * u + v * v), 0, 0.72).astype(np.float32)
    tones = (
        np.asarray(colour, np.float32) * (1.1 - shade)[..., None]
        + np.asarray(SHADOW, np.float32) * (shade * 0.35)[..., None]
    )
    paint(picture[box], mask[box], tones)


def features(
    picture: Pixels, x: float, y: float, s: float, turn: float, light: float, skin: Rgb, hair: Rgb, soft_face: bool
) -> None:
    """Draw eyes, nose, mouth and cheeks around (x, y), ``s`` being half the head; ``turn`` -1 left, 0 frontal, 1 right."""
    height, width = picture.shape[:2]
    fx = x + turn * 0.16 * s
    shade, dark, white, lips = (Shape(height, width) for _ in range(4))
    for side in (-1, 1):
        ex = fx + side * 0.27 * s * (1 - 0.2 * (side * turn < 0))
        shade.ellipse(ex, y - 0.1 * s, 0.17 * s, 0.1 * s, 130)
        white.ellipse(ex, y - 0.08 * s, 0.105 * s, 0.055 * s)
        dark.ellipse(ex + turn * 0.03 * s, y - 0.08 * s, 0.05 * s, 0.052 * s)
        dark.line([(ex - 0.12 * s, y - 0.11 * s), (ex, y - 0.15 * s), (ex + 0.12 * s, y - 0.11 * s)], 0.022 * s, 200)
        dark.line(
            [(ex - 0.15 * s, y - 0.25 * s), (ex, y - 0.3 * s), (ex + 0.15 * s, y - 0.25 * s)],
            0.03 * s if soft_face else 0.05 * s,
            170,
        )
    nose = fx + turn * 0.1 * s
    shade.polygon(
        [
            (fx - light * 0.04 * s, y - 0.1 * s),
            (nose - light * 0.13 * s, y + 0.24 * s),
            (nose + 0.02 * s, y + 0.28 * s),
        ],
        120,
    )
    shade.ellipse(nose, y + 0.29 * s, 0.1 * s, 0.035 * s, 120)
    shade.ellipse(fx + turn * 0.05 * s, y + 0.62 * s, 0.13 * s, 0.03 * s, 110)
    mx = fx + turn * 0.06 * s
    lips.polygon(
        [
            (mx - 0.17 * s, y + 0.46 * s),
            (mx - 0.05 * s, y + 0.42 * s),
            (mx, y + 0.435 * s),
            (mx + 0.05 * s, y + 0.42 * s),
            (mx + 0.17 * s, y + 0.46 * s),
            (mx, y + 0.54 * s),
        ]
    )
    darken(picture, soft(shade.mask(), 0.035 * s), 0.42)
    paint(picture, white, (0.93, 0.9, 0.86), 0.9)
    paint(picture, dark, mix(hair, (0.1, 0.06, 0.05), 0.75), 0.9)
    paint(picture, lips, mix(skin, (0.66, 0.16, 0.14), 0.6 if soft_face else 0.42), 0.85)
    blush = Shape(height, width)
    for side in (-1, 1):
        blush.ellipse(fx + side * 0.36 * s, y + 0.24 * s, 0.16 * s, 0.13 * s)
    paint(picture, soft(blush.mask(), 0.1 * s), (0.86, 0.36, 0.3), 0.3)
