"""Manuscripts: parchment, ruled columns of script, an initial, a border, a miniature; charters with seal, letters, music."""

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
    paper,
    relief,
    rgb,
    soft,
)
from heritage_assets.embedded.museum.kind import Value
from heritage_assets.embedded.museum.painters.figures import Pen, figure, star
from heritage_assets.embedded.museum.painters.scenery import MOTIFS, parts

_TONES: dict[str, Rgb] = {"white": (0.95, 0.93, 0.87), "beige": (0.89, 0.82, 0.67), "brown": (0.75, 0.61, 0.42)}
_GOLD = (0.86, 0.68, 0.26)


def _script(
    ink: Shape, rubric: Shape, left: float, right: float, y: float, s: float, leaf: str, rng: np.random.Generator
) -> None:
    """Write one line of words from ``left`` to ``right``, letters ``s`` pixels high; the odd word in red."""
    x = left
    slant = 0.45 if leaf == "letter" else 0.0
    while x < right - s * 2:
        letters = int(rng.integers(2, 9))
        target = rubric if rng.random() < 0.03 else ink
        if leaf == "letter":
            ts = np.arange(letters * 4)
            ys = y - s * 0.5 * np.abs(np.sin(ts * 1.3 + rng.uniform(0, 3))) * rng.uniform(0.4, 1.3, ts.size)
            xs = np.minimum(x + ts * s * 0.2, right)
            target.line(list(zip(xs.tolist(), ys.tolist(), strict=True)), 1.1)
            x += letters * s * 0.8 + s * 0.7
            continue
        for _ in range(letters):
            if x > right - s * 0.5:
                break
            kind = int(rng.integers(5))
            top = y - s * (1.35 if kind == 0 else 0.85)
            target.line([(x + slant * s, top), (x, y + (s * 0.4 if kind == 1 else 0))], s * 0.2)
            if kind in (2, 3):
                target.line([(x + s * 0.34 + slant * s, y - s * 0.8), (x + s * 0.34, y)], s * 0.2)
                target.line([(x, y - s * 0.78), (x + s * 0.34, y - s * 0.8)], s * 0.13)
            x += s * (0.72 if kind in (2, 3) else 0.42)
        x += s * 0.6


