"""Coins: a relief of motif, legend and border, struck in metal and lit from one side, on a cloth."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from PIL import Image, ImageDraw

from heritage_assets.embedded.museum.canvas import (
    Pixels,
    Rgb,
    Shape,
    darken,
    font,
    grid,
    mix,
    noise,
    paint,
    ramp,
    relief,
    rgb,
    soft,
)
from heritage_assets.embedded.museum.kind import Value
from heritage_assets.embedded.museum.painters import figures
from heritage_assets.embedded.museum.painters.figures import Pen, figure

_METALS: dict[str, tuple[Rgb, Rgb, Rgb]] = {
    "gold": ((0.36, 0.22, 0.04), (0.85, 0.63, 0.2), (1.0, 0.93, 0.66)),
    "silver": ((0.2, 0.21, 0.23), (0.66, 0.67, 0.68), (0.98, 0.98, 0.97)),
    "bronze": ((0.17, 0.09, 0.05), (0.54, 0.32, 0.18), (0.88, 0.66, 0.46)),
    "patina": ((0.05, 0.14, 0.12), (0.25, 0.5, 0.42), (0.66, 0.86, 0.74)),
}
_HEADS = {
    "laureate_head": figures.laurel,
    "crowned_head": figures.crown,
    "bearded_head": figures.beard,
    "helmeted_head": figures.helmet,
}


def _motif(name: str, mirrored: bool, height: int, width: int, x: float, y: float, s: float) -> Pixels:
    if name not in _HEADS:
        shape = Shape(height, width)
        figure(name, shape, x, y, s, mirrored)
        mask = shape.mask()
        return soft(mask, s * 0.05) * 1.1 + soft(mask, s * 0.015) * 0.5
    masks = []
    for draw in (figures.head, figures.hair, _HEADS[name]):
        shape = Shape(height, width)
        draw(Pen(shape, x, y, s, mirrored))
        masks.append(shape.mask())
    detail = Shape(height, width)
    pen = Pen(detail, x, y, s, mirrored)
    pen.oval(-0.32, -0.14, 0.09, 0.045)
    pen.oval(0.12, 0.0, 0.07, 0.12)
    pen.line((-0.48, 0.27), (-0.36, 0.27), width=0.02)
    skull, locks, extra = masks
    waves = np.sin(np.arange(height, dtype=np.float32)[:, None] * 40 / s + np.arange(width, dtype=np.float32) * 25 / s)
    return (
        soft(skull, s * 0.08) * 1.2
        + soft(skull, s * 0.015) * 0.35
        + soft(locks, s * 0.03) * (0.35 + 0.1 * waves)
        + soft(extra, s * 0.02) * 0.5
        + soft(detail.mask(), s * 0.015) * 0.4
    )


def _rim_text(text: str, height: int, width: int, x: float, y: float, radius: float) -> Pixels:
    """Return letters along a circle, read from the inside, starting at the lower left."""
    sheet = Image.new("L", (width, height), 0)
    size = max(10, round(radius * 0.19))
    step = 300 / len(text)
    for k, letter in enumerate(text):
        degrees = -150 + k * step
        glyph = Image.new("L", (size * 2, size * 2), 0)
        ImageDraw.Draw(glyph).text((size, size), letter, fill=255, font=font(size), anchor="mm")
        turned = glyph.rotate(-degrees, Image.Resampling.BICUBIC)
        a = np.deg2rad(degrees - 90)
        left, top = round(x + radius * np.cos(a)) - size, round(y + radius * np.sin(a)) - size
        sheet.paste(255, (left, top), turned)
    return np.asarray(sheet, np.float32) / np.float32(255)


def _flan(kind: str, height: int, width: int, x: float, y: float, radius: float, rng: np.random.Generator) -> Shape:
    flan = Shape(height, width)
    edge = np.linspace(0, 2 * np.pi, 120, endpoint=False)
    rough = {"irregular_flan": 0.06, "round_flan": 0.004, "holed_flan": 0.01}[kind]
    bumps = np.sum([np.sin(k * edge + rng.uniform(0, 6)) / k for k in (2, 3, 5, 7)], axis=0) * rough
    flan.polygon(
        [(x + radius * (1 + b) * np.cos(t), y + radius * (1 + b) * np.sin(t)) for t, b in zip(edge, bumps, strict=True)]
    )
    if kind == "holed_flan":
        flan.ellipse(x, y - radius * 0.8, radius * 0.075, radius * 0.075, 0)
    return flan


def _border(kind: str, height: int, width: int, x: float, y: float, radius: float) -> Shape:
    border = Shape(height, width)
    if kind == "beaded_border":
        for t in np.linspace(0, 2 * np.pi, 56, endpoint=False):
            border.ellipse(x + 0.91 * radius * np.cos(t), y + 0.91 * radius * np.sin(t), radius * 0.028, radius * 0.028)
    elif kind == "wreath_border":
        for t in np.linspace(0, 2 * np.pi, 30, endpoint=False):
            for inner in (0.8, 0.96):
                cx, cy, tip = x + 0.88 * radius * np.cos(t), y + 0.88 * radius * np.sin(t), t + 0.2
                border.polygon(
                    [
                        (cx, cy),
                        (x + inner * radius * np.cos(t + 0.12), y + inner * radius * np.sin(t + 0.12)),
                        (
                            x + (inner * 0.5 + 0.44) * radius * np.cos(tip),
                            y + (inner * 0.5 + 0.44) * radius * np.sin(tip),
                        ),
                    ]
                )
    else:
        border.arc(x, y, radius * 0.96, radius * 0.96, 0, 360, radius * 0.035)
    return border


def coin(a: Mapping[str, Value], rng: np.random.Generator, height: int, width: int, wear: int = 0) -> Pixels:
    """Strike a coin; ``wear`` above 0 is another coin of the same mould: turned, scratched, lit a little otherwise."""
    cloth = mix(rgb(str(a["backdrop_colour"])), (0.4, 0.38, 0.36), 0.15)
    salt = int(rng.integers(2**31))
    other = np.random.default_rng([wear, salt]) if wear else None
    picture = np.broadcast_to(np.asarray(cloth, np.float32), (height, width, 3)) * (
        1 + 0.05 * noise(rng, height, width, 120) + 0.04 * rng.standard_normal((height, width), dtype=np.float32)
    )[..., None].astype(np.float32)
    x, y = width / 2 + float(rng.normal(0, 3)), height / 2 + float(rng.normal(0, 3))
    radius = min(width, height) * float(rng.uniform(0.4, 0.44))
    flan = _flan(str(a["flan"]), height, width, x, y, radius, rng)
    disc = flan.mask()
    heights = soft(disc, 5) * 3
    kind = str(a["border"])
    border = _border(kind, height, width, x, y, radius)
    heights += soft(border.mask(), 1.2) * 0.8
    if kind == "legend_border":
        heights += (
            soft(_rim_text(f"{str(a['place']).upper()} · ANNO DOMINI ·", height, width, x, y, radius * 0.82), 0.8) * 0.9
        )
    size = radius * (0.62 if kind in ("legend_border", "wreath_border") else 0.74)
    raised = _motif(str(a["motif"]), a["facing"] == "facing_right", height, width, x, y, size)
    heights += raised * 2.0
    grain = rng if other is None else other
    heights += noise(grain, height, width, 30, 4) * 0.22 + noise(grain, height, width, 5, 1) * 0.06
    if other is not None:
        heights *= np.float32(other.uniform(0.72, 0.95))
        scratch = Shape(height, width)
        for _ in range(int(other.integers(3, 9))):
            t, r = other.uniform(0, 6.28), other.uniform(0, 0.8) * radius
            px, py = x + r * np.cos(t), y + r * np.sin(t)
            scratch.line([(px, py), (px + other.normal(0, 40), py + other.normal(0, 40))], 1)
        heights -= soft(scratch.mask(), 0.8) * 0.6
    light = relief(heights, 3.1, float(rng.uniform(205, 250)))
    gx, gy = grid(height, width)
    sheen = 0.5 + 0.42 * light + 0.13 * -(gx + gy) + 0.05 * noise(grain, height, width, 60)
    sheen = sheen + 0.13 * np.clip(raised, 0, 1) - 0.08
    metal = ramp(sheen, (0.05, 0.5, 0.98), _METALS[str(a["metal"])])
    shadow = np.roll(soft(disc, 9), (int(radius * 0.05), int(radius * 0.04)), axis=(0, 1))
    darken(picture, shadow, 0.6 if a["backdrop_colour"] != "black" else 0.9)
    if a["backdrop_colour"] == "black":
        picture += np.asarray(mix((0, 0, 0), (1, 1, 1), 0.02), np.float32)
    paint(picture, disc, metal)
    return picture
