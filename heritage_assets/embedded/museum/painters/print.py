"""Prints: a tonal view cut into lines, dots or grain by technique, printed in one ink on paper with a plate mark."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from heritage_assets.embedded.museum.canvas import Pixels, Shape, darken, hatch, mix, noise, paint, paper, rgb, soft
from heritage_assets.embedded.museum.kind import Value
from heritage_assets.embedded.museum.painters.motifs import ALL_MOTIFS
from heritage_assets.embedded.museum.painters.scenery import parts


def lay(tone: Pixels, mask: Pixels, value: float, opacity: float = 1.0) -> None:
    """Lay one tone over ``tone`` (height, width) where the mask is; in place."""
    tone += (np.float32(value) - tone) * mask * np.float32(opacity)


def _sky(tone: Pixels, kind: str, horizon: float, rng: np.random.Generator) -> None:
    height, width = tone.shape
    x, y, r = width * float(rng.uniform(0.2, 0.8)), height * float(rng.uniform(0.14, 0.22)), min(height, width) * 0.075
    shape = Shape(height, width)
    if kind == "clouds":
        puffs = np.clip(noise(rng, height, width, min(height, width) / 3, 4) * 1.8, 0, 1)
        lay(tone, puffs, 0.5, 0.6)
    elif kind == "sun":
        for k in range(24):
            t = 2 * np.pi * k / 24
            shape.line(
                [
                    (x + 1.35 * r * np.cos(t), y + 1.35 * r * np.sin(t)),
                    (x + (2.4 + 0.5 * (k % 2)) * r * np.cos(t), y + (2.4 + 0.5 * (k % 2)) * r * np.sin(t)),
                ],
                2,
            )
        lay(tone, shape.mask(), 0.12)
        lay(tone, Shape(height, width).ellipse(x, y, r, r).mask(), 1.0)
        lay(tone, Shape(height, width).arc(x, y, r, r, 0, 360, 2).mask(), 0.1)
    elif kind == "moon":
        rows = np.linspace(0, 1, height, dtype=np.float32)[:, None]
        lay(tone, (rows < horizon) * np.ones_like(tone), 0.3, 0.85)
        crescent = (
            Shape(height, width).ellipse(x, y, r, r).ellipse(x + 0.42 * r, y - 0.2 * r, r * 0.86, r * 0.86, 0).mask()
        )
        lay(tone, crescent, 1.0)
    elif kind == "birds":
        for _ in range(11):
            bx, by, s = (
                float(rng.uniform(0.08, 0.92)) * width,
                float(rng.uniform(0.06, horizon * 0.62)) * height,
                float(rng.uniform(7, 14)),
            )
            shape.line(
                [
                    (bx - s, by - s * 0.4),
                    (bx - s * 0.35, by - s * 0.45),
                    (bx, by),
                    (bx + s * 0.35, by - s * 0.45),
                    (bx + s, by - s * 0.4),
                ],
                2.2,
            )
        lay(tone, shape.mask(), 0.05)
    else:
        for _ in range(170):
            bx, by, s = (
                float(rng.uniform(-0.05, 1.05)) * width,
                float(rng.uniform(-0.05, horizon)) * height,
                float(rng.uniform(14, 34)),
            )
            shape.line([(bx, by), (bx - 0.35 * s, by + s)], 1)
        lay(tone, shape.mask(), 0.15)


def view(a: Mapping[str, Value], rng: np.random.Generator, height: int, width: int) -> Pixels:
    """Return the tones of a view (height, width), 0 black to 1 white."""
    horizon = float(rng.uniform(0.6, 0.68))
    rows = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    tone = np.broadcast_to(0.78 + 0.22 * np.clip(rows / horizon, 0, 1), (height, width)).copy()
    _sky(tone, str(a["sky"]), horizon, rng)
    base = horizon * height
    far = noise(rng, 4, width, width / 4, 3)[1]
    hills = Shape(height, width).polygon(
        [
            (0, base + 4),
            *((x, base - height * 0.07 * (0.5 + 0.6 * v)) for x, v in enumerate(far.tolist())),
            (width, base + 4),
        ]
    )
    lay(tone, hills.mask(), 0.66)
    below = np.clip(rows * height - base, 0, 1) * np.ones((1, width), np.float32)
    lay(tone, below, 0.8)
    tone -= below * (0.3 * np.clip(noise(rng, height, width, 40, 3), 0, 1) + 0.55 * np.clip((rows - 0.82) * 4, 0, 1))
    ts = np.linspace(0, 1, 20)
    if a["ground"] != "meadow":
        bend = float(rng.uniform(-0.2, 0.2))
        middle, half = (
            (0.5 + bend * np.sin(3 * ts)) * width,
            (0.02 + 0.2 * ts**1.5) * width * (1.3 if a["ground"] == "river" else 0.6),
        )
        ys = base + ts * (height - base)
        band = (
            Shape(height, width)
            .polygon([*zip(middle - half, ys, strict=True), *zip((middle + half)[::-1], ys[::-1], strict=True)])
            .mask()
        )
        lay(tone, band, 0.97)
        if a["ground"] == "river":
            ripples = np.clip(np.sin(rows * height * 0.55 + 2 * noise(rng, height, width, 50, 2)), 0.3, 1)
            tone -= band * (ripples - 0.3) * 0.55
    motif = parts(height, width)
    x = {"left": 0.3, "right": 0.7, "centre": 0.5}[str(a["side"])] * width
    s = min(height * 0.5, width * 0.42) * float(rng.uniform(0.95, 1.1))
    ALL_MOTIFS[str(a["motif"])](motif, x, base + 0.06 * height, s, rng)
    stone = noise(rng, height, width, 14, 2) * 0.12
    for shape, value in ((motif.shade, 0.34), (motif.light, 0.84), (motif.roof, 0.45), (motif.dark, 0.06)):
        mask = shape.mask()
        lay(tone, mask, value)
        tone += mask * stone
    tufts = Shape(height, width)
    for _ in range(34):
        gx, gy = float(rng.uniform(0, 1)) * width, height * float(rng.uniform(0.86, 1.0))
        for lean in (-6, -2, 3, 7):
            tufts.line([(gx, gy), (gx + lean, gy - float(rng.uniform(9, 20)))], 1.6)
    lay(tone, tufts.mask(), 0.15)
    return np.clip(tone, 0, 1)


def _edges(tone: Pixels) -> Pixels:
    dx, dy = np.abs(np.diff(tone, axis=1, prepend=tone[:, :1])), np.abs(np.diff(tone, axis=0, prepend=tone[:1]))
    return np.clip((dx + dy) * 2.6 - 0.2, 0, 1)


def _ink(technique: str, tone: Pixels, rng: np.random.Generator) -> Pixels:
    """Return where ink lies (height, width), 0 to 1, for tones cut in a technique."""
    height, width = tone.shape
    wobble = noise(rng, height, width, 70, 2)
    if technique == "lithograph":
        grain = noise(rng, height, width, 3, 2) * 0.3
        return np.clip(np.maximum((0.93 - tone + grain * (0.25 + tone)) * 1.15, _edges(tone) * 0.8), 0, 0.95)
    if technique == "woodcut":
        lines = hatch(height, width, 88, 7.5, wobble * 0.5) * 0.3
        return np.maximum(np.clip((0.56 - tone + lines) * 6 + 0.5, 0, 1), _edges(tone))
    spacing = 4.6 if technique == "engraving" else 4.0
    bend = wobble * (0.25 if technique == "engraving" else 0.6)
    ink = np.zeros_like(tone)
    for angle, limit in ((78, 0.9), (22, 0.62), (-38, 0.36)):
        wave = hatch(height, width, angle, spacing, bend)
        ink = np.maximum(ink, np.clip((wave - 1 + 2.2 * (limit - tone)) * 1.8, 0, 1))
    ink = np.maximum(ink, _edges(tone))
    return np.clip(ink, 0, 1) * (0.9 if technique == "etching" else 1.0)


def draw_print(a: Mapping[str, Value], rng: np.random.Generator, height: int, width: int, state: int = 0) -> Pixels:
    """Print a view; ``state`` 1 is a later state of the plate: reworked shadows, an inscription, a tired impression."""
    sheet_tone = {"white": (0.96, 0.955, 0.935), "beige": (0.88, 0.81, 0.67), "grey": (0.74, 0.76, 0.77)}[
        str(a["paper_colour"])
    ]
    picture = paper(rng, height, width, sheet_tone, 0.6)
    margin = int(min(height, width) * 0.075)
    plate_h, plate_w = height - 2 * margin, width - 2 * margin
    tone = view(a, rng, plate_h, plate_w)
    if state:
        tone = np.clip(tone - 0.1 * np.clip(0.75 - tone, 0, 1) / 0.75, 0, 1)
    ink = _ink(str(a["technique"]), tone, rng)
    if a["format"] == "round":
        x, y, r = plate_w / 2, plate_h / 2, min(plate_h, plate_w) / 2 - 2
        frame = Shape(plate_h, plate_w).ellipse(x, y, r, r).mask()
        ring = Shape(plate_h, plate_w).arc(x, y, r, r, 0, 360, 2.5).mask()
    elif a["format"] == "oval_format":
        frame = Shape(plate_h, plate_w).ellipse(plate_w / 2, plate_h / 2, plate_w / 2 - 2, plate_h / 2 - 2).mask()
        ring = (
            Shape(plate_h, plate_w).arc(plate_w / 2, plate_h / 2, plate_w / 2 - 2, plate_h / 2 - 2, 0, 360, 2.5).mask()
        )
    else:
        frame = Shape(plate_h, plate_w).rectangle(2, 2, plate_w - 2, plate_h - 2).mask()
        ring = (
            Shape(plate_h, plate_w)
            .line([(2, 2), (plate_w - 2, 2), (plate_w - 2, plate_h - 2), (2, plate_h - 2), (2, 2)], 2.5)
            .mask()
        )
    ink = np.maximum(ink * frame, ring)
    full = np.zeros((height, width), np.float32)
    full[margin : height - margin, margin : width - margin] = ink
    if state:
        line = Shape(height, width).line(
            [(width * 0.22, height - margin * 0.5), (width * 0.78, height - margin * 0.5)], 1.2
        )
        full = np.maximum(
            full, line.text(width * 0.5, height - margin * 0.56, "· secundus status ·", margin * 0.36).mask()
        )
    plate = (
        Shape(height, width)
        .rectangle(margin * 0.72, margin * 0.72, width - margin * 0.72, height - margin * 0.72)
        .mask()
    )
    darken(picture, np.clip(soft(plate, 3) * (1 - plate) * 2, 0, 1), 0.22)
    darken(picture, plate, 0.025)
    tint = {"black": (0.1, 0.09, 0.09), "brown": (0.34, 0.19, 0.09)}.get(
        str(a["ink_colour"]), mix(rgb(str(a["ink_colour"])), (0, 0, 0), 0.12)
    )
    full *= 0.9 + 0.1 * noise(rng, height, width, 90, 2)
    paint(picture, full, tint, 0.96 if not state else 0.88)
    return picture
