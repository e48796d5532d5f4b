"""Ceramic tiles: a glazed motif with corners that meet in the panel, grout, gloss and chips."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from heritage_assets.embedded.museum.canvas import (
    Pixels,
    Shape,
    darken,
    fill,
    jitter,
    noise,
    paint,
    relief,
    rgb,
    shade,
    soft,
)
from heritage_assets.embedded.museum.kind import Value
from heritage_assets.embedded.museum.painters.figures import Pen, figure, star


def _motif(name: str, size: int) -> tuple[Pixels, Pixels]:
    """Return the masks of a motif in glaze and in accent, for one tile."""
    glaze, accent = Shape(size, size), Shape(size, size)
    c = size / 2
    if name == "star_pattern":
        star(Pen(glaze, c, c, size * 0.44), 8, 0.72)
        star(Pen(accent, c, c, size * 0.29), 8, 0.5)
        glaze.ellipse(c, c, size * 0.07, size * 0.07)
    elif name in ("rosette", "quatrefoil"):
        petals = 8 if name == "rosette" else 4
        for k in range(petals):
            t = 2 * np.pi * k / petals
            radius, reach = (0.115, 0.25) if petals == 8 else (0.17, 0.19)
            glaze.ellipse(c + reach * size * np.cos(t), c + reach * size * np.sin(t), radius * size, radius * size)
            accent.ellipse(
                c + reach * size * np.cos(t), c + reach * size * np.sin(t), radius * 0.55 * size, radius * 0.55 * size
            )
        accent.ellipse(c, c, size * 0.1, size * 0.1)
        glaze.ellipse(c, c, size * 0.05, size * 0.05)
    elif name == "arabesque":
        for k in range(4):
            t0 = k * np.pi / 2
            ts = np.linspace(0, 1, 18)
            spiral = [
                (c + size * (0.06 + 0.3 * t) * np.cos(t0 + 3.6 * t), c + size * (0.06 + 0.3 * t) * np.sin(t0 + 3.6 * t))
                for t in ts
            ]
            glaze.line(spiral, size * 0.035)
            for j in (7, 11, 15):
                px, py = spiral[j]
                accent.ellipse(
                    px + size * 0.05 * np.cos(t0 + j), py + size * 0.05 * np.sin(t0 + j), size * 0.045, size * 0.03
                )
            glaze.ellipse(*spiral[-1], size * 0.06, size * 0.06)
    else:
        figure(name, glaze, c, c, size * 0.34)
        accent.arc(c, c, size * 0.43, size * 0.43, 0, 360, size * 0.025)
    return glaze.mask(), accent.mask()


def _corners(name: str, size: int) -> Pixels:
    shape = Shape(size, size)
    for x, y in ((0, 0), (size, 0), (0, size), (size, size)):
        sx, sy = (1 if x == 0 else -1), (1 if y == 0 else -1)
        if name == "corner_circles":
            shape.ellipse(x, y, size * 0.18, size * 0.18).ellipse(x, y, size * 0.12, size * 0.12, 0).ellipse(
                x, y, size * 0.07, size * 0.07
            )
        elif name == "corner_diamonds":
            shape.polygon([(x, y), (x + sx * size * 0.22, y), (x, y + sy * size * 0.22)])
        elif name == "corner_leaves":
            shape.polygon(
                [
                    (x, y),
                    (x + sx * size * 0.05, y + sy * size * 0.16),
                    (x + sx * size * 0.21, y + sy * size * 0.21),
                    (x + sx * size * 0.16, y + sy * size * 0.05),
                ]
            )
            shape.polygon([(x, y), (x + sx * size * 0.2, y), (x + sx * size * 0.12, y + sy * size * 0.04)])
            shape.polygon([(x, y), (x, y + sy * size * 0.2), (x + sx * size * 0.04, y + sy * size * 0.12)])
    return shape.mask()


def tile(a: Mapping[str, Value], rng: np.random.Generator, height: int, width: int) -> Pixels:
    """Photograph a panel of tiles."""
    n = {1: 1, 4: 2, 9: 3, 16: 4}[int(a["tiles"])]
    side = int(min(height, width) * (0.8 if n == 1 else 0.92)) // n
    glaze, accent = _motif(str(a["motif"]), side)
    corners = _corners(str(a["corner_form"]), side)
    ground, first, second = (rgb(str(a[key])) for key in ("ground_colour", "glaze", "accent"))
    if a["ground_colour"] in (a["glaze"], a["accent"]):
        ground = tuple(0.35 * c + 0.62 for c in ground)  # type: ignore[assignment]
    picture = fill(height, width, (0.3, 0.285, 0.27))
    shade(
        picture,
        1 + 0.05 * noise(rng, height, width, 80) + 0.02 * rng.standard_normal((height, width), dtype=np.float32),
    )
    left, top = (width - n * side) // 2, (height - n * side) // 2
    grout = max(2, side // 50)
    face = Shape(side, side).rectangle(grout, grout, side - grout, side - grout).mask()
    bevel = relief(soft(face, max(1.5, side / 60)), 2.2)
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side
    gloss = np.exp(-(((x + y - 0.55) / 0.16) ** 2))
    for row in range(n):
        for column in range(n):
            one = fill(side, side, jitter(ground, rng, 0.02))
            shift = float(rng.normal(1, 0.05))
            paint(one, corners, jitter(first, rng, 0.02))
            paint(one, glaze, tuple(np.clip(np.asarray(first) * shift, 0, 1)))
            paint(one, accent, jitter(second, rng, 0.02))
            shade(one, 1 + 0.05 * noise(rng, side, side, side / 3) + 0.2 * bevel)
            paint(one, gloss * face, (1, 1, 1), float(rng.uniform(0.08, 0.2)))
            place = np.s_[top + row * side : top + (row + 1) * side, left + column * side : left + (column + 1) * side]
            patch = picture[place]
            paint(patch, face, one)
    chips = Shape(height, width)
    for _ in range(int(rng.integers(1, 5))):
        cx, cy = left + float(rng.integers(0, n + 1)) * side, top + float(rng.uniform(0, n)) * side
        r = side * float(rng.uniform(0.015, 0.035))
        chips.polygon(
            [
                (cx + r * np.cos(t) * rng.uniform(0.6, 1.2), cy + r * np.sin(t) * rng.uniform(0.6, 1.2))
                for t in np.linspace(0, 5.6, 8)
            ]
        )
    chip = chips.mask()
    paint(picture, chip, (0.76, 0.62, 0.47), 0.9)
    darken(picture, np.clip(soft(chip, 2) - chip, 0, 1), 0.5)
    return picture
