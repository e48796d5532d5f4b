"""Still lifes: a vessel, fruit and one more thing on a table before a wall, lit from one side."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from heritage_assets.embedded.museum.canvas import (
    Pixels,
    Rgb,
    Shape,
    darken,
    mix,
    noise,
    paint,
    rgb,
    shade,
    soft,
    vertical,
)
from heritage_assets.embedded.museum.kind import Value
from heritage_assets.embedded.museum.painters.media import finish

_FRUIT: dict[str, Rgb] = {
    "apple": (0.74, 0.16, 0.12),
    "lemon": (0.95, 0.82, 0.2),
    "pear": (0.68, 0.7, 0.28),
    "grape": (0.36, 0.16, 0.42),
    "plum": (0.26, 0.2, 0.46),
    "orange_fruit": (0.94, 0.52, 0.12),
}


class _Table:
    """A picture with light from one side; things cast shadows on the table and are modelled round."""

    def __init__(self, picture: Pixels, light: float) -> None:
        self.picture, self.light = picture, light
        self.height, self.width = picture.shape[:2]

    def shape(self) -> Shape:
        return Shape(self.height, self.width)

    def shadow(self, x: float, y: float, rx: float) -> None:
        mask = self.shape().ellipse(x - self.light * rx * 0.7, y, rx * 1.35, rx * 0.2).mask()
        darken(self.picture, soft(mask, max(3, rx * 0.16)), 0.55)

    def round(self, shape: Shape, colour: Rgb, x: float, y: float, rx: float, ry: float, gloss: float = 0.0) -> None:
        mask, box = shape.local()
        gy, gx = np.ogrid[box]
        u, v = (gx - x) / rx - self.light * 0.4, (gy - y) / ry + 0.35
        shade = np.clip(0.5 * (u * u + v * v), 0, 1.05).astype(np.float32)
        paint(
            self.picture[box],
            mask,
            np.asarray(colour, np.float32) * (1.14 - 0.78 * shade)[..., None] + np.float32(0.015),
        )
        if gloss:
            spot = self.shape().ellipse(x + self.light * rx * 0.4, y - ry * 0.42, rx * 0.15, ry * 0.2).mask()[box]
            paint(self.picture[box], soft(spot, max(1.2, rx * 0.05)) * mask, (1, 1, 0.96), gloss)


def _vessel(t: _Table, kind: str, colour: Rgb, x: float, y: float, s: float) -> None:
    shape, extra = t.shape(), t.shape()
    t.shadow(x, y, s * (0.3 if kind != "bowl" else 0.45))
    if kind == "jug":
        extra.arc(x - t.light * 0.34 * s, y - 0.62 * s, 0.19 * s, 0.26 * s, 0, 360, 0.055 * s)
        shape.ellipse(x, y - 0.36 * s, 0.36 * s, 0.36 * s).polygon(
            [
                (x - 0.17 * s, y - 0.6 * s),
                (x - 0.21 * s, y - 1.0 * s),
                (x + 0.25 * s, y - 1.04 * s),
                (x + 0.17 * s, y - 0.6 * s),
            ]
        ).rectangle(x - 0.2 * s, y - 0.08 * s, x + 0.2 * s, y + 0.01 * s)
    elif kind == "bowl":
        shape.polygon(
            [
                (x - 0.6 * s, y - 0.42 * s),
                *((x - 0.6 * s * np.cos(a), y - 0.42 * s + 0.38 * s * np.sin(a)) for a in np.linspace(0, np.pi, 20)),
            ]
        ).rectangle(x - 0.2 * s, y - 0.08 * s, x + 0.2 * s, y + 0.01 * s)
    elif kind == "bottle":
        shape.rectangle(x - 0.22 * s, y - 0.62 * s, x + 0.22 * s, y).ellipse(
            x, y - 0.62 * s, 0.22 * s, 0.2 * s
        ).rectangle(x - 0.075 * s, y - 1.15 * s, x + 0.075 * s, y - 0.7 * s).rectangle(
            x - 0.1 * s, y - 1.17 * s, x + 0.1 * s, y - 1.09 * s
        )
    elif kind == "goblet":
        shape.ellipse(x, y - 0.74 * s, 0.27 * s, 0.3 * s).rectangle(
            x - 0.27 * s, y - 1.0 * s, x + 0.27 * s, y - 0.76 * s
        ).rectangle(x - 0.045 * s, y - 0.5 * s, x + 0.045 * s, y - 0.05 * s).ellipse(
            x, y - 0.03 * s, 0.24 * s, 0.06 * s
        ).ellipse(x, y - 0.3 * s, 0.085 * s, 0.07 * s)
    else:
        shape.ellipse(x, y - 0.04 * s, 0.3 * s, 0.08 * s).rectangle(
            x - 0.05 * s, y - 0.62 * s, x + 0.05 * s, y - 0.05 * s
        ).ellipse(x, y - 0.36 * s, 0.1 * s, 0.08 * s).ellipse(x, y - 0.62 * s, 0.17 * s, 0.05 * s)
    paint(t.picture, extra, mix(colour, (0.03, 0.02, 0.02), 0.35))
    t.round(shape, colour, x, y - 0.5 * s, 0.5 * s, 0.7 * s, 0.0 if kind == "candlestick" else 0.75)
    if kind == "candlestick":
        candle = t.shape().rectangle(x - 0.065 * s, y - 1.02 * s, x + 0.065 * s, y - 0.62 * s)
        t.round(candle, (0.95, 0.92, 0.82), x, y - 0.8 * s, 0.2 * s, 0.6 * s)
        flame = t.shape().ellipse(x, y - 1.12 * s, 0.045 * s, 0.1 * s).mask()
        paint(t.picture, np.clip(soft(flame, 0.16 * s) * 6, 0, 1), (1.0, 0.72, 0.32), 0.55)
        paint(t.picture, flame, (1.0, 0.93, 0.66))
    elif kind in ("jug", "goblet", "bowl"):
        top, half = {"jug": (1.0, 0.22), "goblet": (1.0, 0.27), "bowl": (0.42, 0.6)}[kind]
        paint(
            t.picture, t.shape().ellipse(x, y - top * s, half * s, half * 0.2 * s), mix(colour, (0.02, 0.02, 0.02), 0.6)
        )


def _fruit(t: _Table, kind: str, x: float, y: float, s: float, rng: np.random.Generator) -> None:
    colour = _FRUIT[kind]
    t.shadow(x, y, s * 0.9)
    cy = y - s * 0.85
    if kind == "grape":
        for row in range(5):
            for k in range(5 - row):
                gx, gy = x + (k - (4 - row) / 2) * 0.42 * s, y - 1.35 * s + row * 0.34 * s
                t.round(
                    t.shape().ellipse(gx, gy, 0.25 * s, 0.25 * s),
                    mix(colour, (0.6, 0.4, 0.7), float(rng.uniform(0, 0.35))),
                    gx,
                    gy,
                    0.27 * s,
                    0.27 * s,
                    0.7,
                )
        paint(t.picture, t.shape().line([(x, y - 1.4 * s), (x + 0.1 * s, y - 1.85 * s)], 0.08 * s), (0.4, 0.3, 0.14))
        return
    shape = t.shape()
    if kind == "pear":
        shape.ellipse(x, y - 0.72 * s, 0.74 * s, 0.74 * s).polygon(
            [
                (x - 0.6 * s, y - 1.1 * s),
                (x - 0.28 * s, y - 1.95 * s),
                (x + 0.3 * s, y - 1.95 * s),
                (x + 0.6 * s, y - 1.1 * s),
            ]
        ).ellipse(x, y - 1.92 * s, 0.3 * s, 0.22 * s)
        cy = y - s
    elif kind == "lemon":
        shape.ellipse(x, cy, 1.0 * s, 0.74 * s).polygon(
            [(x + 0.86 * s, cy - 0.24 * s), (x + 1.24 * s, cy), (x + 0.86 * s, cy + 0.24 * s)]
        )
    elif kind == "plum":
        shape.ellipse(x, cy, 0.74 * s, 0.9 * s)
    else:
        shape.ellipse(x, cy, 0.94 * s, 0.88 * s)
    t.round(shape, colour, x, cy, 0.98 * s, 0.98 * s, 0.6)
    detail = t.shape()
    if kind in ("apple", "pear", "plum"):
        top = cy - (0.8 if kind != "pear" else 1.05) * s
        detail.line([(x, top), (x + 0.12 * s, top - 0.36 * s)], 0.09 * s)
        paint(t.picture, detail, (0.3, 0.2, 0.1))
        if kind != "plum":
            leaf = t.shape().polygon(
                [
                    (x + 0.08 * s, top - 0.2 * s),
                    (x + 0.4 * s, top - 0.5 * s),
                    (x + 0.78 * s, top - 0.42 * s),
                    (x + 0.46 * s, top - 0.16 * s),
                ]
            )
            paint(t.picture, leaf, (0.28, 0.44, 0.18))


def _extra(t: _Table, kind: str, x: float, y: float, s: float, rng: np.random.Generator) -> None:
    t.shadow(x, y, s * 0.55)
    if kind == "skull":
        bone = (0.87, 0.8, 0.65)
        shape = (
            t.shape()
            .ellipse(x, y - 0.62 * s, 0.5 * s, 0.48 * s)
            .rectangle(x - 0.27 * s, y - 0.36 * s, x + 0.27 * s, y - 0.02 * s)
        )
        t.round(shape, bone, x, y - 0.55 * s, 0.62 * s, 0.7 * s, 0.3)
        holes = (
            t.shape()
            .ellipse(x - 0.19 * s, y - 0.5 * s, 0.13 * s, 0.14 * s)
            .ellipse(x + 0.19 * s, y - 0.5 * s, 0.13 * s, 0.14 * s)
            .polygon([(x, y - 0.42 * s), (x - 0.07 * s, y - 0.26 * s), (x + 0.07 * s, y - 0.26 * s)])
        )
        for k in range(6):
            holes.line(
                [(x + (-0.22 + 0.088 * k) * s, y - 0.16 * s), (x + (-0.22 + 0.088 * k) * s, y - 0.03 * s)], 0.018 * s
            )
        paint(t.picture, holes, (0.14, 0.09, 0.06), 0.92)
    elif kind == "book":
        cover = t.shape().polygon(
            [
                (x - 0.66 * s, y - 0.02 * s),
                (x - 0.6 * s, y - 0.32 * s),
                (x + 0.6 * s, y - 0.32 * s),
                (x + 0.66 * s, y - 0.02 * s),
            ]
        )
        paint(t.picture, cover, (0.46, 0.16, 0.12))
        paint(t.picture, t.shape().rectangle(x - 0.58 * s, y - 0.24 * s, x + 0.63 * s, y - 0.07 * s), (0.9, 0.85, 0.72))
        lid = t.shape().polygon(
            [
                (x - 0.64 * s, y - 0.26 * s),
                (x - 0.46 * s, y - 0.5 * s),
                (x + 0.74 * s, y - 0.5 * s),
                (x + 0.62 * s, y - 0.26 * s),
            ]
        )
        t.round(lid, (0.62, 0.2, 0.15), x, y - 0.4 * s, 0.9 * s, 0.6 * s)
        paint(
            t.picture,
            t.shape().line(
                [
                    (x - 0.36 * s, y - 0.32 * s),
                    (x - 0.26 * s, y - 0.45 * s),
                    (x + 0.56 * s, y - 0.45 * s),
                    (x + 0.5 * s, y - 0.32 * s),
                    (x - 0.36 * s, y - 0.32 * s),
                ],
                0.02 * s,
            ),
            (0.88, 0.7, 0.3),
        )
    elif kind == "bread":
        shape = t.shape().ellipse(x, y - 0.26 * s, 0.66 * s, 0.29 * s)
        t.round(shape, (0.74, 0.5, 0.26), x, y - 0.28 * s, 0.7 * s, 0.38 * s)
        cuts = t.shape()
        for at in (-0.3, 0.0, 0.3):
            cuts.line([(x + (at - 0.08) * s, y - 0.44 * s), (x + (at + 0.08) * s, y - 0.2 * s)], 0.05 * s)
        paint(t.picture, cuts, (0.93, 0.8, 0.58), 0.85)
    elif kind == "flowers":
        glass = t.shape().polygon(
            [(x - 0.16 * s, y - 0.5 * s), (x + 0.16 * s, y - 0.5 * s), (x + 0.2 * s, y), (x - 0.2 * s, y)]
        )
        t.round(glass, (0.55, 0.66, 0.7), x, y - 0.25 * s, 0.3 * s, 0.5 * s, 0.8)
        stems, leaves = t.shape(), t.shape()
        blooms = [(float(rng.normal(0, 0.28)) * s, -(0.75 + 0.42 * float(rng.uniform(0, 1))) * s) for _ in range(8)]
        for dx, dy in blooms:
            stems.line([(x, y - 0.48 * s), (x + dx, y + dy)], 0.025 * s)
            leaves.ellipse(x + dx * 0.6, y + dy * 0.72, 0.1 * s, 0.05 * s)
        paint(t.picture, stems, (0.22, 0.38, 0.16))
        paint(t.picture, leaves, (0.26, 0.44, 0.2))
        for k, (dx, dy) in enumerate(blooms):
            tone = ((0.9, 0.42, 0.5), (0.95, 0.9, 0.85), (0.92, 0.72, 0.26), (0.7, 0.2, 0.24))[k % 4]
            bloom = t.shape()
            for a in np.linspace(0, 2 * np.pi, 6, endpoint=False):
                bloom.ellipse(x + dx + 0.08 * s * np.cos(a), y + dy + 0.08 * s * np.sin(a), 0.075 * s, 0.075 * s)
            t.round(bloom, tone, x + dx, y + dy, 0.2 * s, 0.2 * s)
            paint(t.picture, t.shape().ellipse(x + dx, y + dy, 0.05 * s, 0.05 * s), (0.5, 0.26, 0.1))
    else:
        fan = [
            (x, y - 0.02 * s),
            *(
                (
                    x + 0.62 * s * np.sin(a) * (1 + 0.04 * np.cos(22 * a)),
                    y - 0.1 * s - 0.56 * s * np.cos(a) * (1 + 0.04 * np.cos(22 * a)),
                )
                for a in np.linspace(-1.25, 1.25, 45)
            ),
        ]
        t.round(t.shape().polygon(fan), (0.93, 0.74, 0.62), x, y - 0.35 * s, 0.75 * s, 0.62 * s, 0.2)
        ribs = t.shape()
        for a in np.linspace(-1.1, 1.1, 11):
            ribs.line([(x, y - 0.04 * s), (x + 0.58 * s * np.sin(a), y - 0.1 * s - 0.52 * s * np.cos(a))], 0.016 * s)
        paint(t.picture, ribs, (0.62, 0.36, 0.28), 0.7)


def still_life(a: Mapping[str, Value], rng: np.random.Generator, height: int, width: int) -> Pixels:
    """Paint a still life."""
    light = -1.0 if a["side"] == "left" else 1.0
    wall_tone, cloth = rgb(str(a["wall_colour"])), rgb(str(a["cloth"]))
    edge = height * float(rng.uniform(0.58, 0.64))
    picture = vertical(
        height,
        width,
        [
            (0, mix(wall_tone, (0.05, 0.04, 0.04), 0.4)),
            (edge / height, mix(wall_tone, (0.05, 0.04, 0.04), 0.12)),
            (1, wall_tone),
        ],
    ).copy()
    columns = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    shade(
        picture, 1 + 0.24 * light * columns * np.ones((height, 1), np.float32) + 0.07 * noise(rng, height, width, 80, 3)
    )
    table = Shape(height, width).rectangle(0, edge, width, height).mask()
    paint(
        picture,
        table,
        vertical(
            height, width, [(0, cloth), (edge / height, mix(cloth, (0, 0, 0), 0.08)), (1, mix(cloth, (0, 0, 0), 0.42))]
        ),
    )
    folds = np.clip(noise(rng, height, width, 110, 2) * 1.6, -1, 1)
    darken(picture, table * np.clip(folds, 0, 1), 0.22)
    darken(picture, table * np.clip(-folds, 0, 1), -0.08)
    darken(picture, np.clip(soft(table, 3) - table, 0, 1), 0.5)
    t = _Table(picture, light)
    s = min(height, width) * 0.5
    place = float(rng.choice([-1, 1]))
    _vessel(t, str(a["vessel"]), rgb(str(a["vessel_colour"])), width * (0.5 - place * 0.22), edge + height * 0.08, s)
    _extra(t, str(a["extra"]), width * (0.5 + place * 0.24), edge + height * 0.11, s * 0.72, rng)
    count = int(a["fruits"])
    size = min(width * 0.09, height * 0.088)
    gap = min(size * 2.25, width * 0.86 / max(count, 1))
    for k in range(count):
        x = width / 2 + (k - (count - 1) / 2) * gap + float(rng.normal(0, 2))
        _fruit(t, str(a["fruit"]), x, edge + height * (0.25 + 0.025 * (k % 2)), size, rng)
    return finish(str(a["style"]), picture, rng)
