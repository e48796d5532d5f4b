"""Portraits: a bust modelled by soft light, headgear, collar and garment, before a wall, a curtain or a window."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from heritage_assets.embedded.museum.canvas import (
    Pixels,
    Rgb,
    Shape,
    box_of,
    darken,
    jitter,
    mix,
    noise,
    paint,
    rgb,
    soft,
    vertical,
)
from heritage_assets.embedded.museum.kinds import Value
from heritage_assets.embedded.museum.painters.landscape import sky
from heritage_assets.embedded.museum.painters.media import finish

_SKIN: tuple[Rgb, ...] = ((0.93, 0.77, 0.65), (0.87, 0.68, 0.54), (0.72, 0.5, 0.36), (0.55, 0.36, 0.25))
_SHADOW: Rgb = (0.24, 0.1, 0.07)


def _model(picture: Pixels, mask: Pixels, colour: Rgb, x: float, y: float, rx: float, ry: float, light: float) -> None:
    """Paint a mask as a rounded body around (x, y), lit from the side ``light`` (-1 left, 1 right)."""
    box = box_of(mask)
    gy, gx = np.ogrid[box]
    u, v = (gx - x) / rx - light * 0.42, (gy - y) / ry + 0.3
    shade = np.clip(0.16 + 0.38 * (u * u + v * v), 0, 0.72).astype(np.float32)
    tones = (
        np.asarray(colour, np.float32) * (1.1 - shade)[..., None]
        + np.asarray(_SHADOW, np.float32) * (shade * 0.35)[..., None]
    )
    paint(picture[box], mask[box], tones)


def _backdrop(a: Mapping[str, Value], rng: np.random.Generator, height: int, width: int, light: float) -> Pixels:
    colour = rgb(str(a["backdrop_colour"]))
    colour = mix(colour, (0.1, 0.08, 0.07), 0.25)
    picture = vertical(
        height, width, [(0, mix(colour, (0, 0, 0), 0.25)), (0.5, colour), (1, mix(colour, (0, 0, 0), 0.45))]
    )
    glow = Shape(height, width).ellipse(width * (0.5 - 0.22 * light), height * 0.36, width * 0.3, height * 0.25).mask()
    darken(picture, soft(glow, width * 0.13), -0.28)
    picture = picture * (1 + 0.06 * noise(rng, height, width, 60, 3))[..., None]
    setting = str(a["setting"])
    side = light
    if setting == "curtain":
        columns = np.arange(width, dtype=np.float32)
        folds = np.sin(columns / width * 34 + 2.5 * np.sin(columns / width * 7))
        cloth = np.asarray(mix(colour, (1, 1, 1), 0.06), np.float32) * (1 + 0.38 * folds)[None, :, None]
        edge = width * (0.36 if side > 0 else 0.64)
        shape = Shape(height, width)
        swag = [(edge + width * 0.1 * np.sin(t * 3.1), t * height) for t in np.linspace(0, 1, 12)]
        far = 0 if side > 0 else width
        shape.polygon([*swag, (far, height), (far, 0)])
        mask = shape.mask()
        darken(picture, np.roll(soft(mask, 8), int(6 * side), axis=1), 0.3)
        paint(picture, mask, np.broadcast_to(cloth, picture.shape))
    elif setting == "window":
        left, right = (0.06, 0.34) if side > 0 else (0.66, 0.94)
        h, w = int(height * 0.4), max(8, int((right - left) * width) // 2 * 2)
        top, x0 = int(height * 0.08), int(left * width)
        scene = sky("midday", h, w, 0.7, rng)
        hill = Shape(h, w).polygon([(0, h), (0, h * 0.72), (w * 0.4, h * 0.58), (w, h * 0.7), (w, h)]).mask()
        paint(scene, hill, (0.34, 0.48, 0.34))
        frame = Shape(height, width).rectangle(x0 - 7, top - 7, x0 + w + 7, top + h + 7).mask()
        paint(picture, frame, (0.32, 0.22, 0.15))
        picture[top : top + h, x0 : x0 + w] = scene
        bars = (
            Shape(height, width)
            .rectangle(x0 + w / 2 - 2, top, x0 + w / 2 + 2, top + h)
            .rectangle(x0, top + h / 2 - 2, x0 + w, top + h / 2 + 2)
        )
        paint(picture, bars, (0.32, 0.22, 0.15))
    return picture


def _features(
    picture: Pixels, x: float, y: float, s: float, turn: float, light: float, skin: Rgb, hair: Rgb, soft_face: bool
) -> None:
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


def _collar(picture: Pixels, kind: str, x: float, y: float, s: float) -> None:
    height, width = picture.shape[:2]
    shape = Shape(height, width)
    if kind == "ruff":
        shape.ellipse(x, y, 0.98 * s, 0.42 * s)
        mask = shape.mask()
        paint(picture, mask, (0.95, 0.94, 0.9))
        folds = Shape(height, width)
        for t in np.linspace(0, 2 * np.pi, 40, endpoint=False):
            folds.line(
                [
                    (x + 0.4 * s * np.cos(t), y - 0.05 * s + 0.16 * s * np.sin(t)),
                    (x + 0.97 * s * np.cos(t + 0.06), y + 0.41 * s * np.sin(t + 0.06)),
                ],
                0.028 * s,
            )
        paint(picture, soft(folds.mask(), 0.8) * mask, (0.56, 0.55, 0.55), 0.75)
    elif kind == "lace_collar":
        shape.polygon(
            [
                (x - 0.9 * s, y + 0.26 * s),
                (x - 0.4 * s, y - 0.18 * s),
                (x, y + 0.2 * s),
                (x + 0.4 * s, y - 0.18 * s),
                (x + 0.9 * s, y + 0.26 * s),
                (x + 0.5 * s, y + 0.72 * s),
                (x, y + 0.34 * s),
                (x - 0.5 * s, y + 0.72 * s),
            ]
        )
        for t in np.linspace(0, 1, 9):
            for side in (-1, 1):
                shape.ellipse(x + side * (0.9 - 0.4 * t) * s, y + (0.26 + 0.46 * t) * s, 0.075 * s, 0.075 * s)
        paint(picture, shape, (0.95, 0.94, 0.9))
    elif kind == "fur_collar":
        for t in np.linspace(0, 1, 30):
            for side in (-1, 1):
                shape.ellipse(
                    x + side * (0.36 + 0.34 * t) * s,
                    y + (-0.06 + 0.95 * t) * s,
                    0.2 * s,
                    0.15 * s,
                    150 + 50 * int(t * 30) % 105,
                )
        paint(picture, shape, (0.52, 0.38, 0.25))
        darken(picture, np.clip(shape.mask() - soft(shape.mask(), 3), 0, 1), -0.3)
    elif kind == "pearls":
        for t in np.linspace(-1, 1, 17):
            shape.ellipse(x + 0.44 * s * t, y + (0.34 - 0.32 * t * t) * s, 0.046 * s, 0.046 * s)
        mask = shape.mask()
        darken(picture, np.roll(mask, (3, 2), axis=(0, 1)), 0.4)
        paint(picture, mask, (0.96, 0.94, 0.89))
    elif kind == "gold_chain":
        for t in np.linspace(-1, 1, 27):
            shape.ellipse(x + 0.74 * s * t, y + (1.0 - 0.85 * t * t) * s, 0.055 * s, 0.042 * s)
        shape.ellipse(x, y + 1.1 * s, 0.13 * s, 0.15 * s)
        mask = shape.mask()
        darken(picture, np.roll(mask, (3, 2), axis=(0, 1)), 0.5)
        paint(picture, mask, (0.92, 0.72, 0.26))


def _headgear(picture: Pixels, kind: str, x: float, y: float, s: float, turn: float, accent: Rgb) -> None:
    height, width = picture.shape[:2]
    shape, trim = Shape(height, width), Shape(height, width)
    top = y - 0.62 * s
    colour, trim_tone = accent, mix(accent, (1, 1, 1), 0.4)
    if kind == "wide_hat":
        colour, trim_tone = (0.13, 0.11, 0.12), (0.95, 0.93, 0.88)
        shape.ellipse(x, top + 0.1 * s, 1.24 * s, 0.28 * s).polygon(
            [
                (x - 0.56 * s, top + 0.06 * s),
                (x - 0.46 * s, top - 0.66 * s),
                (x + 0.46 * s, top - 0.66 * s),
                (x + 0.56 * s, top + 0.06 * s),
            ]
        ).ellipse(x, top - 0.64 * s, 0.46 * s, 0.13 * s)
        side = -turn if turn else 1
        trim.line(
            [(x + side * 0.5 * s, top), (x + side * 0.85 * s, top - 0.5 * s), (x + side * 1.12 * s, top - 0.24 * s)],
            0.15 * s,
        )
    elif kind == "turban":
        shape.ellipse(x, top - 0.12 * s, 0.84 * s, 0.5 * s)
        for k in range(5):
            trim.arc(x + (-0.7 + 0.34 * k) * s, top - 0.1 * s, 0.62 * s, 0.6 * s, 200, 320, 0.035 * s)
    elif kind == "crown":
        colour, trim_tone = (0.88, 0.68, 0.24), (0.72, 0.12, 0.14)
        points = [(x - 0.62 * s, top + 0.14 * s)]
        for k in range(5):
            points += [(x + (-0.7 + 0.35 * k) * s, top - 0.52 * s), (x + (-0.53 + 0.35 * k) * s, top - 0.14 * s)]
        shape.polygon([*points[:-1], (x + 0.62 * s, top + 0.14 * s)])
        for k in range(5):
            shape.ellipse(x + (-0.7 + 0.35 * k) * s, top - 0.55 * s, 0.065 * s, 0.065 * s)
            trim.ellipse(x + (-0.48 + 0.24 * k) * s, top + 0.02 * s, 0.055 * s, 0.055 * s)
    elif kind == "veil":
        colour = (0.92, 0.9, 0.86)
        shape.ellipse(x, y - 0.18 * s, 0.84 * s, 0.98 * s).polygon(
            [
                (x - 0.84 * s, y - 0.2 * s),
                (x - 1.0 * s, y + 1.7 * s),
                (x - 0.5 * s, y + 1.5 * s),
                (x - 0.56 * s, y),
                (x + 0.56 * s, y),
                (x + 0.5 * s, y + 1.5 * s),
                (x + 1.0 * s, y + 1.7 * s),
                (x + 0.84 * s, y - 0.2 * s),
            ]
        )
        shape.ellipse(x + 0.04 * turn * s, y + 0.06 * s, 0.56 * s, 0.8 * s, 0).rectangle(
            x - 0.5 * s, y + 0.2 * s, x + 0.5 * s, y + 1.7 * s, 0
        )
    elif kind == "beret":
        shape.ellipse(x + 0.1 * s, top - 0.06 * s, 0.95 * s, 0.34 * s)
        trim.line([(x - 0.62 * s, top + 0.12 * s), (x, top + 0.02 * s), (x + 0.62 * s, top + 0.12 * s)], 0.08 * s)
    elif kind == "helmet":
        colour, trim_tone = (0.56, 0.59, 0.63), (0.78, 0.16, 0.12)
        shape.ellipse(x, top + 0.16 * s, 0.74 * s, 0.78 * s).ellipse(x, y + 0.26 * s, 0.56 * s, 0.66 * s, 0)
        shape.rectangle(x - 0.78 * s, top + 0.14 * s, x + 0.78 * s, top + 0.26 * s)
        trim.ellipse(x, top - 0.62 * s, 0.2 * s, 0.34 * s).line(
            [
                (x, top - 0.7 * s),
                (x - (turn or 1) * 0.5 * s, top - 0.5 * s),
                (x - (turn or 1) * 0.86 * s, top + 0.1 * s),
            ],
            0.2 * s,
        )
    elif kind == "wreath":
        colour = (0.26, 0.42, 0.16)
        for k in range(13):
            t = np.pi * (0.04 + 0.92 * k / 12)
            cx, cy = x - 0.68 * s * np.cos(t), y - 0.2 * s - 0.5 * s * np.sin(t)
            shape.polygon(
                [
                    (cx - 0.13 * s, cy + 0.05 * s),
                    (cx - 0.02 * s, cy - 0.16 * s),
                    (cx + 0.13 * s, cy - 0.04 * s),
                    (cx, cy + 0.08 * s),
                ]
            )
            if k % 3 == 0:
                trim.ellipse(cx, cy, 0.05 * s, 0.05 * s)
        trim_tone = (0.9, 0.72, 0.3)
    else:
        return
    mask = shape.mask()
    darken(picture, np.roll(soft(mask, 4), 6, axis=0) * (1 - mask), 0.35)
    _model(picture, mask, colour, x, top, 1.0 * s, 0.9 * s, -1)
    paint(picture, trim, trim_tone)


def portrait(a: Mapping[str, Value], rng: np.random.Generator, height: int, width: int) -> Pixels:
    """Paint a portrait."""
    turn = {"facing_left": -1.0, "facing_right": 1.0, "frontal": 0.0}[str(a["facing"])]
    light = -1.0 if turn == 0 else turn
    picture = _backdrop(a, rng, height, width, -light)
    s = height * float(rng.uniform(0.185, 0.2))
    x, y = width / 2 + float(rng.normal(0, 0.012)) * width, height * 0.41
    sitter = str(a["sitter"])
    soft_face = sitter in ("woman", "girl")
    if sitter == "girl":
        s *= 0.92
    skin = jitter(_SKIN[int(rng.choice(4, p=(0.4, 0.3, 0.2, 0.1)))], rng, 0.015)
    hair_tone = {
        "black": (0.1, 0.08, 0.08),
        "brown": (0.32, 0.2, 0.12),
        "yellow": (0.82, 0.65, 0.34),
        "red": (0.62, 0.25, 0.1),
        "grey": (0.72, 0.71, 0.69),
    }[str(a["hair"])]
    back = Shape(height, width).ellipse(x - turn * 0.1 * s, y - 0.16 * s, 0.76 * s, 0.82 * s)
    if soft_face:
        back.polygon(
            [
                (x - 0.76 * s, y - 0.1 * s),
                (x - 0.86 * s, y + 1.15 * s),
                (x + 0.86 * s, y + 1.15 * s),
                (x + 0.76 * s, y - 0.1 * s),
            ]
        )
    hair_mask = back.mask()
    strands = np.sin(np.arange(width, dtype=np.float32)[None, :] * 60 / width + 3 * noise(rng, height, width, 50, 2))
    paint(picture, hair_mask, np.clip(np.asarray(hair_tone, np.float32) * (0.9 + 0.22 * strands)[..., None], 0, 1))
    garment = rgb(str(a["garment_colour"]))
    body = Shape(height, width).polygon(
        [
            (x - 0.4 * s, y + 0.95 * s),
            (x - 1.3 * s, y + 1.3 * s),
            (x - 1.75 * s, y + 2.2 * s),
            (x - 1.8 * s, height + 4),
            (x + 1.8 * s, height + 4),
            (x + 1.75 * s, y + 2.2 * s),
            (x + 1.3 * s, y + 1.3 * s),
            (x + 0.4 * s, y + 0.95 * s),
            (x, y + 1.35 * s),
        ]
    )
    neck = Shape(height, width).polygon(
        [
            (x - 0.36 * s, y + 0.4 * s),
            (x + 0.36 * s, y + 0.4 * s),
            (x + 0.44 * s, y + 1.1 * s),
            (x + 0.62 * s, y + 1.35 * s),
            (x, y + 1.75 * s),
            (x - 0.62 * s, y + 1.35 * s),
            (x - 0.44 * s, y + 1.1 * s),
        ]
    )
    _model(picture, neck.mask(), mix(skin, _SHADOW, 0.12), x, y + 1.0 * s, 0.8 * s, 1.0 * s, light)
    body_mask = soft(body.mask(), 1.2)
    _model(picture, body_mask, garment, x, y + 1.9 * s, 1.9 * s, 1.5 * s, light)
    folds = np.clip(noise(rng, height, width, s * 0.7, 3), -1, 1)
    darken(picture, body_mask * np.clip(folds, 0, 1), 0.42)
    darken(picture, body_mask * np.clip(-folds, 0, 1), -0.18)
    _collar(picture, str(a["collar"]), x, y + 1.08 * s, s)
    face = (
        Shape(height, width)
        .ellipse(x, y, 0.58 * s, 0.74 * s)
        .polygon(
            [
                (x - 0.5 * s, y + 0.3 * s),
                (x - 0.22 * s, y + 0.8 * s),
                (x + 0.22 * s, y + 0.8 * s),
                (x + 0.5 * s, y + 0.3 * s),
            ]
        )
    )
    face_mask = soft(face.mask(), 1)
    darken(picture, np.roll(soft(face_mask, 6), int(0.14 * s), axis=0) * (1 - face_mask), 0.4)
    _model(picture, face_mask, skin, x + turn * 0.06 * s, y, 0.85 * s, 0.95 * s, light)
    _features(picture, x, y, s, turn, light, skin, hair_tone, soft_face)
    fringe = Shape(height, width)
    if soft_face:
        fringe.polygon(
            [
                (x - 0.64 * s, y + 0.1 * s),
                (x - 0.6 * s, y - 0.6 * s),
                (x, y - 0.84 * s),
                (x + 0.6 * s, y - 0.6 * s),
                (x + 0.64 * s, y + 0.1 * s),
                (x + 0.46 * s, y - 0.34 * s),
                (x + turn * 0.1 * s, y - 0.52 * s),
                (x - 0.46 * s, y - 0.34 * s),
            ]
        )
    else:
        fringe.polygon(
            [
                (x - 0.62 * s, y - 0.05 * s),
                (x - 0.6 * s, y - 0.62 * s),
                (x, y - 0.86 * s),
                (x + 0.6 * s, y - 0.62 * s),
                (x + 0.62 * s, y - 0.05 * s),
                (x + 0.5 * s, y - 0.44 * s),
                (x - 0.5 * s, y - 0.44 * s),
            ]
        )
    if sitter == "old_man":
        fringe.polygon(
            [
                (x - 0.56 * s, y + 0.16 * s),
                (x - 0.5 * s, y + 0.8 * s),
                (x + turn * 0.1 * s, y + 1.32 * s),
                (x + 0.5 * s, y + 0.8 * s),
                (x + 0.56 * s, y + 0.16 * s),
                (x + 0.24 * s, y + 0.36 * s),
                (x, y + 0.33 * s),
                (x - 0.24 * s, y + 0.36 * s),
            ]
        )
        fringe.ellipse(x + turn * 0.2 * s, y + 0.48 * s, 0.15 * s, 0.045 * s, 0)
    paint(
        picture,
        soft(fringe.mask(), 1.2),
        np.clip(np.asarray(hair_tone, np.float32) * (1 + 0.24 * strands)[..., None], 0, 1),
    )
    accent = mix(garment, (0.98, 0.9, 0.7), 0.25) if sum(garment) < 2.2 else (0.5, 0.16, 0.14)
    _headgear(picture, str(a["headgear"]), x, y, s, turn, accent)
    picture = finish(str(a["style"]), picture, rng)
    if a["setting"] == "oval":
        frame = 1 - Shape(height, width).ellipse(width / 2, height / 2, width * 0.47, height * 0.475).mask()
        paint(picture, frame, mix(rgb(str(a["backdrop_colour"])), (0.16, 0.12, 0.09), 0.72))
        rim = (
            Shape(height, width).arc(width / 2, height / 2, width * 0.475, height * 0.48, 0, 360, width * 0.012).mask()
        )
        paint(picture, rim, (0.84, 0.66, 0.3))
    return picture