def _border(picture: Pixels, kind: str, colour: Rgb, inset: float, rng: np.random.Generator) -> None:
    height, width = picture.shape[:2]
    first, second, gold = Shape(height, width), Shape(height, width), Shape(height, width)
    left, top, right, bottom = inset * 0.4, inset * 0.4, width - inset * 0.4, height - inset * 0.4
    w = inset * 0.42
    runs = [
        ((left + w / 2, top), (0, 1), bottom - top),
        ((right - w / 2, top), (0, 1), bottom - top),
        ((left, top + w / 2), (1, 0), right - left),
        ((left, bottom - w / 2), (1, 0), right - left),
    ]
    for (x0, y0), (dx, dy), length in runs:
        if kind == "geometric_border":
            n = int(length / (w * 1.1))
            for k in range(n):
                cx, cy = x0 + dx * (k + 0.5) * length / n, y0 + dy * (k + 0.5) * length / n
                (first if k % 2 else gold).polygon(
                    [(cx - w * 0.52, cy), (cx, cy - w * 0.52), (cx + w * 0.52, cy), (cx, cy + w * 0.52)]
                )
                second.ellipse(cx, cy, w * 0.14, w * 0.14)
            continue
        ts = np.linspace(0, 1, 60)
        wave = np.sin(ts * length / (w * 2.6) * 2 * np.pi) * w * 0.32
        stem = [(x0 + dx * t * length + dy * v, y0 + dy * t * length + dx * v) for t, v in zip(ts, wave, strict=True)]
        first.line(stem, w * 0.11)
        for k in range(2, 58, 3):
            px, py = stem[k]
            side = 1 if (k // 3) % 2 else -1
            lx, ly = px + side * dy * w * 0.42, py + side * dx * w * 0.42
            if kind == "vine_border":
                first.polygon(
                    [
                        (px, py),
                        (lx + dx * w * 0.35, ly + dy * w * 0.35),
                        (lx, ly),
                        (lx - dx * w * 0.25, ly - dy * w * 0.25),
                    ]
                )
                if k % 2:
                    gold.ellipse(lx, ly, w * 0.12, w * 0.12)
            else:
                for a in range(5):
                    t = a * 2 * np.pi / 5 + k
                    second.ellipse(lx + w * 0.17 * np.cos(t), ly + w * 0.17 * np.sin(t), w * 0.13, w * 0.13)
                gold.ellipse(lx, ly, w * 0.1, w * 0.1)
    paint(picture, first, colour)
    paint(picture, second, (0.76, 0.2, 0.28) if kind == "flower_border" else (0.95, 0.92, 0.84))
    paint(picture, gold, _GOLD)


def _miniature(picture: Pixels, scene: str, box: tuple[float, float, float, float], rng: np.random.Generator) -> None:
    height, width = picture.shape[:2]
    left, top, right, bottom = box
    frame = Shape(height, width).rectangle(left - 5, top - 5, right + 5, bottom + 5).mask()
    paint(picture, frame, _GOLD)
    inner = Shape(height, width).rectangle(left, top, right, bottom).mask()
    night = (0.16, 0.27, 0.56)
    paint(picture, inner, night if scene != "sun" else (0.6, 0.76, 0.88))
    w, h = right - left, bottom - top
    stars = Shape(height, width)
    for _ in range(24):
        stars.ellipse(left + float(rng.uniform(0.03, 0.97)) * w, top + float(rng.uniform(0.03, 0.6)) * h, 1.6, 1.6)
    paint(picture, stars, _GOLD)
    ground = Shape(height, width).polygon(
        [
            (left, bottom),
            (left, top + 0.75 * h),
            (left + w * 0.3, top + 0.68 * h),
            (left + 0.7 * w, top + 0.76 * h),
            (right, top + 0.7 * h),
            (right, bottom),
        ]
    )
    paint(picture, ground, (0.22, 0.5, 0.56) if scene == "ship" else (0.32, 0.52, 0.28))
    x, y, s = (left + right) / 2, top + h * 0.5, h * 0.4
    if scene == "castle":
        keep = parts(height, width)
        MOTIFS["castle"](keep, x, bottom - h * 0.12, h * 0.78, rng)
        keep.paint(picture, (0.92, 0.8, 0.66), (0.76, 0.22, 0.16), (1, 1, 1), 0)
        return
    shape = Shape(height, width)
    if scene == "sun":
        star(Pen(shape, x, y, s * 1.05), 14, 0.62)
    else:
        figure(scene, shape, x, y, s)
    mask = shape.mask()
    paint(
        picture,
        mask,
        {"sun": (0.93, 0.7, 0.16), "tree": (0.2, 0.42, 0.16), "ship": (0.62, 0.34, 0.18)}.get(scene, (0.93, 0.9, 0.82)),
    )
    if scene == "sun":
        paint(picture, Shape(height, width).ellipse(x, y, s * 0.5, s * 0.5), (0.98, 0.86, 0.5))
    darken(picture, np.clip(mask - np.roll(mask, (-2, -2), axis=(0, 1)), 0, 1), 0.4)


def _staff(ink: Shape, staves: Shape, start: float, end: float, y: float, s: float, text: np.random.Generator) -> None:
    """Draw four lines and their notes above a line of text."""
    for k in range(4):
        staves.line([(start, y - s * (2.0 + 0.75 * k)), (end, y - s * (2.0 + 0.75 * k))], 1)
    for nx in np.arange(start + s, end - s, s * 1.5):
        ny = y - s * (2.0 + 0.375 * float(text.integers(0, 7)))
        ink.rectangle(nx, ny - s * 0.3, nx + s * 0.55, ny + s * 0.3)
        if text.random() < 0.3:
            ink.line([(nx + s * 0.5, ny), (nx + s * 0.5, ny + s * 1.1)], 1)


def _initial(picture: Pixels, letter: str, name: str, x0: float, y0: float, big: float) -> None:
    """Paint a gilt initial on a block of colour with white lace; the block's corner is (x0, y0)."""
    height, width = picture.shape[:2]
    initial = rgb(name)
    block = Shape(height, width).rectangle(x0, y0, x0 + big, y0 + big).mask()
    paint(picture, block, initial)
    lace = Shape(height, width)
    for k in range(4):
        t = k * np.pi / 2 + 0.6
        lace.arc(
            x0 + big * (0.5 + 0.28 * np.cos(t)),
            y0 + big * (0.5 + 0.28 * np.sin(t)),
            big * 0.17,
            big * 0.17,
            0,
            300,
            big * 0.035,
        )
    paint(picture, lace.mask() * block, mix(initial, (1, 1, 1), 0.45))
    paint(
        picture,
        Shape(height, width).text(x0 + big / 2, y0 + big / 2, letter, big * 0.95),
        _GOLD if name != "yellow" else (0.36, 0.12, 0.1),
    )


def _seal(picture: Pixels, skin: Rgb, inset: float) -> None:
    """Hang a seal of red wax from the foot of a charter."""
    height, width = picture.shape[:2]
    x, y, r = width * 0.5, height * 0.85, inset * 0.62
    paint(
        picture,
        Shape(height, width).rectangle(x - r * 0.16, height * 0.72, x + r * 0.16, y),
        mix(skin, (0.3, 0.2, 0.1), 0.35),
    )
    wax, stamp = Shape(height, width).ellipse(x, y, r, r * 1.02), Shape(height, width)
    star(Pen(stamp, x, y, r * 0.6), 6, 0.5)
    stamp.arc(x, y, r * 0.8, r * 0.8, 0, 360, r * 0.06)
    mask = wax.mask()
    darken(picture, np.roll(soft(mask, 5), (4, 3), axis=(0, 1)), 0.5)
    light = relief(soft(mask, 3) * 4 + soft(stamp.mask(), 1.5) * 3, 1.2)
    paint(picture, mask, np.clip(np.asarray((0.62, 0.1, 0.09), np.float32) * (1 + 0.6 * light)[..., None], 0, 1))


def manuscript(
    a: Mapping[str, Value], rng: np.random.Generator, height: int, width: int, page: int = 0, verso: bool = False
) -> Pixels:
    """Write a leaf.

    ``page`` above 0 is another page of the book: same hand and ornament, other words. ``verso``: margins mirrored, the ink of
    the other side shows through.
    """
    leaf = str(a["leaf"])
    text = np.random.default_rng([int(rng.integers(2**31)), page, int(verso)])
    picture = paper(text, height, width, _TONES[str(a["parchment_colour"])], 0.9)
    inset = min(height, width) * 0.13
    colour = rgb(str(a["border_colour"]))
    ink, rubric = Shape(height, width), Shape(height, width)
    bind = 1.25 if verso else 0.85
    left, right, top, bottom = inset * bind, width - inset * (2.1 - bind), inset * 1.1, height - inset * 1.15
    if leaf == "charter":
        bottom = height * 0.7
    if a["border"] != "no_border":
        _border(picture, str(a["border"]), colour, inset, rng)
    columns = int(a["columns_count"])
    s = (9.5 if columns == 1 else 7.5) * min(height, width) / 480
    leading = s * {"letter": 2.3, "music_leaf": 5.6}.get(leaf, 2.15)
    gap = inset * 0.35
    wide = (right - left - gap * (columns - 1)) / columns
    has_scene = a["scene"] != "no_miniature"
    tall = (bottom - top) * 0.3
    big = min(wide * 0.42, (bottom - top) * 0.2)
    staves = Shape(height, width)
    for column in range(columns):
        x0, y0 = left + column * (wide + gap), top
        if has_scene and column == 0:
            y0 += tall + inset * 0.2
        y = y0 + s * 1.5 + (leading * 0.62 if leaf == "music_leaf" else 0)
        while y < bottom:
            start = x0 + (big + s if column == 0 and y < y0 + big + s else 0)
            end = x0 + wide * (1.0 if y + leading < bottom else float(text.uniform(0.4, 0.9)))
            if leaf == "music_leaf":
                _staff(ink, staves, start, end, y, s, text)
            _script(ink, rubric, start, end, y, s, leaf, text)
            y += leading
        if column == 0:
            _initial(picture, str(a["letter_form"]), str(a["initial_colour"]), x0, y0, big)
            if has_scene:
                _miniature(picture, str(a["scene"]), (x0 + 6, top, x0 + min(wide * columns, wide) - 6, top + tall), rng)
    tone = (0.13, 0.1, 0.09) if a["ink_colour"] == "black" else (0.37, 0.22, 0.11)
    ink_mask = ink.mask() * (0.82 + 0.18 * noise(text, height, width, 50, 2))
    if verso:
        paint(picture, soft(ink_mask[:, ::-1], 1.5), mix(tone, _TONES[str(a["parchment_colour"])], 0.55), 0.3)
    paint(picture, staves, (0.7, 0.2, 0.14), 0.8)
    paint(picture, ink_mask, tone, 0.92)
    paint(picture, rubric, (0.72, 0.15, 0.11), 0.92)
    if leaf == "charter":
        _seal(picture, _TONES[str(a["parchment_colour"])], inset)
    if leaf == "letter":
        for fold in (0.33, 0.66):
            row = int(height * fold)
            picture[row - 1 : row + 1] *= 0.9
            picture[row + 1 : row + 3] *= 1.04
    return picture
