"""Clocks: case by form, ornament, dial with numerals and hands at the hour."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from heritage_assets.embedded.museum.canvas import Pixels, Rgb, Shape, darken, mix, noise, paint, rgb, soft, wall
from heritage_assets.embedded.museum.kind import Value

_ROMAN = ("XII", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI")
_GILT: Rgb = (0.86, 0.67, 0.28)


def _solid(picture: Pixels, shape: Shape, colour: Rgb, rng: np.random.Generator) -> None:
    """Paint a polished body: light from the left, grain, a dark rim."""
    height, width = picture.shape[:2]
    mask = shape.mask()
    columns = np.flatnonzero(mask.any(axis=0))
    if not columns.size:
        return
    u = (np.arange(width, dtype=np.float32) - columns[0]) / max(1, columns[-1] - columns[0])
    light = 1.12 - 0.42 * np.clip(u, 0, 1) + 0.22 * np.exp(-(((u - 0.22) / 0.1) ** 2))
    grain = np.repeat(noise(rng, max(2, height // 10), width, 5, 2), 10, axis=0)
    grain = np.pad(grain, ((0, max(0, height - grain.shape[0])), (0, 0)), mode="edge")[:height]
    paint(
        picture, mask, np.clip(np.asarray(colour, np.float32) * (light[None, :] * (1 + 0.09 * grain))[..., None], 0, 1)
    )
    darken(picture, np.clip(mask - soft(mask, 3), 0, 1), -0.35)


def _dial(picture: Pixels, x: float, y: float, r: float, a: Mapping[str, Value]) -> None:
    height, width = picture.shape[:2]
    face = rgb(str(a["dial_colour"]))
    ink = (0.1, 0.08, 0.08) if sum(face) > 1.2 else (0.95, 0.92, 0.84)
    ring = Shape(height, width).ellipse(x, y, r * 1.1, r * 1.1).mask()
    darken(picture, np.roll(soft(ring, 4), (3, 3), axis=(0, 1)), 0.4)
    paint(picture, ring, _GILT)
    paint(picture, Shape(height, width).ellipse(x, y, r, r), face)
    marks = Shape(height, width)
    for k in range(60):
        t = 2 * np.pi * k / 60
        long = 0.9 if k % 5 else 0.86
        marks.line(
            [
                (x + long * r * np.sin(t), y - long * r * np.cos(t)),
                (x + 0.95 * r * np.sin(t), y - 0.95 * r * np.cos(t)),
            ],
            1,
        )
    for k in range(12):
        t = 2 * np.pi * k / 12
        if a["numerals"] == "roman_numerals":
            marks.text(x + 0.72 * r * np.sin(t), y - 0.72 * r * np.cos(t), _ROMAN[k], r * 0.2)
        else:
            marks.line(
                [
                    (x + 0.62 * r * np.sin(t), y - 0.62 * r * np.cos(t)),
                    (x + 0.84 * r * np.sin(t), y - 0.84 * r * np.cos(t)),
                ],
                r * 0.06,
            )
    hour = 2 * np.pi * int(a["hour"]) / 12
    marks.polygon(
        [
            (x + 0.05 * r * np.cos(hour), y + 0.05 * r * np.sin(hour)),
            (x + 0.54 * r * np.sin(hour), y - 0.54 * r * np.cos(hour)),
            (x - 0.05 * r * np.cos(hour), y - 0.05 * r * np.sin(hour)),
        ]
    )
    marks.polygon([(x - 0.03 * r, y), (x, y - 0.78 * r), (x + 0.03 * r, y)])
    marks.ellipse(x, y, 0.06 * r, 0.06 * r)
    paint(picture, marks, ink)


def _ornament(picture: Pixels, kind: str, x: float, top: float, half: float, bottom: float, s: float) -> None:
    """Set gilt ornament on a case from ``top`` to ``bottom`` and ``half`` wide to each side."""
    height, width = picture.shape[:2]
    shape = Shape(height, width)
    if kind == "columns_ornament":
        for side in (-1, 1):
            cx = x + side * half * 0.84
            shape.rectangle(cx - s * 0.035, top + s * 0.1, cx + s * 0.035, bottom)
            shape.rectangle(cx - s * 0.06, top + s * 0.06, cx + s * 0.06, top + s * 0.1).rectangle(
                cx - s * 0.06, bottom - s * 0.03, cx + s * 0.06, bottom + s * 0.02
            )
    elif kind == "urn_ornament":
        shape.ellipse(x, top - s * 0.13, s * 0.1, s * 0.09).rectangle(
            x - s * 0.03, top - s * 0.07, x + s * 0.03, top + s * 0.01
        ).rectangle(x - s * 0.07, top - s * 0.02, x + s * 0.07, top + s * 0.01)
        shape.polygon([(x - s * 0.045, top - s * 0.19), (x, top - s * 0.32), (x + s * 0.045, top - s * 0.19)])
    elif kind == "scroll_ornament":
        for side in (-1, 1):
            shape.arc(x + side * half * 0.62, top - s * 0.03, s * 0.1, s * 0.09, 0, 360, s * 0.035)
            shape.arc(x + side * half * 0.62, top - s * 0.03, s * 0.045, s * 0.04, 0, 360, s * 0.03)
            shape.arc(x + side * half * 0.9, bottom, s * 0.09, s * 0.08, 0, 360, s * 0.035)
        shape.polygon([(x - half * 0.5, top + 1), (x, top - s * 0.1), (x + half * 0.5, top + 1)])
    mask = shape.mask()
    darken(picture, np.roll(mask, (2, 3), axis=(0, 1)), 0.4)
    paint(picture, mask, _GILT)
    darken(picture, np.clip(mask - np.roll(mask, (-2, -2), axis=(0, 1)), 0, 1), 0.35)


def clock(a: Mapping[str, Value], rng: np.random.Generator, height: int, width: int) -> Pixels:
    """Photograph a clock."""
    form, case = str(a["form"]), rgb(str(a["case_colour"]))
    picture = wall(
        rng,
        height,
        width,
        mix(rgb(str(a["backdrop_colour"])), (0.45, 0.45, 0.45), 0.12),
        0.8 if form != "pocket_watch" else 1.2,
    )
    x, s = width / 2, min(width, height * 0.78)
    body = Shape(height, width)
    if form == "mantel_clock":
        top, bottom, half = height * 0.3, height * 0.86, s * 0.31
        y, r = top + s * 0.36, s * 0.22
        body.rectangle(x - half, top + s * 0.06, x + half, bottom).ellipse(
            x, top + s * 0.1, half * 0.98, s * 0.1
        ).rectangle(x - half * 1.22, bottom - s * 0.07, x + half * 1.22, bottom).rectangle(
            x - half * 1.1, bottom - s * 0.13, x + half * 1.1, bottom - s * 0.05
        )
    elif form == "longcase_clock":
        top, bottom, half = height * 0.17, height * 0.95, s * 0.2
        y, r = top + s * 0.27, s * 0.15
        body.rectangle(x - half, top, x + half, top + s * 0.5).rectangle(
            x - half * 0.72, top + s * 0.48, x + half * 0.72, bottom - s * 0.2
        ).rectangle(x - half * 1.05, bottom - s * 0.26, x + half * 1.05, bottom).polygon(
            [(x - half * 1.08, top + 2), (x, top - s * 0.08), (x + half * 1.08, top + 2)]
        )
    elif form == "wall_clock":
        top, bottom, half = height * 0.2, height * 0.82, s * 0.28
        y, r = top + s * 0.3, s * 0.235
        body.ellipse(x, y, s * 0.34, s * 0.34).polygon(
            [
                (x - s * 0.19, y + s * 0.2),
                (x + s * 0.19, y + s * 0.2),
                (x + s * 0.13, bottom),
                (x, bottom + s * 0.06),
                (x - s * 0.13, bottom),
            ]
        )
    else:
        top, bottom, half = height * 0.24, height * 0.9, s * 0.3
        y, r = height * 0.56, s * 0.31
        body.ellipse(x, y, s * 0.38, s * 0.38).rectangle(x - s * 0.045, y - s * 0.47, x + s * 0.045, y - s * 0.36)
        body.arc(x, y - s * 0.53, s * 0.085, s * 0.09, 0, 360, s * 0.03)
        top, bottom = y - s * 0.4, y + s * 0.34
    mask = body.mask()
    darken(picture, np.roll(soft(mask, 10), (6, 10), axis=(0, 1)), 0.5)
    _solid(picture, body, case, rng)
    if form in ("longcase_clock", "wall_clock"):
        glass = Shape(height, width)
        gy = top + s * 0.56 if form == "longcase_clock" else y + s * 0.38
        gh = bottom - s * 0.34 if form == "longcase_clock" else bottom - s * 0.02
        glass.rectangle(x - s * 0.085, gy, x + s * 0.085, gh)
        paint(picture, glass, mix(case, (0.03, 0.03, 0.04), 0.8))
        bob = (
            Shape(height, width)
            .line([(x, gy), (x + s * 0.02, gh - s * 0.09)], 2.4)
            .ellipse(x + s * 0.02, gh - s * 0.08, s * 0.055, s * 0.055)
        )
        paint(picture, bob.mask() * glass.mask(), _GILT)
    if form == "pocket_watch":
        chain = Shape(height, width)
        for k in range(26):
            t = k / 25
            chain.ellipse(
                x + s * (0.08 + 0.34 * t) + 6 * np.sin(k),
                y - s * (0.56 + 0.12 * np.sin(t * 3) - 0.2 * t * t),
                s * 0.018,
                s * 0.014,
            )
        paint(picture, chain, mix(case, _GILT, 0.7))
    _ornament(
        picture,
        str(a["ornament"]),
        x,
        top,
        half,
        bottom - s * (0.16 if form in ("mantel_clock", "longcase_clock") else 0.05),
        s,
    )
    _dial(picture, x, y, r, a)
    return picture
