"""Buildings and trees as flat masks with a lit and a shaded side.

Landscapes, prints, photographs and posters share them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from heritage_assets.embedded.museum.canvas import Pixels, Rgb, Shape, mix, paint


@dataclass
class Parts:
    """The masks of a motif. ``light`` is the wall in the sun, ``shade`` the wall away from it, ``roof``, ``dark`` openings."""

    light: Shape
    shade: Shape
    roof: Shape
    dark: Shape

    def paint(self, picture: Pixels, stone: Rgb, roof: Rgb, haze: Rgb, distance: float = 0.0) -> None:
        """Paint the motif into a picture; ``distance`` (0 to 1) fades it into the haze."""
        for shape, colour in (
            (self.shade, mix(stone, (0.05, 0.05, 0.12), 0.42)),
            (self.light, stone),
            (self.roof, roof),
            (self.dark, mix(stone, (0.06, 0.05, 0.08), 0.82)),
        ):
            paint(picture, shape, mix(colour, haze, distance))


def parts(height: int, width: int) -> Parts:
    """Return empty parts for a picture of this size."""
    return Parts(Shape(height, width), Shape(height, width), Shape(height, width), Shape(height, width))


def _block(p: Parts, left: float, top: float, right: float, bottom: float, lit: float = 0.62) -> None:
    edge = left + (right - left) * lit
    p.light.rectangle(left, top, edge, bottom)
    p.shade.rectangle(edge, top, right, bottom)


def _battlements(p: Parts, left: float, right: float, top: float, tooth: float) -> None:
    x = left
    while x < right - tooth * 0.5:
        p.light.rectangle(x, top - tooth, min(x + tooth, right), top + 1)
        x += tooth * 2


def windmill(p: Parts, x: float, y: float, s: float, rng: np.random.Generator) -> None:
    """A tower mill with four sails; (x, y) is the middle of its foot, ``s`` its height."""
    p.light.polygon([(x - 0.22 * s, y), (x - 0.13 * s, y - 0.62 * s), (x + 0.02 * s, y - 0.62 * s), (x + 0.06 * s, y)])
    p.shade.polygon([(x + 0.05 * s, y), (x + 0.02 * s, y - 0.62 * s), (x + 0.13 * s, y - 0.62 * s), (x + 0.22 * s, y)])
    p.roof.polygon(
        [
            (x - 0.16 * s, y - 0.61 * s),
            (x - 0.09 * s, y - 0.74 * s),
            (x + 0.07 * s, y - 0.76 * s),
            (x + 0.16 * s, y - 0.61 * s),
        ]
    )
    p.dark.rectangle(x - 0.06 * s, y - 0.16 * s, x + 0.02 * s, y)
    p.dark.rectangle(x - 0.06 * s, y - 0.42 * s, x, y - 0.34 * s)
    turn = float(rng.uniform(0.2, 1.3))
    cx, cy = x - 0.02 * s, y - 0.66 * s
    for k in range(4):
        a = turn + k * np.pi / 2
        dx, dy = float(np.cos(a)), float(np.sin(a))
        tip = (cx + dx * 0.52 * s, cy + dy * 0.52 * s)
        p.dark.line([(cx, cy), tip], 0.022 * s)
        nx, ny = -dy * 0.11 * s, dx * 0.11 * s
        inner = (cx + dx * 0.12 * s, cy + dy * 0.12 * s)
        p.roof.polygon([inner, tip, (tip[0] + nx, tip[1] + ny), (inner[0] + nx, inner[1] + ny)], 205)


def castle(p: Parts, x: float, y: float, s: float, rng: np.random.Generator) -> None:
    """A castle with a keep and two towers."""
    _block(p, x - 0.5 * s, y - 0.34 * s, x + 0.5 * s, y + 0.02 * s, 0.7)
    _battlements(p, x - 0.5 * s, x + 0.5 * s, y - 0.34 * s, 0.045 * s)
    for offset, tower, wide in ((-0.5, 0.66, 0.11), (0.46, 0.56, 0.1), (-0.04, float(rng.uniform(0.8, 0.95)), 0.15)):
        left, right, top = x + (offset - wide) * s, x + (offset + wide) * s, y - tower * s
        _block(p, left, top, right, y + 0.02 * s)
        if offset == -0.04:
            _battlements(p, left, right, top, 0.05 * s)
        else:
            p.roof.polygon(
                [(left - 0.02 * s, top + 1), ((left + right) / 2, top - 0.24 * s), (right + 0.02 * s, top + 1)]
            )
        p.dark.rectangle((left + right) / 2 - 0.02 * s, top + 0.1 * s, (left + right) / 2 + 0.015 * s, top + 0.2 * s)
    p.dark.rectangle(x + 0.16 * s, y - 0.16 * s, x + 0.28 * s, y + 0.02 * s)
    p.dark.ellipse(x + 0.22 * s, y - 0.16 * s, 0.06 * s, 0.06 * s)


def church(p: Parts, x: float, y: float, s: float, rng: np.random.Generator) -> None:
    """A village church with a pointed spire."""
    _block(p, x - 0.1 * s, y - 0.3 * s, x + 0.5 * s, y, 0.55)
    p.roof.polygon(
        [(x - 0.1 * s, y - 0.29 * s), (x, y - 0.47 * s), (x + 0.45 * s, y - 0.47 * s), (x + 0.54 * s, y - 0.29 * s)]
    )
    _block(p, x - 0.28 * s, y - 0.58 * s, x - 0.06 * s, y)
    p.roof.polygon(
        [
            (x - 0.31 * s, y - 0.57 * s),
            (x - 0.17 * s, y - float(rng.uniform(0.98, 1.1)) * s),
            (x - 0.03 * s, y - 0.57 * s),
        ]
    )
    p.dark.rectangle(x - 0.21 * s, y - 0.5 * s, x - 0.15 * s, y - 0.4 * s)
    p.dark.rectangle(x - 0.21 * s, y - 0.13 * s, x - 0.13 * s, y)
    for k in range(3):
        p.dark.ellipse(x + (0.03 + 0.14 * k) * s, y - 0.16 * s, 0.028 * s, 0.07 * s)


def cottage(p: Parts, x: float, y: float, s: float, rng: np.random.Generator) -> None:
    """A farmhouse with a steep roof, a chimney, and a barn."""
    _block(p, x - 0.42 * s, y - 0.3 * s, x + 0.3 * s, y, 0.68)
    p.roof.polygon(
        [
            (x - 0.5 * s, y - 0.28 * s),
            (x - 0.32 * s, y - 0.64 * s),
            (x + 0.2 * s, y - 0.64 * s),
            (x + 0.38 * s, y - 0.28 * s),
        ]
    )
    _block(p, x + 0.32 * s, y - 0.2 * s, x + 0.62 * s, y, 0.5)
    p.roof.polygon([(x + 0.28 * s, y - 0.19 * s), (x + 0.46 * s, y - 0.4 * s), (x + 0.66 * s, y - 0.19 * s)])
    p.shade.rectangle(x + 0.06 * s, y - 0.78 * s, x + 0.14 * s, y - 0.6 * s)
    p.dark.rectangle(x - 0.1 * s, y - 0.2 * s, x, y)
    for k in (-0.33, 0.1):
        p.dark.rectangle(x + k * s, y - 0.2 * s, x + (k + 0.1) * s, y - 0.1 * s)


def bridge(p: Parts, x: float, y: float, s: float, rng: np.random.Generator) -> None:
    """A stone bridge of three arches, humped in the middle."""
    top = [(x + k * 0.9 * s, y - (0.46 - 0.16 * k * k) * s) for k in np.linspace(-1, 1, 13)]
    p.light.polygon([*top, (x + 0.9 * s, y + 0.04 * s), (x - 0.9 * s, y + 0.04 * s)])
    p.shade.line([(a, b + 0.03 * s) for a, b in top], 0.04 * s)
    for k, radius in ((-0.52, 0.17), (0.0, 0.24), (0.52, 0.17)):
        for face in (p.light, p.shade):
            face.ellipse(x + k * s, y + 0.04 * s, radius * s, radius * 1.35 * s, 0)
        p.dark.arc(x + k * s, y + 0.04 * s, radius * s, radius * 1.35 * s, 180, 360, 0.03 * s)


def ruin(p: Parts, x: float, y: float, s: float, rng: np.random.Generator) -> None:
    """Columns of a temple, some broken, with part of the architrave."""
    p.shade.rectangle(x - 0.62 * s, y - 0.06 * s, x + 0.62 * s, y + 0.02 * s)
    tall = [0.72, 0.72, 0.72, 0.72, float(rng.uniform(0.3, 0.5)), float(rng.uniform(0.15, 0.35))]
    for k, h in enumerate(tall):
        cx = x + (-0.5 + 0.2 * k) * s
        _block(p, cx - 0.045 * s, y - h * s, cx + 0.045 * s, y - 0.04 * s)
        if h > 0.6:
            p.light.rectangle(cx - 0.07 * s, y - h * s, cx + 0.07 * s, y - (h - 0.04) * s)
    p.light.rectangle(x - 0.6 * s, y - 0.82 * s, x + 0.2 * s, y - 0.71 * s)
    p.shade.rectangle(x - 0.6 * s, y - 0.74 * s, x + 0.2 * s, y - 0.71 * s)
    p.light.polygon([(x - 0.6 * s, y - 0.83 * s), (x - 0.2 * s, y - 1.0 * s), (x - 0.04 * s, y - 0.83 * s)])


def cathedral(p: Parts, x: float, y: float, s: float, rng: np.random.Generator) -> None:
    """The west front of a cathedral: two towers, a gable, a rose window, three portals."""
    _block(p, x - 0.2 * s, y - 0.62 * s, x + 0.2 * s, y, 0.75)
    p.roof.polygon([(x - 0.2 * s, y - 0.61 * s), (x, y - 0.8 * s), (x + 0.2 * s, y - 0.61 * s)])
    for side in (-1, 1):
        cx = x + side * 0.32 * s
        _block(p, cx - 0.13 * s, y - 0.78 * s, cx + 0.13 * s, y)
        p.roof.polygon([(cx - 0.13 * s, y - 0.77 * s), (cx, y - 1.12 * s), (cx + 0.13 * s, y - 0.77 * s)])
        for level in (0.68, 0.42):
            for k in (-0.05, 0.05):
                p.dark.ellipse(cx + k * s, y - level * s, 0.026 * s, 0.08 * s)
        p.dark.ellipse(cx, y - 0.06 * s, 0.055 * s, 0.14 * s)
    p.dark.ellipse(x, y - 0.47 * s, 0.1 * s, 0.1 * s)
    p.light.ellipse(x, y - 0.47 * s, 0.02 * s, 0.02 * s)
    p.dark.ellipse(x, y - 0.06 * s, 0.09 * s, 0.2 * s)


def village(p: Parts, x: float, y: float, s: float, rng: np.random.Generator) -> None:
    """Some houses around a church."""
    for k in (-0.62, -0.3, 0.32, 0.66):
        wide, tall = float(rng.uniform(0.13, 0.18)), float(rng.uniform(0.16, 0.26))
        cx, cy = x + k * s, y + float(rng.uniform(-0.02, 0.08)) * s
        _block(p, cx - wide * s, cy - tall * s, cx + wide * s, cy)
        p.roof.polygon(
            [
                (cx - (wide + 0.03) * s, cy - tall * s + 1),
                (cx, cy - (tall + 0.18) * s),
                (cx + (wide + 0.03) * s, cy - tall * s + 1),
            ]
        )
        p.dark.rectangle(cx - 0.03 * s, cy - 0.1 * s, cx + 0.02 * s, cy)
    church(p, x - 0.02 * s, y - 0.02 * s, 0.72 * s, rng)


def lighthouse(p: Parts, x: float, y: float, s: float, rng: np.random.Generator) -> None:
    """A lighthouse with bands and a lantern."""
    p.light.polygon([(x - 0.14 * s, y), (x - 0.085 * s, y - 0.8 * s), (x + 0.02 * s, y - 0.8 * s), (x + 0.04 * s, y)])
    p.shade.polygon([(x + 0.035 * s, y), (x + 0.015 * s, y - 0.8 * s), (x + 0.085 * s, y - 0.8 * s), (x + 0.14 * s, y)])
    for k in range(3):
        top, w = y - (0.68 - 0.24 * k) * s, (0.095 + 0.015 * k) * s
        p.roof.rectangle(x - w, top, x + w, top + 0.11 * s)
    p.dark.rectangle(x - 0.11 * s, y - 0.82 * s, x + 0.11 * s, y - 0.79 * s)
    p.light.rectangle(x - 0.06 * s, y - 0.93 * s, x + 0.06 * s, y - 0.82 * s, 255)
    p.roof.polygon([(x - 0.08 * s, y - 0.92 * s), (x, y - 1.04 * s), (x + 0.08 * s, y - 0.92 * s)])


MOTIFS: dict[str, Callable[[Parts, float, float, float, np.random.Generator], None]] = {
    "windmill": windmill,
    "castle": castle,
    "church": church,
    "cottage": cottage,
    "bridge": bridge,
    "ruin": ruin,
    "cathedral": cathedral,
    "village": village,
    "lighthouse": lighthouse,
}
"""Motif -> draw it into parts at (x, y: middle of its foot) with a height of ``s`` pixels."""


def tree(kind: str, foliage: Shape, trunk: Shape, x: float, y: float, s: float, rng: np.random.Generator) -> None:
    """Draw one tree of a kind (poplar, cypress, pine, birch, oak, palm), its foot at (x, y), ``s`` pixels high."""
    if kind == "palm":
        lean = float(rng.uniform(-0.12, 0.12)) * s
        curve = [(x + lean * t * t, y - 0.74 * s * t) for t in np.linspace(0, 1, 8)]
        trunk.line(curve, 0.04 * s)
        cx, cy = curve[-1]
        for a in np.linspace(-2.9, 2.9, 9) + rng.normal(0, 0.08, 9):
            tip = (cx + 0.34 * s * np.sin(a), cy - 0.2 * s * np.cos(a) + 0.1 * s)
            mid = (cx + 0.2 * s * np.sin(a), cy - 0.2 * s * np.cos(a) - 0.05 * s)
            foliage.polygon([(cx, cy), (mid[0], mid[1] - 0.03 * s), tip, (mid[0], mid[1] + 0.05 * s)])
        return
    trunk.rectangle(x - 0.02 * s, y - 0.3 * s, x + 0.02 * s, y)
    if kind == "pine":
        for k in range(4):
            top, wide = y - (1.0 - 0.2 * k) * s, (0.1 + 0.055 * k) * s
            foliage.polygon([(x - wide, top + 0.32 * s), (x, top), (x + wide, top + 0.32 * s)])
        return
    if kind in ("poplar", "cypress"):
        wide = 0.12 if kind == "poplar" else 0.085
        outline = [(x + side * wide * s * np.sin(np.pi * t**0.7) * rng.uniform(0.85, 1.1), y - (0.08 + 0.92 * t) * s)
                   for side, ts in ((-1, np.linspace(0, 1, 14)), (1, np.linspace(1, 0, 14))) for t in ts]  # fmt: skip
        foliage.polygon(outline)
        return
    if kind == "birch":
        trunk.line([(x, y), (x + 0.02 * s, y - 0.8 * s)], 0.03 * s)
        trunk.line([(x, y - 0.4 * s), (x + 0.14 * s, y - 0.7 * s)], 0.015 * s)
        for _ in range(16):
            r = float(rng.uniform(0.05, 0.1)) * s
            foliage.ellipse(
                x + float(rng.normal(0, 0.12)) * s,
                y - float(rng.uniform(0.45, 0.95)) * s,
                r,
                r * 1.2,
                int(rng.integers(150, 255)),
            )
        return
    trunk.line([(x, y), (x - 0.02 * s, y - 0.5 * s)], 0.08 * s)
    for _ in range(14):
        a, d = float(rng.uniform(0, 6.3)), float(rng.uniform(0, 0.26)) * s
        r = float(rng.uniform(0.12, 0.17)) * s
        foliage.ellipse(x + d * 1.2 * np.cos(a), y - 0.64 * s + d * np.sin(a), r, r * 0.85)
