"""Maps: coast from noise, relief signs, rivers, ornament and cartouche, coloured by hand."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from heritage_assets.embedded.museum.canvas import (
    Pixels,
    Point,
    Rgb,
    Shape,
    darken,
    grid,
    mix,
    noise,
    paint,
    paper,
    rgb,
    soft,
)
from heritage_assets.embedded.museum.kind import Value
from heritage_assets.embedded.museum.painters.figures import Pen, figure, star


def _land(region: str, height: int, width: int, rng: np.random.Generator) -> Pixels:
    """Return the height above the sea (height, width): land where it is positive."""
    x, y = grid(height, width)
    rough = noise(rng, height, width, min(height, width) / 3, 5) * np.float32(0.16)
    if region == "island":
        return 0.31 - np.hypot(x * float(rng.uniform(0.75, 1.2)), y) + rough
    if region == "peninsula":
        t = float(rng.choice([0, np.pi / 2, np.pi, -np.pi / 2]))
        c, n = float(np.cos(t)), float(np.sin(t))
        along, across = x * c + y * n, y * c - x * n
        width_left = 0.19 + np.clip(along - 0.12, 0, 1) * 0.9 - np.clip(-0.3 - along, 0, 1) * 3
        return (width_left - np.abs(across) + rough).astype(np.float32)
    if region == "archipelago":
        spots = noise(rng, height, width, min(height, width) / 5, 4)
        return (spots * 0.3 - 0.13 - np.clip(np.hypot(x, y) - 0.4, 0, 1) * 1.5).astype(np.float32)
    return np.full((height, width), 0.3, np.float32) + rough


def _signs(
    picture: Pixels, kind: str, inland: NDArray[np.bool_], rng: np.random.Generator, ink: tuple[float, float, float]
) -> None:
    height, width = inland.shape
    shape, shade = Shape(height, width), Shape(height, width)
    ys, xs = np.nonzero(inland[::6, ::6])
    if not ys.size:
        return
    if kind == "river":
        for _ in range(4):
            k = int(rng.integers(ys.size))
            x, y = float(xs[k] * 6), float(ys[k] * 6)
            t = float(rng.uniform(0, 6.28))
            points = []
            for _ in range(60):
                points.append((x, y))
                t += float(rng.normal(0, 0.33))
                x, y = x + 7 * np.cos(t), y + 7 * np.sin(t)
                if not (0 <= x < width and 0 <= y < height) or not inland[int(y), int(x)]:
                    break
            shape.line(points, 2.4)
        paint(picture, shape, (0.2, 0.38, 0.56), 0.9)
        return
    chosen = rng.permutation(ys.size)[:46]
    for k in sorted(chosen.tolist(), key=lambda k: int(ys[k])):
        x, y, s = float(xs[k] * 6), float(ys[k] * 6), float(rng.uniform(8, 13))
        if kind == "mountains":
            shape.line([(x - s, y + s * 0.6), (x - s * 0.1, y - s * 0.7), (x + s, y + s * 0.6)], 1.6)
            shade.polygon([(x - s * 0.1, y - s * 0.7), (x + s, y + s * 0.6), (x + s * 0.1, y + s * 0.6)])
        else:
            shape.line([(x, y), (x, y + s * 0.8)], 1.6)
            shade.ellipse(x, y - s * 0.2, s * 0.45, s * 0.55)
    tone = (0.2, 0.36, 0.16) if kind == "tree" else ink
    paint(picture, shade, tone, 0.75 if kind == "tree" else 0.55)
    paint(picture, shape, ink, 0.85)


def _town(
    picture: Pixels, land_tone: tuple[float, float, float], ink: tuple[float, float, float], rng: np.random.Generator
) -> None:
    height, width = picture.shape[:2]
    x, y, r = width / 2, height / 2, min(height, width) * 0.34
    points, turn = int(rng.integers(5, 9)), float(rng.uniform(0, 1))
    for scale, tone in (
        (1.14, (0.45, 0.6, 0.66)),
        (1.0, mix(land_tone, (0.5, 0.35, 0.2), 0.35)),
        (0.86, mix(land_tone, (1, 1, 0.9), 0.5)),
    ):
        ring = Shape(height, width)
        star_points = []
        for k in range(points * 2):
            t = np.pi * k / points + turn
            radius = r * scale * (1.0 if k % 2 == 0 else 0.74)
            star_points.append((x + radius * np.cos(t), y + radius * np.sin(t)))
        ring.polygon(star_points)
        mask = ring.mask()
        paint(picture, mask, tone)
        paint(picture, np.clip(mask - ndimage.minimum_filter(mask, 3), 0, 1), ink, 0.9)
    blocks = Shape(height, width)
    for row in range(-5, 6):
        for column in range(-5, 6):
            cx, cy = x + column * r * 0.12, y + row * r * 0.12
            if np.hypot(cx - x, cy - y) < r * 0.6 and rng.random() > 0.12 and (row, column) != (0, 0):
                blocks.rectangle(cx - r * 0.048, cy - r * 0.045, cx + r * 0.045, cy + r * 0.042)
    paint(picture, blocks, (0.68, 0.3, 0.22), 0.9)


def _compass(shape: Shape, x: float, y: float, s: float) -> None:
    star(Pen(shape, x, y, s), 16, 0.55)
    star(Pen(shape, x, y, s * 1.15), 4, 0.16)
    shape.arc(x, y, s * 0.6, s * 0.6, 0, 360, 1.6)
    shape.polygon([(x - s * 0.1, y - s * 1.06), (x, y - s * 1.36), (x + s * 0.1, y - s * 1.06)])


def _monster(shape: Shape, x: float, y: float, s: float) -> None:
    for k in range(3):
        shape.arc(x - s * 0.2 + k * s * 0.5, y + s * 0.3, s * 0.3, s * 0.55, 180, 360, s * 0.17)
    shape.line([(x - s * 0.5, y + s * 0.3), (x - s * 0.72, y - s * 0.3), (x - s * 0.62, y - s * 0.6)], s * 0.2)
    shape.polygon(
        [
            (x - s * 0.46, y - s * 0.72),
            (x - s * 0.78, y - s * 0.86),
            (x - s * 1.1, y - s * 0.56),
            (x - s * 0.84, y - s * 0.46),
            (x - s * 0.5, y - s * 0.46),
        ]
    )
    shape.polygon(
        [
            (x + s * 1.06, y + s * 0.3),
            (x + s * 1.35, y - s * 0.36),
            (x + s * 1.0, y - s * 0.2),
            (x + s * 0.9, y + s * 0.3),
        ]
    )


_INK: Rgb = (0.2, 0.14, 0.1)
_TECHNIQUES: dict[str, tuple[Rgb, float]] = {
    "hand_coloured": ((0.93, 0.89, 0.8), 0.85),
    "portolan": ((0.87, 0.78, 0.6), 0.72),
    "pen_drawing": ((0.95, 0.93, 0.89), 0.42),
}
"""Technique -> tone of the sheet, strength of the wash."""
_CORNERS: dict[str, Point] = {
    "upper_left": (0.22, 0.19),
    "upper_right": (0.78, 0.19),
    "lower_left": (0.22, 0.81),
    "lower_right": (0.78, 0.81),
}


def draw_map(a: Mapping[str, Value], rng: np.random.Generator, height: int, width: int) -> Pixels:
    """Draw a map."""
    technique, region = str(a["technique"]), str(a["region"])
    tone, strength = _TECHNIQUES[technique]
    picture = paper(rng, height, width, tone, 0.8)
    margin = int(min(height, width) * 0.05)
    inside = np.zeros((height, width), np.float32)
    inside[margin : height - margin, margin : width - margin] = 1
    levels, inside = _world(region, inside, rng)
    land = np.clip(levels * min(height, width), 0, 1) * inside
    land_tone, sea_tone = rgb(str(a["land_colour"])), rgb(str(a["sea_colour"]))
    wash = (0.88 + 0.12 * noise(rng, height, width, 60))[..., None]
    paint(picture, inside - land, np.asarray(mix(sea_tone, (1, 1, 1), 0.12), np.float32) * wash, strength)
    paint(picture, land, np.asarray(mix(land_tone, (1, 1, 0.95), 0.18), np.float32) * wash, strength)
    _coast(picture, land, inside - land, sea_tone, strength)
    if technique == "portolan":
        _rhumbs(picture, inside, rng)
    inland = (levels > 0.035) & (inside > 0)
    if region == "walled_town":
        _town(picture, land_tone, _INK, rng)
        gx, gy = grid(height, width)
        inland &= np.hypot(gx, gy) > 0.42
    _signs(picture, str(a["relief"]), inland, rng, _INK)
    fx, fy = _CORNERS[str(a["corner"])]
    s = min(height, width) * 0.11
    _ornament(picture, str(a["ornament"]), (1 - fx) * width, (1 - fy) * height, s, tone)
    _cartouche(picture, str(a["place"]), rgb(str(a["cartouche_colour"])), fx * width, fy * height, s)
    _frame(picture, margin)
    return picture


def _world(region: str, inside: Pixels, rng: np.random.Generator) -> tuple[Pixels, Pixels]:
    """Return the height above the sea, and where the map is drawn: the sheet within its frame, or two globes in it."""
    height, width = inside.shape
    if region == "hemispheres":
        x, y = grid(height, width)
        gap = 0.235 if width >= height else 0.21
        far = max(width, height) / min(width, height) * 0.245
        cx, cy = (far, 0.0) if width >= height else (0.0, far)
        globes = np.minimum(np.hypot(x - cx, y - cy), np.hypot(x + cx, y + cy))
        inside = inside * np.clip((max(gap, min(far, 0.4)) - globes) * 400, 0, 1)
        levels = noise(rng, height, width, min(height, width) / 3.2, 5) * 0.3 - 0.02
    else:
        levels = _land(region, height, width, rng)
    if region == "river_valley":
        x, y = grid(height, width)
        t = float(rng.uniform(-0.6, 0.6))
        stream = x * np.sin(t) + y * np.cos(t) + 0.09 * noise(rng, height, width, min(height, width) / 2.5, 3)
        levels = np.minimum(levels, np.abs(stream) - (0.05 + 0.06 * np.clip(x * np.cos(t) - y * np.sin(t), -0.5, 1)))
    return levels, inside


def _coast(picture: Pixels, land: Pixels, sea: Pixels, sea_tone: Rgb, strength: float) -> None:
    near = np.clip(soft(land, 7) * sea * 1.4, 0, 1)
    paint(picture, near, mix(sea_tone, (0.1, 0.2, 0.35), 0.5), 0.55 * strength)
    coast = np.clip(land * 2 - ndimage.uniform_filter(land, 3) * 2, 0, 1)
    paint(picture, coast, _INK)
    for distance in (5, 9):
        ring = soft(land, distance)
        paint(picture, sea * np.clip(1 - np.abs(ring - 0.2) * 22, 0, 1), _INK, 0.3)


def _rhumbs(picture: Pixels, inside: Pixels, rng: np.random.Generator) -> None:
    height, width = inside.shape
    rhumbs = Shape(height, width)
    ox, oy = width * float(rng.uniform(0.4, 0.6)), height * float(rng.uniform(0.4, 0.6))
    for k in range(32):
        t = 2 * np.pi * k / 32
        rhumbs.line([(ox, oy), (ox + 900 * np.cos(t), oy + 900 * np.sin(t))], 0.5)
    paint(picture, rhumbs.mask() * inside, (0.55, 0.2, 0.14), 0.55)


def _ornament(picture: Pixels, ornament: str, x: float, y: float, s: float, tone: Rgb) -> None:
    shape = Shape(*picture.shape[:2])
    if ornament == "compass_rose":
        _compass(shape, x, y, s)
    elif ornament == "sea_monster":
        _monster(shape, x, y, s)
    elif ornament == "sun":
        star(Pen(shape, x, y, s * 1.2), 16, 0.6)
        shape.ellipse(x, y, s * 0.5, s * 0.5, 150)
    else:
        figure("ship", shape, x, y, s)
    mask = shape.mask()
    paint(picture, np.clip(soft(mask, 4) * 1.5, 0, 1), tone, 0.65)
    paint(picture, mask, (0.72, 0.5, 0.12) if ornament == "sun" else _INK, 0.92)


def _cartouche(picture: Pixels, name: str, colour: Rgb, x: float, y: float, s: float) -> None:
    height, width = picture.shape[:2]
    w, h = s * 1.75, s * 0.78
    frame, field = Shape(height, width), Shape(height, width)
    frame.rectangle(x - w, y - h, x + w, y + h)
    for dx, dy in ((-1, -1), (1, -1), (-1, 1), (1, 1)):
        frame.ellipse(x + dx * w, y + dy * h * 0.7, h * 0.36, h * 0.36)
    frame.ellipse(x, y - h, w * 0.36, h * 0.4)
    field.rectangle(x - w * 0.9, y - h * 0.72, x + w * 0.9, y + h * 0.72)
    mask = frame.mask()
    darken(picture, np.roll(soft(mask, 4), (3, 3), axis=(0, 1)), 0.4)
    paint(picture, mask, colour, 0.92)
    paint(picture, np.clip(mask - ndimage.minimum_filter(mask, 3), 0, 1), _INK)
    paint(picture, field, (0.96, 0.93, 0.85))
    paint(
        picture,
        Shape(height, width)
        .text(x, y - h * 0.1, name.upper(), min(h * 0.55, 2.9 * w / len(name)))
        .line([(x - w * 0.5, y + h * 0.42), (x + w * 0.5, y + h * 0.42)], 1),
        _INK,
    )


def _frame(picture: Pixels, margin: int) -> None:
    height, width = picture.shape[:2]
    border = Shape(height, width)
    for inset, thick in ((margin, 2.2), (margin * 0.62, 1.0)):
        border.line(
            [
                (inset, inset),
                (width - inset, inset),
                (width - inset, height - inset),
                (inset, height - inset),
                (inset, inset),
            ],
            thick,
        )
    step = margin * 1.2
    for k in range(int((width - 2 * margin) / step)):
        if k % 2 == 0:
            for y in (margin * 0.62, height - margin):
                border.rectangle(margin + k * step, y, margin + (k + 1) * step, y + margin * 0.38)
    paint(picture, border, _INK, 0.9)
