"""Botanical drawings: stem, leaves, blooms and base of a plant, a small animal beside it, on drawing paper."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from heritage_assets.embedded.museum.canvas import Pixels, Shape, darken, mix, noise, paint, paper, rgb, soft
from heritage_assets.embedded.museum.kind import Value


def _leaf(shape: Shape, veins: Shape, form: str, x: float, y: float, angle: float, s: float) -> None:
    """Draw a leaf from (x, y) in direction ``angle``, ``s`` pixels long."""
    c, n = np.cos(angle), np.sin(angle)

    def at(u: float, v: float) -> tuple[float, float]:
        return float(x + (u * c - v * n) * s), float(y + (u * n + v * c) * s)

    ts = np.linspace(0, 1, 16)
    if form == "pinnate_leaves":
        veins.line([at(0, 0), at(1, 0)], 1.8)
        for u in np.linspace(0.2, 0.95, 6):
            for side in (-1, 1):
                shape.polygon([at(u, 0), at(u + 0.06, side * 0.1), at(u + 0.1, side * 0.26), at(u - 0.03, side * 0.13)])
        shape.polygon([at(0.95, 0), at(1.05, 0.06), at(1.2, 0), at(1.05, -0.06)])
        return
    if form == "narrow_leaves":
        half = 0.085 * np.sin(np.pi * ts) ** 0.8
        bend = 0.22 * ts * ts
    elif form == "round_leaves":
        half = 0.3 * np.sin(np.pi * ts) ** 0.55
        bend = 0 * ts
    else:
        half = (0.24 * np.sin(np.pi * ts) ** 0.7) * (0.72 + 0.38 * np.cos(ts * 7 * np.pi))
        bend = 0.05 * ts
    shape.polygon(
        [
            *(at(t * 1.1, b + h) for t, b, h in zip(ts, bend, half, strict=True)),
            *(at(t * 1.1, b - h) for t, b, h in zip(ts[::-1], bend[::-1], half[::-1], strict=True)),
        ]
    )
    veins.line([at(float(t), float(b)) for t, b in zip(ts, bend, strict=True)], 1.4)


def _tulip(petal: Shape, heart: Shape, detail: Shape, x: float, y: float, s: float, tilt: float) -> None:
    petal.polygon(
        [
            (x - 0.62 * s, y - 0.9 * s),
            (x - 0.72 * s, y),
            (x - 0.4 * s, y + 0.7 * s),
            (x, y + 0.84 * s),
            (x + 0.4 * s, y + 0.7 * s),
            (x + 0.72 * s, y),
            (x + 0.62 * s, y - 0.9 * s),
            (x + 0.3 * s, y - 0.42 * s),
            (x, y - 1.05 * s),
            (x - 0.3 * s, y - 0.42 * s),
        ]
    )
    detail.line([(x - 0.3 * s, y - 0.42 * s), (x - 0.16 * s, y + 0.6 * s)], 1.4).line(
        [(x + 0.3 * s, y - 0.42 * s), (x + 0.16 * s, y + 0.6 * s)], 1.4
    )


def _daisy(petal: Shape, heart: Shape, detail: Shape, x: float, y: float, s: float, tilt: float) -> None:
    for k in range(14):
        t = 2 * np.pi * k / 14 + tilt
        cx, cy = x + 0.66 * s * np.cos(t), y + 0.66 * s * np.sin(t)
        petal.polygon(
            [
                (x + 0.2 * s * np.cos(t - 0.3), y + 0.2 * s * np.sin(t - 0.3)),
                (cx + 0.16 * s * np.cos(t - 1.5), cy + 0.16 * s * np.sin(t - 1.5)),
                (x + 1.02 * s * np.cos(t), y + 1.02 * s * np.sin(t)),
                (cx + 0.16 * s * np.cos(t + 1.5), cy + 0.16 * s * np.sin(t + 1.5)),
                (x + 0.2 * s * np.cos(t + 0.3), y + 0.2 * s * np.sin(t + 0.3)),
            ]
        )
    heart.ellipse(x, y, 0.3 * s, 0.3 * s)


def _poppy(petal: Shape, heart: Shape, detail: Shape, x: float, y: float, s: float, tilt: float) -> None:
    for k in range(4):
        t = np.pi * k / 2 + tilt
        petal.ellipse(x + 0.42 * s * np.cos(t), y + 0.36 * s * np.sin(t), 0.58 * s, 0.52 * s)
    for k in range(9):
        t = 2 * np.pi * k / 9
        detail.line([(x, y), (x + 0.42 * s * np.cos(t), y + 0.38 * s * np.sin(t))], 1.6)
    detail.ellipse(x, y, 0.2 * s, 0.2 * s)


def _lily(petal: Shape, heart: Shape, detail: Shape, x: float, y: float, s: float, tilt: float) -> None:
    for k in range(6):
        t = 2 * np.pi * k / 6 + tilt
        tip = (x + 1.15 * s * np.cos(t), y + 1.0 * s * np.sin(t))
        for v in (-0.34, 0.34):
            petal.polygon([(x, y), (x + 0.62 * s * np.cos(t + v), y + 0.55 * s * np.sin(t + v)), tip])
        detail.line([(x, y), (x + 0.8 * s * np.cos(t), y + 0.7 * s * np.sin(t))], 1.2)
        heart.ellipse(x + 0.45 * s * np.cos(t + 0.5), y + 0.42 * s * np.sin(t + 0.5), 0.07 * s, 0.07 * s)


def _bellflower(petal: Shape, heart: Shape, detail: Shape, x: float, y: float, s: float, tilt: float) -> None:
    petal.polygon(
        [
            (x, y - 0.9 * s),
            (x + 0.34 * s, y - 0.6 * s),
            (x + 0.42 * s, y + 0.2 * s),
            (x + 0.8 * s, y + 0.72 * s),
            (x + 0.36 * s, y + 0.58 * s),
            (x, y + 0.9 * s),
            (x - 0.36 * s, y + 0.58 * s),
            (x - 0.8 * s, y + 0.72 * s),
            (x - 0.42 * s, y + 0.2 * s),
            (x - 0.34 * s, y - 0.6 * s),
        ]
    )
    detail.line([(x, y - 0.8 * s), (x, y + 0.6 * s)], 1.3)
    heart.ellipse(x, y + 0.82 * s, 0.09 * s, 0.13 * s)


def _thistle(petal: Shape, heart: Shape, detail: Shape, x: float, y: float, s: float, tilt: float) -> None:
    for k in range(26):
        t = -np.pi * (0.06 + 0.88 * k / 25)
        petal.line(
            [
                (x + 0.1 * s * np.cos(t), y),
                (x + (0.95 + 0.12 * (k % 2)) * s * np.cos(t), y + (1.05 + 0.12 * (k % 2)) * s * np.sin(t)),
            ],
            3,
        )
    heart.ellipse(x, y + 0.32 * s, 0.5 * s, 0.48 * s)
    for k in range(4):
        detail.line([(x - 0.42 * s, y + (0.1 + 0.17 * k) * s), (x + 0.42 * s, y + (0.22 + 0.17 * k) * s)], 1.2)


_BLOOMS = {
    "tulip": _tulip,
    "daisy": _daisy,
    "poppy": _poppy,
    "lily": _lily,
    "bellflower": _bellflower,
    "thistle": _thistle,
}
"""Plant -> draw a bloom around (x, y), ``s`` pixels in radius, turned by ``tilt`` radians."""


def _animal(body: Shape, wing: Shape, kind: str, x: float, y: float, s: float) -> None:
    if kind == "butterfly":
        for side in (-1, 1):
            wing.polygon(
                [
                    (x, y - 0.06 * s),
                    (x + side * 0.5 * s, y - 0.8 * s),
                    (x + side * 0.98 * s, y - 0.66 * s),
                    (x + side * 0.82 * s, y - 0.1 * s),
                    (x, y + 0.08 * s),
                ]
            )
            wing.ellipse(x + side * 0.42 * s, y + 0.34 * s, 0.38 * s, 0.36 * s)
            body.line([(x, y - 0.4 * s), (x + side * 0.24 * s, y - 0.86 * s)], 1.3)
        body.ellipse(x, y, 0.09 * s, 0.5 * s)
    elif kind == "beetle":
        wing.ellipse(x, y + 0.12 * s, 0.46 * s, 0.58 * s)
        body.ellipse(x, y - 0.54 * s, 0.26 * s, 0.22 * s)
        body.line([(x, y - 0.4 * s), (x, y + 0.7 * s)], 1.6)
        for dy in (-0.2, 0.15, 0.45):
            for side in (-1, 1):
                body.line(
                    [
                        (x + side * 0.4 * s, y + dy * s),
                        (x + side * 0.74 * s, y + (dy - 0.08) * s),
                        (x + side * 0.86 * s, y + (dy + 0.2) * s),
                    ],
                    2,
                )
    else:
        body.polygon(
            [
                (x - 0.95 * s, y + 0.4 * s),
                (x - 0.9 * s, y - 0.1 * s),
                (x - 0.68 * s, y - 0.06 * s),
                (x - 0.5 * s, y + 0.22 * s),
                (x + 0.9 * s, y + 0.4 * s),
            ]
        )
        body.line([(x - 0.86 * s, y - 0.04 * s), (x - 1.02 * s, y - 0.5 * s)], 2).line(
            [(x - 0.74 * s, y - 0.04 * s), (x - 0.68 * s, y - 0.5 * s)], 2
        )
        wing.ellipse(x + 0.12 * s, y - 0.12 * s, 0.52 * s, 0.5 * s)
        body.arc(x + 0.12 * s, y - 0.12 * s, 0.34 * s, 0.32 * s, 0, 320, 2).arc(
            x + 0.14 * s, y - 0.1 * s, 0.17 * s, 0.16 * s, 60, 360, 2
        )


def _base(
    roots: Shape, stems: Shape, base: str, x0: float, foot: float, height: int, width: int, rng: np.random.Generator
) -> None:
    """Draw what the stem ends in."""
    if base == "bulb":
        roots.ellipse(x0, foot + height * 0.045, width * 0.07, height * 0.058)
    if base != "cut_stem":
        for t in np.linspace(-1.0, 1.0, 9 if base == "roots" else 7):
            y1 = foot + height * (0.1 if base == "bulb" else 0.0)
            reach = height * (0.05 if base == "bulb" else 0.13)
            roots.line(
                [
                    (x0, y1 - 4),
                    (x0 + t * reach * 0.5, y1 + reach * 0.4),
                    (x0 + t * reach * 0.9 + float(rng.normal(0, 4)), y1 + reach * (1 - 0.4 * abs(t))),
                ],
                1.8 if base == "bulb" else 2.6,
            )
    else:
        stems.polygon(
            [
                (x0 - width * 0.012, foot - 2),
                (x0 + width * 0.012, foot - 8),
                (x0 + width * 0.012, foot + 12),
                (x0 - width * 0.012, foot + 20),
            ]
        )


def _add_animal(picture: Pixels, animal: str, side: str) -> None:
    height, width = picture.shape[:2]
    body, wing = Shape(height, width), Shape(height, width)
    ax = width * (0.17 if side == "left" else 0.83)
    _animal(body, wing, animal, ax, height * 0.66, min(height, width) * 0.095)
    mask = wing.mask()
    darken(picture, np.roll(soft(mask, 4), (4, 4), axis=(0, 1)), 0.25)
    paint(
        picture,
        mask,
        {"butterfly": (0.92, 0.66, 0.16), "beetle": (0.1, 0.34, 0.3), "snail": (0.72, 0.5, 0.3)}[animal],
    )
    paint(picture, body, (0.16, 0.12, 0.1) if animal != "snail" else (0.46, 0.38, 0.3))


def botanical(a: Mapping[str, Value], rng: np.random.Generator, height: int, width: int) -> Pixels:
    """Draw a plant."""
    tone = {"white": (0.965, 0.955, 0.925), "beige": (0.9, 0.835, 0.69), "grey": (0.78, 0.79, 0.78)}[
        str(a["paper_colour"])
    ]
    picture = paper(rng, height, width, tone, 0.7)
    lean = {"upright": 0.0, "leaning_left": -0.2, "leaning_right": 0.2}[str(a["lean"])]
    foot, x0 = height * 0.8, width * (0.5 - lean * 0.6)
    count, plant = int(a["blooms"]), str(a["plant"])
    stems, leaves, veins, petal, heart, detail = (Shape(height, width) for _ in range(6))
    s = (
        min(height, width)
        * {1: 0.16, 2: 0.135, 3: 0.115, 4: 0.1, 5: 0.095}[count]
        * (0.82 if plant in ("lily", "daisy") else 0.95)
    )
    crown_x, crown_y = x0 + lean * height * 0.7, height * 0.46
    stems.line([(x0, foot), (x0 + lean * height * 0.2, height * 0.66), (crown_x, crown_y)], width * 0.013)
    spread = min(0.17 * (count - 1), 0.52) * width
    for k in range(count):
        t = 0.5 if count == 1 else k / (count - 1)
        bx = float(np.clip(crown_x + (t - 0.5) * spread + lean * height * 0.18, s * 1.15, width - s * 1.15))
        by = height * (0.19 + 0.16 * abs(t - 0.5) * (2 if count > 2 else 1) + 0.05 * (k % 2)) + float(rng.normal(0, 3))
        stems.line(
            [(crown_x, crown_y), ((crown_x + bx) / 2, (crown_y + by) / 2 + height * 0.02), (bx, by)], width * 0.009
        )
        _BLOOMS[plant](petal, heart, detail, bx, by, s, float(rng.uniform(0, 1)))
    for k in range(int(rng.integers(4, 7))):
        t = 0.12 + 0.78 * k / 6
        side = 1 if k % 2 else -1
        lx, ly = x0 + (crown_x - x0) * t, foot + (crown_y - foot) * t
        _leaf(
            leaves,
            veins,
            str(a["leaf_form"]),
            lx,
            ly,
            -np.pi / 2 + side * float(rng.uniform(0.8, 1.15)),
            height * float(rng.uniform(0.19, 0.25)),
        )
    base, roots = str(a["base"]), Shape(height, width)
    _base(roots, stems, base, x0, foot, height, width, rng)
    green = mix((0.26, 0.42, 0.2), (0.4, 0.5, 0.24), float(rng.uniform(0, 1)))
    bloom = rgb(str(a["bloom_colour"]))
    wash = noise(rng, height, width, 16, 3)
    shadow_by = (-3, -3)
    for shape, colour in (
        (stems, mix(green, (0.3, 0.3, 0.1), 0.3)),
        (leaves, green),
        (roots, (0.6, 0.46, 0.3)),
        (petal, bloom),
    ):
        mask = shape.mask()
        inner = np.clip(mask - soft(mask, 5), 0, 1)
        paint(picture, mask, np.clip(np.asarray(colour, np.float32) * (1 + 0.16 * wash)[..., None], 0, 1), 0.94)
        paint(picture, inner, mix(colour, (1, 1, 1), 0.4), 0.45)
        rim = np.clip(mask - np.roll(mask, shadow_by, axis=(0, 1)), 0, 1)
        darken(picture, rim, 0.42)
    paint(picture, veins, mix(green, (0.92, 0.95, 0.7), 0.5), 0.7)
    paint(picture, heart, (0.88, 0.68, 0.2) if plant != "thistle" else mix(green, (0, 0, 0), 0.15))
    paint(picture, detail, (0.12, 0.1, 0.12) if plant == "poppy" else mix(bloom, (0.15, 0.1, 0.12), 0.5), 0.8)
    if a["animal"] != "no_animal":
        _add_animal(picture, str(a["animal"]), str(a["animal_side"]))
    label = Shape(height, width).text(width / 2, height * 0.955, f"Tab. {int(rng.integers(2, 99))}", height * 0.026)
    paint(picture, label, (0.2, 0.15, 0.1), 0.85)
    return picture
