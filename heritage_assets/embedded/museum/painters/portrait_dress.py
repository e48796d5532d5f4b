"""What sitters wear: collars and jewels, hats, crowns and veils."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from heritage_assets.embedded.museum.canvas import Pixels, Rgb, Shape, darken, mix, paint, soft
from heritage_assets.embedded.museum.painters.portrait_face import model

_RISE = 0.62
"""Where headgear begins, in half heads above the middle of the face."""


@dataclass(frozen=True)
class Bust:
    """Where the head is: its middle (x, y), half its height ``s`` in pixels, and its turn (-1 left, 0 frontal, 1 right)."""

    x: float
    y: float
    s: float
    turn: float


def _ruff(picture: Pixels, x: float, y: float, s: float) -> None:
    """A pleated ruff."""
    shape = Shape(*picture.shape[:2])
    shape.ellipse(x, y, 0.98 * s, 0.42 * s)
    mask = shape.mask()
    paint(picture, mask, (0.95, 0.94, 0.9))
    folds = Shape(*picture.shape[:2])
    for t in np.linspace(0, 2 * np.pi, 40, endpoint=False):
        folds.line(
            [
                (x + 0.4 * s * np.cos(t), y - 0.05 * s + 0.16 * s * np.sin(t)),
                (x + 0.97 * s * np.cos(t + 0.06), y + 0.41 * s * np.sin(t + 0.06)),
            ],
            0.028 * s,
        )
    paint(picture, soft(folds.mask(), 0.8) * mask, (0.56, 0.55, 0.55), 0.75)


def _lace_collar(picture: Pixels, x: float, y: float, s: float) -> None:
    """A wide collar edged with lace."""
    shape = Shape(*picture.shape[:2])
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


def _fur_collar(picture: Pixels, x: float, y: float, s: float) -> None:
    """Fur along the neckline."""
    shape = Shape(*picture.shape[:2])
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


def _pearls(picture: Pixels, x: float, y: float, s: float) -> None:
    """A string of pearls."""
    shape = Shape(*picture.shape[:2])
    for t in np.linspace(-1, 1, 17):
        shape.ellipse(x + 0.44 * s * t, y + (0.34 - 0.32 * t * t) * s, 0.046 * s, 0.046 * s)
    mask = shape.mask()
    darken(picture, np.roll(mask, (3, 2), axis=(0, 1)), 0.4)
    paint(picture, mask, (0.96, 0.94, 0.89))


def _gold_chain(picture: Pixels, x: float, y: float, s: float) -> None:
    """A chain with a medal."""
    shape = Shape(*picture.shape[:2])
    for t in np.linspace(-1, 1, 27):
        shape.ellipse(x + 0.74 * s * t, y + (1.0 - 0.85 * t * t) * s, 0.055 * s, 0.042 * s)
    shape.ellipse(x, y + 1.1 * s, 0.13 * s, 0.15 * s)
    mask = shape.mask()
    darken(picture, np.roll(mask, (3, 2), axis=(0, 1)), 0.5)
    paint(picture, mask, (0.92, 0.72, 0.26))


_COLLARS: dict[str, Callable[[Pixels, float, float, float], None]] = {
    "ruff": _ruff,
    "lace_collar": _lace_collar,
    "fur_collar": _fur_collar,
    "pearls": _pearls,
    "gold_chain": _gold_chain,
}


def collar(picture: Pixels, kind: str, x: float, y: float, s: float) -> None:
    """Paint a collar around the neck at (x, y); nothing for a plain one."""
    if kind in _COLLARS:
        _COLLARS[kind](picture, x, y, s)


def _wide_hat(shape: Shape, trim: Shape, bust: Bust) -> None:
    """A hat with a wide brim and a feather."""
    x, s, turn = bust.x, bust.s, bust.turn
    top = bust.y - _RISE * bust.s
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


def _turban(shape: Shape, trim: Shape, bust: Bust) -> None:
    """A wound turban."""
    x, s = bust.x, bust.s
    top = bust.y - _RISE * bust.s
    shape.ellipse(x, top - 0.12 * s, 0.84 * s, 0.5 * s)
    for k in range(5):
        trim.arc(x + (-0.7 + 0.34 * k) * s, top - 0.1 * s, 0.62 * s, 0.6 * s, 200, 320, 0.035 * s)


def _crown(shape: Shape, trim: Shape, bust: Bust) -> None:
    """A crown with pearls and rubies."""
    x, s = bust.x, bust.s
    top = bust.y - _RISE * bust.s
    points = [(x - 0.62 * s, top + 0.14 * s)]
    for k in range(5):
        points += [(x + (-0.7 + 0.35 * k) * s, top - 0.52 * s), (x + (-0.53 + 0.35 * k) * s, top - 0.14 * s)]
    shape.polygon([*points[:-1], (x + 0.62 * s, top + 0.14 * s)])
    for k in range(5):
        shape.ellipse(x + (-0.7 + 0.35 * k) * s, top - 0.55 * s, 0.065 * s, 0.065 * s)
        trim.ellipse(x + (-0.48 + 0.24 * k) * s, top + 0.02 * s, 0.055 * s, 0.055 * s)


def _veil(shape: Shape, trim: Shape, bust: Bust) -> None:
    """A veil over hair and shoulders."""
    x, y, s, turn = bust.x, bust.y, bust.s, bust.turn
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


def _beret(shape: Shape, trim: Shape, bust: Bust) -> None:
    """A flat cap."""
    x, s = bust.x, bust.s
    top = bust.y - _RISE * bust.s
    shape.ellipse(x + 0.1 * s, top - 0.06 * s, 0.95 * s, 0.34 * s)
    trim.line([(x - 0.62 * s, top + 0.12 * s), (x, top + 0.02 * s), (x + 0.62 * s, top + 0.12 * s)], 0.08 * s)


def _helmet(shape: Shape, trim: Shape, bust: Bust) -> None:
    """A helmet with a plume."""
    x, y, s, turn = bust.x, bust.y, bust.s, bust.turn
    top = bust.y - _RISE * bust.s
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


def _wreath(shape: Shape, trim: Shape, bust: Bust) -> None:
    """A wreath of laurel with berries."""
    x, y, s = bust.x, bust.y, bust.s
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


_HEADGEAR: dict[str, tuple[Callable[[Shape, Shape, Bust], None], Rgb | None, Rgb | None]] = {
    "wide_hat": (_wide_hat, (0.13, 0.11, 0.12), (0.95, 0.93, 0.88)),
    "turban": (_turban, None, None),
    "crown": (_crown, (0.88, 0.68, 0.24), (0.72, 0.12, 0.14)),
    "veil": (_veil, (0.92, 0.9, 0.86), None),
    "beret": (_beret, None, None),
    "helmet": (_helmet, (0.56, 0.59, 0.63), (0.78, 0.16, 0.12)),
    "wreath": (_wreath, (0.26, 0.42, 0.16), (0.9, 0.72, 0.3)),
}
"""Kind -> its shape, its colour and the colour of its trimmings; None: in the accent of the garment."""


def headgear(picture: Pixels, kind: str, bust: Bust, accent: Rgb) -> None:
    """Paint headgear; nothing for a bare head."""
    if kind not in _HEADGEAR:
        return
    draw, colour, trim_colour = _HEADGEAR[kind]
    shape, trim = Shape(*picture.shape[:2]), Shape(*picture.shape[:2])
    draw(shape, trim, bust)
    mask = shape.mask()
    darken(picture, np.roll(soft(mask, 4), 6, axis=0) * (1 - mask), 0.35)
    model(picture, mask, colour or accent, bust.x, bust.y - _RISE * bust.s, 1.0 * bust.s, 0.9 * bust.s, -1)
    paint(picture, trim.mask() * mask if kind == "turban" else trim, trim_colour or mix(accent, (1, 1, 1), 0.4))
