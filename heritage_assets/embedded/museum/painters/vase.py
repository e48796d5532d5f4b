"""Vases: a turned profile, painted bands wrapped round it, glaze and light, before a studio backdrop."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from heritage_assets.embedded.museum.canvas import (
    Pixels,
    Rgb,
    Shape,
    darken,
    jitter,
    mix,
    noise,
    paint,
    rgb,
    shade,
    soft,
    wall,
)
from heritage_assets.embedded.museum.kind import Value
from heritage_assets.embedded.museum.painters.figures import figure

_PROFILES: dict[str, tuple[tuple[float, float], ...]] = {
    "amphora": (
        (0, 0.2),
        (0.03, 0.22),
        (0.06, 0.15),
        (0.24, 0.13),
        (0.32, 0.3),
        (0.45, 0.42),
        (0.6, 0.4),
        (0.8, 0.22),
        (0.93, 0.1),
        (0.95, 0.18),
        (1, 0.19),
    ),
    "krater": (
        (0, 0.52),
        (0.04, 0.52),
        (0.08, 0.45),
        (0.3, 0.41),
        (0.5, 0.41),
        (0.64, 0.37),
        (0.78, 0.2),
        (0.86, 0.1),
        (0.93, 0.12),
        (0.96, 0.24),
        (1, 0.25),
    ),
    "ewer": (
        (0, 0.2),
        (0.03, 0.2),
        (0.08, 0.13),
        (0.3, 0.12),
        (0.42, 0.26),
        (0.6, 0.37),
        (0.74, 0.36),
        (0.88, 0.22),
        (0.94, 0.16),
        (1, 0.22),
    ),
    "bottle_vase": (
        (0, 0.12),
        (0.02, 0.12),
        (0.06, 0.08),
        (0.42, 0.09),
        (0.52, 0.2),
        (0.64, 0.33),
        (0.78, 0.36),
        (0.9, 0.29),
        (0.97, 0.2),
        (1, 0.21),
    ),
    "albarello": (
        (0, 0.26),
        (0.03, 0.27),
        (0.07, 0.21),
        (0.12, 0.24),
        (0.17, 0.31),
        (0.4, 0.27),
        (0.6, 0.265),
        (0.83, 0.31),
        (0.9, 0.25),
        (0.95, 0.25),
        (1, 0.28),
    ),
    "globular_jar": (
        (0, 0.22),
        (0.05, 0.22),
        (0.1, 0.2),
        (0.16, 0.32),
        (0.3, 0.48),
        (0.5, 0.55),
        (0.7, 0.5),
        (0.88, 0.32),
        (0.95, 0.23),
        (1, 0.24),
    ),
    "footed_bowl": (
        (0, 0.62),
        (0.04, 0.63),
        (0.08, 0.6),
        (0.3, 0.54),
        (0.48, 0.38),
        (0.58, 0.16),
        (0.66, 0.08),
        (0.82, 0.09),
        (0.93, 0.22),
        (0.96, 0.3),
        (1, 0.31),
    ),
}
"""(place from mouth to foot, half width), in heights of the vase."""
_HANDLES = {"amphora": 2, "krater": 2, "ewer": 1}
_TALL = {"krater": 0.62, "globular_jar": 0.66, "footed_bowl": 0.52}

_BELLIES: dict[str, float] = {
    "krater": 0.32,
    "footed_bowl": 0.24,
    "bottle_vase": 0.74,
    "ewer": 0.64,
    "amphora": 0.5,
    "globular_jar": 0.48,
    "albarello": 0.5,
}
"""Where the widest part is, in heights from the mouth: there the band goes."""


def _strip(band: str, height: int, width: int, repeats: int) -> Pixels:
    """Return the painted band unrolled: a mask (height, width)."""
    shape = Shape(height, width)
    cell = width / repeats
    for k in range(repeats):
        x, y, s = (k + 0.5) * cell, height / 2, min(cell, height) / 2
        if band == "meander":
            w = height * 0.11
            left, right, top, low = k * cell, (k + 1) * cell, height * 0.2, height * 0.8
            shape.line(
                [
                    (left, low),
                    (left, top),
                    (right - cell * 0.25, top),
                    (right - cell * 0.25, y + w),
                    (x - cell * 0.06, y + w),
                    (x - cell * 0.06, y - w * 0.4),
                ],
                w,
            )
            shape.line([(left, low), (right, low), (right, top)], w)
        elif band == "waves":
            ts = np.linspace(0, 1, 16)
            shape.line([(k * cell + t * cell, y + height * 0.26 * np.sin(2 * np.pi * t)) for t in ts], height * 0.16)
            shape.ellipse(x, y + height * 0.02, s * 0.2, s * 0.2)
        elif band == "zigzag":
            shape.polygon(
                [(k * cell, height * 0.88), (x, height * 0.12), ((k + 1) * cell, height * 0.88), (x, height * 0.5)]
            )
        elif band == "dots":
            shape.ellipse(x, y, s * 0.62, s * 0.62)
        elif band == "leaves":
            for lean in (-1, 1):
                shape.polygon(
                    [
                        (x, height * 0.95),
                        (x + lean * cell * 0.45, height * 0.5),
                        (x + lean * cell * 0.3, height * 0.06),
                        (x + lean * cell * 0.1, height * 0.5),
                    ]
                )
            shape.line([(x, height), (x, height * 0.05)], cell * 0.05)
        else:
            figure(band, shape, x, y, s * 0.95)
    return shape.mask()


def _handles(shape_name: str, height: int, width: int, top: float, tall: float) -> Shape:
    """Return the handles that belong to a shape."""
    cx = width / 2
    places, halves = zip(*_PROFILES[shape_name], strict=True)
    handles = Shape(height, width)
    for k in range(_HANDLES.get(shape_name, 0)):
        side = 1 if k == 0 else -1
        start, end = (0.08, 0.36) if shape_name != "krater" else (0.52, 0.66)
        reach = np.interp(end, places, halves) + 0.06
        points = [(cx + side * tall * (np.interp(start, places, halves) * 0.95), top + start * tall)]
        points += [(cx + side * tall * reach, top + (start + (end - start) * t) * tall) for t in (0.12, 0.5)]
        points += [(cx + side * tall * np.interp(end, places, halves) * 0.96, top + end * tall)]
        handles.line(points, tall * 0.035)
    return handles


def _paint_bands(
    surface: Pixels, band: str, belly: float, pigment: Rgb, ratio: Pixels, v: Pixels, rng: np.random.Generator
) -> None:
    """Wrap the painted band and its lines round the body.

    ``ratio`` (height, width): place across the body, -1 to 1; ``v`` (height,): place down it, 0 to 1.
    """
    width = ratio.shape[1]
    angle = np.arcsin(np.clip(ratio, -1, 1)) / np.float32(np.pi)
    figures = band in ("warriors", "horses", "birds")
    wide, deep = 720, 150
    strip = _strip(band, deep, wide, 5 if figures else 14)
    column = ((angle + 0.5) * (wide - 1) * 0.62 + 20 * float(rng.uniform(0, 5))).astype(np.int32) % wide
    for centre, thick in ((belly, 0.3), (belly - 0.2, 0.04), (belly + 0.2, 0.04)):
        row = (v - (centre - thick / 2)) / thick
        use = (row >= 0) & (row < 1)
        if thick > 0.1:
            pattern = strip[np.clip(row * deep, 0, deep - 1).astype(np.int32)[:, None], column] * use[:, None]
        else:
            pattern = use[:, None] * np.ones((1, width), np.float32)
        paint(surface, pattern.astype(np.float32), pigment)


def vase(a: Mapping[str, Value], rng: np.random.Generator, height: int, width: int) -> Pixels:
    """Photograph a vase."""
    backdrop, ware, shape_name = rgb(str(a["backdrop_colour"])), str(a["ware"]), str(a["shape"])
    picture = wall(
        rng, height, width, mix(backdrop, (0.1, 0.1, 0.12), 0.3) if a["backdrop_colour"] == "black" else backdrop
    )
    tall = _TALL.get(shape_name, 0.8) * height * float(rng.uniform(0.96, 1.04))
    tall = min(
        tall, width * 0.9 / (2 * max(w for _, w in _PROFILES[shape_name]) + (0.12 if shape_name in _HANDLES else 0))
    )
    foot = height * 0.92
    top = foot - tall
    cx = width / 2
    ts = np.arange(height, dtype=np.float32)
    v = (ts - top) / tall
    places, halves = zip(*_PROFILES[shape_name], strict=True)
    knots = np.interp(np.linspace(0, 1, 200), places, halves)
    smooth = np.convolve(np.pad(knots, 6, mode="edge"), np.ones(13) / 13, "valid")
    half = np.interp(v, np.linspace(0, 1, 200), smooth).astype(np.float32) * np.float32(tall)
    inside = (v >= 0) & (v <= 1)
    xs = np.arange(width, dtype=np.float32) - np.float32(cx)
    ratio = xs[None, :] / np.maximum(half, 1)[:, None]
    mask = np.clip(half[:, None] - np.abs(xs)[None, :] + 0.5, 0, 1) * inside[:, None]
    body, pigment = jitter(rgb(str(a["body_colour"])), rng, 0.02), rgb(str(a["paint"]))
    handles = _handles(shape_name, height, width, top, tall)
    handle_mask = handles.mask()
    shadow = Shape(height, width).ellipse(
        cx + (0.1 if a["light_side"] == "left" else -0.1) * tall,
        foot,
        float(half[int(foot) - 3]) * 2.2 + 20,
        tall * 0.04,
    )
    darken(picture, soft(shadow.mask(), 12), 0.7)
    paint(picture, handle_mask, mix(body, (0.05, 0.04, 0.04), 0.25))
    darken(picture, handle_mask * (np.roll(handle_mask, 4, axis=1) < 0.5), 0.35)
    surface = np.broadcast_to(np.asarray(body, np.float32), (height, width, 3)).copy()
    belly = _BELLIES[shape_name]
    _paint_bands(surface, str(a["band"]), belly, pigment, ratio, v, rng)
    paint(
        surface, np.broadcast_to(((v < 0.045) | (v > 0.94))[:, None], (height, width)).astype(np.float32), pigment, 0.9
    )
    lean = np.float32(-0.42 if a["light_side"] == "left" else 0.42)
    lit = np.clip(1.06 - 0.62 * np.abs(ratio - lean) ** 1.7, 0.2, 1.1)
    texture = noise(rng, height, width, 4 if ware == "stoneware" else 40, 2)
    shade(surface, lit * (1 + (0.14 if ware == "stoneware" else 0.05) * texture))
    if ware != "stoneware":
        gloss = (
            np.exp(-(((ratio - lean) / (0.07 if ware == "porcelain" else 0.16)) ** 2))
            * np.clip(1 - 2 * np.abs(v - belly), 0, 1)[:, None]
        )
        paint(surface, (gloss * (0.75 if ware == "porcelain" else 0.26)).astype(np.float32), (1, 1, 1))
    paint(picture, mask, surface)
    mouth = Shape(height, width).ellipse(cx, top + 2, float(smooth[3]) * tall, tall * 0.022).mask()
    paint(picture, mouth, mix(body, (0, 0, 0), 0.7))
    return picture
