"""More motifs as parts: what engravers and early photographers liked, from old trees to iron bridges."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from heritage_assets.embedded.museum.canvas import Shape
from heritage_assets.embedded.museum.painters.figures import figure
from heritage_assets.embedded.museum.painters.scenery import MOTIFS, Parts
from heritage_assets.embedded.museum.painters.seascape import vessel


def iron_bridge(p: Parts, x: float, y: float, s: float, rng: np.random.Generator) -> None:
    """A truss bridge on stone piers."""
    for k in (-1.0, -0.33, 0.33, 1.0):
        p.light.polygon(
            [
                (x + (k - 0.06) * s, y - 0.36 * s),
                (x + (k + 0.03) * s, y - 0.36 * s),
                (x + (k + 0.04) * s, y + 0.06 * s),
                (x + (k - 0.08) * s, y + 0.06 * s),
            ]
        )
        p.shade.rectangle(x + (k + 0.02) * s, y - 0.36 * s, x + (k + 0.07) * s, y + 0.06 * s)
    p.dark.rectangle(x - 1.4 * s, y - 0.42 * s, x + 1.4 * s, y - 0.36 * s)
    for left in (-1.0, -0.33, 0.34):
        arch = [(x + (left + 0.66 * t) * s, y - (0.42 + 0.3 * np.sin(np.pi * t)) * s) for t in np.linspace(0, 1, 12)]
        p.dark.line(arch, 0.03 * s)
        for k, (ax, ay) in enumerate(arch):
            p.dark.line([(ax, ay), (ax, y - 0.4 * s)], 0.014 * s)
            if k + 1 < len(arch):
                p.dark.line([(ax, ay), (arch[k + 1][0], y - 0.4 * s)], 0.01 * s)


def street(p: Parts, x: float, y: float, s: float, rng: np.random.Generator) -> None:
    """Two rows of gabled houses that run to a vanishing point."""
    for side in (-1, 1):
        for k in range(4):
            near, far = 0.92**k * (1.35 - 0.34 * k), 0.92**k * (1.35 - 0.34 * (k + 1)) + 0.04
            tall_near, tall_far = (0.95 - 0.2 * k), (0.95 - 0.2 * (k + 1)) + 0.03
            face = p.light if side < 0 else p.shade
            face.polygon(
                [
                    (x + side * near * s, y + 0.12 * s * near),
                    (x + side * near * s, y - tall_near * s),
                    (x + side * far * s, y - tall_far * s),
                    (x + side * far * s, y + 0.12 * s * far),
                ]
            )
            mid = (near + far) / 2
            p.roof.polygon(
                [
                    (x + side * near * s, y - tall_near * s),
                    (x + side * mid * s, y - (tall_near + 0.14) * s),
                    (x + side * far * s, y - tall_far * s),
                ]
            )
            for row in range(3):
                for t in (0.25, 0.65):
                    wx = near + (far - near) * t
                    top = y - (tall_near + (tall_far - tall_near) * t) * s * (0.84 - 0.27 * row)
                    p.dark.rectangle(
                        x + side * wx * s - 0.028 * s * near,
                        top,
                        x + side * wx * s + 0.028 * s * near,
                        top + 0.11 * s * near,
                    )
    MOTIFS["church"](p, x, y - 0.02 * s, 0.4 * s, rng)


def factory(p: Parts, x: float, y: float, s: float, rng: np.random.Generator) -> None:
    """Saw-tooth halls and three smoking chimneys."""
    p.light.rectangle(x - 0.8 * s, y - 0.3 * s, x + 0.8 * s, y)
    for k in range(5):
        left = x + (-0.8 + 0.32 * k) * s
        p.roof.polygon([(left, y - 0.29 * s), (left, y - 0.48 * s), (left + 0.32 * s, y - 0.29 * s)])
        for j in range(2):
            p.dark.rectangle(left + (0.05 + 0.14 * j) * s, y - 0.2 * s, left + (0.13 + 0.14 * j) * s, y - 0.07 * s)
    for k, h in ((-0.55, 1.0), (0.02, 1.15), (0.5, 0.9)):
        p.light.polygon(
            [(x + (k - 0.06) * s, y), (x + (k - 0.04) * s, y - h * s), (x + k * s, y - h * s), (x + k * s, y)]
        )
        p.shade.polygon(
            [(x + k * s, y), (x + k * s, y - h * s), (x + (k + 0.04) * s, y - h * s), (x + (k + 0.06) * s, y)]
        )
        for puff in range(7):
            r = (0.04 + 0.02 * puff) * s
            p.shade.ellipse(x + (k + 0.09 * puff) * s, y - (h + 0.05 + 0.035 * puff) * s, r * 1.2, r, 150 - 17 * puff)


def locomotive(p: Parts, x: float, y: float, s: float, rng: np.random.Generator) -> None:
    """A steam locomotive with two carriages, seen from the side."""
    p.dark.rectangle(x - 0.75 * s, y - 0.5 * s, x + 0.25 * s, y - 0.2 * s)
    p.dark.ellipse(x - 0.75 * s, y - 0.35 * s, 0.07 * s, 0.15 * s)
    p.light.rectangle(x - 0.72 * s, y - 0.49 * s, x + 0.2 * s, y - 0.45 * s, 150)
    p.dark.polygon(
        [
            (x - 0.68 * s, y - 0.48 * s),
            (x - 0.72 * s, y - 0.82 * s),
            (x - 0.5 * s, y - 0.82 * s),
            (x - 0.55 * s, y - 0.48 * s),
        ]
    )
    p.dark.ellipse(x - 0.2 * s, y - 0.52 * s, 0.1 * s, 0.1 * s)
    p.dark.rectangle(x + 0.2 * s, y - 0.72 * s, x + 0.55 * s, y - 0.16 * s)
    p.light.rectangle(x + 0.28 * s, y - 0.62 * s, x + 0.46 * s, y - 0.46 * s)
    p.roof.rectangle(x + 0.15 * s, y - 0.76 * s, x + 0.6 * s, y - 0.71 * s)
    for k in range(2):
        left = x + (0.68 + 0.75 * k) * s
        p.shade.rectangle(left, y - 0.62 * s, left + 0.68 * s, y - 0.15 * s)
        for j in range(4):
            p.light.rectangle(left + (0.06 + 0.155 * j) * s, y - 0.52 * s, left + (0.16 + 0.155 * j) * s, y - 0.36 * s)
    for cx, r in (
        (-0.6, 0.1),
        (-0.3, 0.15),
        (0.05, 0.15),
        (0.4, 0.11),
        (0.82, 0.09),
        (1.2, 0.09),
        (1.58, 0.09),
        (1.95, 0.09),
    ):
        p.dark.ellipse(x + cx * s, y - r * s, r * s, r * s)
        p.light.ellipse(x + cx * s, y - r * s, r * 0.5 * s, r * 0.5 * s, 120)
    for puff in range(9):
        r = (0.08 + 0.022 * puff) * s
        p.light.ellipse(x + (-0.6 + 0.15 * puff) * s, y - (0.95 + 0.03 * puff) * s, r * 1.2, r, 230 - 18 * puff)


def lattice_tower(p: Parts, x: float, y: float, s: float, rng: np.random.Generator) -> None:
    """A tower of iron lattice on four legs."""

    def half(t: float) -> float:
        return (0.34 * (1 - t) ** 2.4 + 0.018) * s * 1.25

    ts = np.linspace(0, 1, 18)
    h = 1.35 * s
    for side in (-1, 1):
        p.dark.line([(x + side * half(t), y - t * h) for t in ts], 0.035 * s)
        p.dark.line([(x + side * half(t) * 0.6, y - t * h) for t in ts if t < 0.45], 0.022 * s)
    for a, b in zip(ts[:-1], ts[1:], strict=True):
        p.dark.line([(x - half(a), y - a * h), (x + half(b), y - b * h)], 0.012 * s)
        p.dark.line([(x + half(a), y - a * h), (x - half(b), y - b * h)], 0.012 * s)
    for t in (0.2, 0.4, 0.78):
        p.dark.rectangle(x - half(t) * 1.15, y - t * h - 0.03 * s, x + half(t) * 1.15, y - t * h + 0.015 * s)
    p.light.ellipse(x, y + 0.02 * s, half(0) * 0.55, 0.24 * s, 0)


def old_tree(p: Parts, x: float, y: float, s: float, rng: np.random.Generator) -> None:
    """A knotty old tree."""
    p.dark.polygon(
        [
            (x - 0.2 * s, y),
            (x - 0.07 * s, y - 0.2 * s),
            (x - 0.09 * s, y - 0.5 * s),
            (x + 0.06 * s, y - 0.5 * s),
            (x + 0.08 * s, y - 0.2 * s),
            (x + 0.24 * s, y),
        ]
    )
    for t, reach in ((-2.5, 0.5), (-2.0, 0.45), (-1.4, 0.5), (-0.9, 0.5), (-0.45, 0.5)):
        p.dark.line(
            [
                (x, y - 0.42 * s),
                (x + 0.5 * reach * s * np.cos(t), y - 0.45 * s + 0.6 * reach * s * np.sin(t)),
                (x + reach * s * np.cos(t + 0.2), y - 0.45 * s + reach * s * np.sin(t + 0.1)),
            ],
            0.05 * s,
        )
    for _ in range(34):
        t, d = float(rng.uniform(0, 6.3)), float(rng.uniform(0.12, 0.42)) * s
        r = float(rng.uniform(0.07, 0.13)) * s
        cx, cy = x + d * 1.25 * np.cos(t), y - 0.72 * s + 0.75 * d * np.sin(t)
        (p.roof if cx > x else p.shade).ellipse(cx, cy, r, r * 0.8)
        p.light.ellipse(cx - r * 0.3, cy - r * 0.4, r * 0.5, r * 0.4, 200)


def mountain(p: Parts, x: float, y: float, s: float, rng: np.random.Generator) -> None:
    """A steep mountain with a lit and a shaded flank."""
    ridge = [(x + 0.02 * s, y), (x + 0.1 * s, y - 0.3 * s), (x - 0.06 * s, y - 0.62 * s), (x + 0.03 * s, y - 1.0 * s)]
    left = [
        (x - 0.2 * s, y - 0.78 * s),
        (x - 0.36 * s, y - 0.5 * s),
        (x - 0.6 * s, y - 0.36 * s),
        (x - 1.0 * s, y + 0.04 * s),
    ]
    right = [
        (x + 0.2 * s, y - 0.74 * s),
        (x + 0.42 * s, y - 0.56 * s),
        (x + 0.6 * s, y - 0.24 * s),
        (x + 1.05 * s, y + 0.04 * s),
    ]
    p.light.polygon([*ridge, *left])
    p.shade.polygon([*ridge, *right])
    p.dark.polygon([(x + 0.03 * s, y - 0.96 * s), (x + 0.2 * s, y - 0.7 * s), (x + 0.06 * s, y - 0.5 * s)])


def ship(p: Parts, x: float, y: float, s: float, rng: np.random.Generator) -> None:
    """A three-master."""
    vessel("sailing_ship", p.dark, p.light, p.roof, x, y, s, 0.04 * s)


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
    "iron_bridge": iron_bridge,
    "street": street,
    "factory": factory,
    "locomotive": locomotive,
    "train": locomotive,
    "lattice_tower": lattice_tower,
    "old_tree": old_tree,
    "mountain": mountain,
    "ship": ship,
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
