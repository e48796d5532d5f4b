"""Things and people that posters and photographs show, as parts; and the table of all motifs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from heritage_assets.embedded.museum.canvas import Shape
from heritage_assets.embedded.museum.painters import industry
from heritage_assets.embedded.museum.painters.figures import figure
from heritage_assets.embedded.museum.painters.scenery import MOTIFS, Parts


def balloon(p: Parts, x: float, y: float, s: float, rng: np.random.Generator) -> None:
    """A hot-air balloon."""
    p.light.ellipse(x, y - 0.75 * s, 0.34 * s, 0.38 * s)
    p.light.polygon(
        [
            (x - 0.3 * s, y - 0.58 * s),
            (x + 0.3 * s, y - 0.58 * s),
            (x + 0.08 * s, y - 0.24 * s),
            (x - 0.08 * s, y - 0.24 * s),
        ]
    )
    for k in (-0.5, 0.5):
        p.roof.ellipse(x + k * 0.36 * s, y - 0.75 * s, 0.08 * s, 0.345 * s)
    p.roof.ellipse(x, y - 0.75 * s, 0.045 * s, 0.38 * s)
    for k in (-0.06, 0.06):
        p.dark.line([(x + k * 1.3 * s, y - 0.24 * s), (x + k * s, y - 0.1 * s)], 0.01 * s)
    p.dark.rectangle(x - 0.08 * s, y - 0.12 * s, x + 0.08 * s, y)


def aeroplane(p: Parts, x: float, y: float, s: float, rng: np.random.Generator) -> None:
    """An aeroplane climbing to the right."""
    y -= 0.5 * s
    p.light.polygon(
        [
            (x - 0.66 * s, y + 0.2 * s),
            (x + 0.5 * s, y - 0.24 * s),
            (x + 0.66 * s, y - 0.2 * s),
            (x + 0.6 * s, y - 0.06 * s),
            (x - 0.56 * s, y + 0.32 * s),
        ]
    )
    p.roof.polygon(
        [
            (x - 0.1 * s, y + 0.02 * s),
            (x - 0.46 * s, y - 0.52 * s),
            (x - 0.28 * s, y - 0.54 * s),
            (x + 0.26 * s, y - 0.1 * s),
        ]
    )
    p.shade.polygon(
        [
            (x + 0.02 * s, y + 0.06 * s),
            (x + 0.1 * s, y + 0.62 * s),
            (x + 0.28 * s, y + 0.58 * s),
            (x + 0.34 * s, y - 0.04 * s),
        ]
    )
    p.roof.polygon(
        [
            (x - 0.62 * s, y + 0.24 * s),
            (x - 0.86 * s, y - 0.1 * s),
            (x - 0.72 * s, y - 0.12 * s),
            (x - 0.46 * s, y + 0.16 * s),
        ]
    )
    p.dark.line([(x + 0.6 * s, y - 0.4 * s), (x + 0.76 * s, y + 0.08 * s)], 0.035 * s)


def bicycle(p: Parts, x: float, y: float, s: float, rng: np.random.Generator) -> None:
    """A bicycle."""
    r = 0.3 * s
    for cx in (-0.45, 0.45):
        p.dark.arc(x + cx * s, y - r, r, r, 0, 360, 0.045 * s)
        for t in np.linspace(0, np.pi, 7)[:-1]:
            p.dark.line(
                [
                    (x + cx * s - r * np.cos(t), y - r - r * np.sin(t)),
                    (x + cx * s + r * np.cos(t), y - r + r * np.sin(t)),
                ],
                0.008 * s,
            )
    a, b, seat, bar = (
        (x - 0.45 * s, y - r),
        (x - 0.05 * s, y - r),
        (x - 0.17 * s, y - 0.74 * s),
        (x + 0.33 * s, y - 0.72 * s),
    )
    p.light.line([a, seat, bar, b, a], 0.045 * s)
    p.light.line([seat, b], 0.045 * s)
    p.light.line([(x + 0.45 * s, y - r), bar, (x + 0.3 * s, y - 0.86 * s)], 0.045 * s)
    p.dark.line([(x + 0.3 * s, y - 0.86 * s), (x + 0.14 * s, y - 0.88 * s)], 0.04 * s)
    p.dark.ellipse(x - 0.2 * s, y - 0.78 * s, 0.12 * s, 0.035 * s)
    p.dark.ellipse(b[0], b[1], 0.06 * s, 0.06 * s)


def coffee(p: Parts, x: float, y: float, s: float, rng: np.random.Generator) -> None:
    """A steaming cup on a saucer."""
    p.shade.ellipse(x, y - 0.06 * s, 0.56 * s, 0.09 * s)
    p.light.polygon(
        [
            (x - 0.4 * s, y - 0.54 * s),
            (x + 0.4 * s, y - 0.54 * s),
            (x + 0.22 * s, y - 0.08 * s),
            (x - 0.22 * s, y - 0.08 * s),
        ]
    )
    p.shade.polygon(
        [
            (x + 0.14 * s, y - 0.54 * s),
            (x + 0.4 * s, y - 0.54 * s),
            (x + 0.22 * s, y - 0.08 * s),
            (x + 0.08 * s, y - 0.08 * s),
        ]
    )
    p.light.arc(x + 0.42 * s, y - 0.36 * s, 0.15 * s, 0.14 * s, -80, 130, 0.05 * s)
    p.dark.ellipse(x, y - 0.54 * s, 0.4 * s, 0.085 * s)
    for k in (-0.14, 0.0, 0.14):
        p.light.line(
            [(x + (k + 0.05 * np.sin(9 * t)) * s, y - (0.66 + 0.38 * t) * s) for t in np.linspace(0, 1, 14)], 0.03 * s
        )


def wine_bottle(p: Parts, x: float, y: float, s: float, rng: np.random.Generator) -> None:
    """A bottle with a label, and a glass."""
    p.dark.rectangle(x - 0.3 * s, y - 0.66 * s, x + 0.02 * s, y)
    p.dark.ellipse(x - 0.14 * s, y - 0.66 * s, 0.16 * s, 0.14 * s)
    p.dark.rectangle(x - 0.2 * s, y - 1.06 * s, x - 0.08 * s, y - 0.6 * s)
    p.roof.rectangle(x - 0.21 * s, y - 1.08 * s, x - 0.07 * s, y - 0.94 * s)
    p.light.rectangle(x - 0.29 * s, y - 0.46 * s, x + 0.01 * s, y - 0.2 * s)
    p.light.polygon(
        [
            (x + 0.12 * s, y - 0.62 * s),
            (x + 0.44 * s, y - 0.62 * s),
            (x + 0.38 * s, y - 0.36 * s),
            (x + 0.3 * s, y - 0.28 * s),
            (x + 0.26 * s, y - 0.28 * s),
            (x + 0.18 * s, y - 0.36 * s),
        ]
    )
    p.roof.polygon(
        [
            (x + 0.14 * s, y - 0.52 * s),
            (x + 0.42 * s, y - 0.52 * s),
            (x + 0.37 * s, y - 0.37 * s),
            (x + 0.29 * s, y - 0.3 * s),
            (x + 0.27 * s, y - 0.3 * s),
            (x + 0.19 * s, y - 0.37 * s),
        ]
    )
    p.light.rectangle(x + 0.265 * s, y - 0.3 * s, x + 0.295 * s, y - 0.02 * s)
    p.light.ellipse(x + 0.28 * s, y - 0.02 * s, 0.13 * s, 0.025 * s)


def cat(p: Parts, x: float, y: float, s: float, rng: np.random.Generator) -> None:
    """A black cat with bright eyes."""
    figure("cat", p.dark, x, y - 0.5 * s, 0.55 * s)
    for side in (-1, 1):
        p.roof.ellipse(x + side * 0.075 * s, y - 0.74 * s, 0.045 * s, 0.03 * s)
        p.dark.ellipse(x + side * 0.075 * s, y - 0.74 * s, 0.045 * s, 0.03 * s, 0)


ALL_MOTIFS: dict[str, Callable[[Parts, float, float, float, np.random.Generator], None]] = {
    **MOTIFS,
    "iron_bridge": industry.iron_bridge,
    "street": industry.street,
    "factory": industry.factory,
    "locomotive": industry.locomotive,
    "train": industry.locomotive,
    "lattice_tower": industry.lattice_tower,
    "old_tree": industry.old_tree,
    "mountain": industry.mountain,
    "ship": industry.ship,
    "balloon": balloon,
    "aeroplane": aeroplane,
    "bicycle": bicycle,
    "coffee": coffee,
    "wine_bottle": wine_bottle,
    "cat": cat,
}
"""Every motif of prints, photographs and posters -> draw it into parts."""


def people(shape: Shape, count: int, x: float, y: float, s: float, rng: np.random.Generator) -> None:
    """Draw standing people side by side, ``s`` pixels high, around (x, y)."""
    for k in range(count):
        cx = x + (k - (count - 1) / 2) * s * 0.46
        cy = y + float(rng.uniform(-0.05, 0.05)) * s
        coat = float(rng.uniform(0.1, 0.17))
        shape.ellipse(cx, cy - 0.9 * s, 0.075 * s, 0.09 * s)
        shape.polygon(
            [
                (cx - 0.09 * s, cy - 0.8 * s),
                (cx + 0.09 * s, cy - 0.8 * s),
                (cx + coat * s, cy - 0.25 * s),
                (cx - coat * s, cy - 0.25 * s),
            ]
        )
        if rng.random() < 0.5:
            shape.polygon(
                [(cx - coat * s, cy - 0.3 * s), (cx + coat * s, cy - 0.3 * s), (cx + 0.2 * s, cy), (cx - 0.2 * s, cy)]
            )
        else:
            shape.rectangle(cx - 0.09 * s, cy - 0.3 * s, cx - 0.015 * s, cy).rectangle(
                cx + 0.015 * s, cy - 0.3 * s, cx + 0.09 * s, cy
            )
            shape.rectangle(cx - 0.07 * s, cy - 1.06 * s, cx + 0.07 * s, cy - 0.94 * s).rectangle(
                cx - 0.11 * s, cy - 0.96 * s, cx + 0.11 * s, cy - 0.93 * s
            )
