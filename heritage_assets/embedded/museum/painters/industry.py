"""More motifs as parts: what engravers and early photographers liked, from old trees to iron bridges."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

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
    for at, h in ((-0.55, 1.0), (0.02, 1.15), (0.5, 0.9)):
        p.light.polygon(
            [(x + (at - 0.06) * s, y), (x + (at - 0.04) * s, y - h * s), (x + at * s, y - h * s), (x + at * s, y)]
        )
        p.shade.polygon(
            [(x + at * s, y), (x + at * s, y - h * s), (x + (at + 0.04) * s, y - h * s), (x + (at + 0.06) * s, y)]
        )
        for puff in range(7):
            r = (0.04 + 0.02 * puff) * s
            p.shade.ellipse(x + (at + 0.09 * puff) * s, y - (h + 0.05 + 0.035 * puff) * s, r * 1.2, r, 150 - 17 * puff)


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
    for a, b in pairwise(ts):
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
