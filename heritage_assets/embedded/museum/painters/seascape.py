"""Seascapes: sea by wind, vessels, a coast."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from heritage_assets.embedded.museum.canvas import Pixels, Rgb, Shape, darken, mix, noise, paint, rgb, soft, times
from heritage_assets.embedded.museum.kind import Value
from heritage_assets.embedded.museum.painters.landscape import LIGHT, SKIES, sky
from heritage_assets.embedded.museum.painters.media import finish
from heritage_assets.embedded.museum.painters.scenery import MOTIFS, parts

_ROUGH = {"calm_sea": 0.25, "choppy_sea": 0.75, "stormy_sea": 1.4}


def lit(colour: Rgb, time: str) -> Rgb:
    """Return the colour in the light of a time of day."""
    return times(colour, LIGHT[time])


def vessel(kind: str, hull: Shape, sails: Shape, lines: Shape, x: float, y: float, s: float, lean: float) -> None:
    """Draw a vessel of a kind afloat at (x, y), ``s`` pixels high, its masts leaning by ``lean`` pixels."""
    if kind == "rowing_boat":
        s *= 0.8
        hull.polygon(
            [
                (x - 0.5 * s, y - 0.16 * s),
                (x + 0.55 * s, y - 0.2 * s),
                (x + 0.36 * s, y + 0.04 * s),
                (x - 0.36 * s, y + 0.04 * s),
            ]
        )
        lines.line([(x - 0.1 * s, y - 0.2 * s), (x - 0.55 * s, y + 0.1 * s)], 0.03 * s)
        lines.line([(x + 0.1 * s, y - 0.2 * s), (x + 0.62 * s, y + 0.08 * s)], 0.03 * s)
        sails.ellipse(x, y - 0.28 * s, 0.09 * s, 0.13 * s)
        lines.ellipse(x, y - 0.44 * s, 0.055 * s, 0.06 * s)
        return
    if kind == "steamship":
        hull.polygon(
            [
                (x - 0.62 * s, y - 0.2 * s),
                (x + 0.68 * s, y - 0.24 * s),
                (x + 0.56 * s, y + 0.04 * s),
                (x - 0.54 * s, y + 0.04 * s),
            ]
        )
        lines.rectangle(x - 0.34 * s, y - 0.32 * s, x + 0.34 * s, y - 0.2 * s)
        for k in (-0.14, 0.1):
            sails.polygon(
                [
                    (x + k * s, y - 0.31 * s),
                    (x + k * s + 0.02 * s, y - 0.66 * s),
                    (x + (k + 0.11) * s, y - 0.66 * s),
                    (x + (k + 0.1) * s, y - 0.31 * s),
                ]
            )
        for k in (-0.45, 0.45):
            lines.line([(x + k * s, y - 0.2 * s), (x + k * s, y - 0.8 * s)], 0.018 * s)
        return
    if kind == "fishing_boat":
        hull.polygon(
            [
                (x - 0.44 * s, y - 0.15 * s),
                (x + 0.5 * s, y - 0.2 * s),
                (x + 0.32 * s, y + 0.05 * s),
                (x - 0.32 * s, y + 0.05 * s),
            ]
        )
        lines.line([(x, y - 0.1 * s), (x + lean, y - 0.95 * s)], 0.025 * s)
        sails.polygon([(x + lean * 0.9, y - 0.92 * s), (x + 0.48 * s, y - 0.26 * s), (x + 0.04 * s, y - 0.24 * s)])
        sails.polygon([(x + lean * 0.8, y - 0.8 * s), (x - 0.04 * s, y - 0.24 * s), (x - 0.4 * s, y - 0.22 * s)])
        return
    hull.polygon(
        [
            (x - 0.56 * s, y - 0.26 * s),
            (x - 0.36 * s, y - 0.16 * s),
            (x + 0.36 * s, y - 0.16 * s),
            (x + 0.64 * s, y - 0.28 * s),
            (x + 0.44 * s, y + 0.04 * s),
            (x - 0.44 * s, y + 0.04 * s),
        ]
    )
    lines.line([(x + 0.4 * s, y - 0.2 * s), (x + 0.84 * s, y - 0.42 * s)], 0.02 * s)
    for k, tall in ((-0.32, 0.8), (0.0, 1.0), (0.32, 0.84)):
        lines.line([(x + k * s, y - 0.1 * s), (x + k * s + lean, y - tall * s)], 0.022 * s)
        for level in range(3):
            top, wide = y - (tall - 0.06 - 0.25 * level * tall) * s, (0.09 + 0.035 * level) * s
            cx = x + k * s + lean * (1 - 0.3 * level)
            sails.polygon(
                [
                    (cx - wide, top),
                    (cx + wide, top),
                    (cx + wide * 1.25, top + 0.2 * tall * s),
                    (cx - wide * 1.1, top + 0.2 * tall * s),
                ]
            )


def sea(picture: Pixels, horizon: float, water: str, time: str, rng: np.random.Generator) -> None:
    """Paint the sea below the horizon (0 to 1), mirroring the sky; in place."""
    height, width = picture.shape[:2]
    base = int(horizon * height)
    depth = height - base
    rough = _ROUGH[water]
    mirror = picture[np.clip(2 * base - np.arange(base, height), 0, base - 1)]
    deep = lit(
        {"calm_sea": (0.16, 0.42, 0.52), "choppy_sea": (0.1, 0.32, 0.44), "stormy_sea": (0.14, 0.26, 0.28)}[water], time
    )
    rows = np.linspace(0, 1, depth, dtype=np.float32)[:, None]
    body = mirror + (np.asarray(deep, np.float32) - mirror) * (0.35 + 0.45 * rows)[..., None]
    # Waves grow towards the viewer: noise is read along a row number that runs slower near the bottom.
    long_waves = noise(rng, 240, width, 26, 3)
    reading = np.clip((np.log1p(7 * rows[:, 0]) / np.log(8) * 239), 0, 239).astype(np.int32)
    waves = long_waves[reading]
    stretched = np.repeat(noise(rng, depth, width // 8, 3, 2), 8, axis=1)
    pattern = np.pad(stretched, ((0, 0), (0, width - stretched.shape[1])), mode="edge") * 0.5 + waves * 0.8
    body = body * (1 + np.float32(0.16 + 0.12 * rough) * pattern)[..., None]
    crest = np.clip((pattern - (1.0 - 0.42 * rough)) * 3, 0, 1) * (0.25 + 0.75 * rows)
    paint(body, crest.astype(np.float32), lit((0.96, 0.97, 0.95), time), 0.85)
    picture[base:] = body


def _coast(picture: Pixels, kind: str, side: str, horizon: float, time: str, rng: np.random.Generator) -> None:
    height, width = picture.shape[:2]
    base, haze = horizon * height, SKIES[time][2]
    left = side == "left"

    def place(t: float) -> float:
        return t * width if left else (1 - t) * width

    if kind == "open_sea":
        return
    if kind == "island":
        ts = np.linspace(0.1, 0.46, 60)
        hump = np.sin((ts - 0.1) / 0.36 * np.pi) ** 0.7 * (1 + 0.25 * noise(rng, 4, 60, 14, 3)[1])
        mask = (
            Shape(height, width)
            .polygon(
                [
                    *((place(t), base - 0.2 * height * h) for t, h in zip(ts, hump, strict=True)),
                    (place(0.46), base + 3),
                    (place(0.1), base + 3),
                ]
            )
            .mask()
        )
        paint(picture, mask, mix(lit((0.3, 0.4, 0.24), time), haze, 0.3))
        darken(picture, mask * np.clip(noise(rng, height, width, 20), 0, 1), 0.35)
        return
    tall = {"cliffs": 0.34, "lighthouse": 0.1, "harbour": 0.1}[kind] * height
    ts = np.linspace(-0.02, 0.46, 40)
    profile = np.clip((0.46 - ts) * 7, 0, 1) * (1 + 0.16 * noise(rng, 4, 40, 6, 3)[1])
    outline = [
        *((place(t), base + 0.035 * height - tall * h) for t, h in zip(ts, profile, strict=True)),
        (place(0.5), base + 0.03 * height),
        (place(-0.02), base + 0.05 * height),
    ]
    mask = Shape(height, width).polygon(outline).mask()
    rock = lit((0.9, 0.87, 0.78) if kind == "cliffs" else (0.42, 0.36, 0.3), time)
    paint(picture, mask, mix(rock, haze, 0.12))
    strata = noise(rng, height, width, 14, 4)
    darken(picture, mask * np.clip(strata, 0, 1), 0.4)
    grass = np.clip(mask - np.roll(mask, max(3, int(0.025 * height)), axis=0), 0, 1)
    paint(picture, grass, lit((0.36, 0.48, 0.22), time), 0.85)
    if kind == "lighthouse":
        tower = parts(height, width)
        MOTIFS["lighthouse"](tower, place(0.24), base - 0.06 * height, 0.46 * height, rng)
        tower.paint(picture, lit((0.95, 0.93, 0.88), time), lit((0.78, 0.16, 0.12), time), haze, 0.05)
    if kind == "harbour":
        for row, tone in enumerate(((0.95, 0.9, 0.8), (0.92, 0.72, 0.52))):
            houses = parts(height, width)
            for k in range(row, 9, 2):
                big = k == 4
                y = base - float(rng.uniform(0, 0.06)) * height
                MOTIFS["church" if big else "cottage"](
                    houses, place(0.03 + 0.046 * k), y, (0.2 if big else 0.1) * height, rng
                )
            houses.paint(picture, lit(tone, time), lit((0.72, 0.3, 0.2), time), haze, 0.1)


def seascape(a: Mapping[str, Value], rng: np.random.Generator, height: int, width: int) -> Pixels:
    """Paint a seascape."""
    time, water, kind = str(a["time"]), str(a["water"]), str(a["vessel"])
    horizon = float(rng.uniform(0.5, 0.6))
    picture = sky(time, height, width, horizon, rng)
    sea(picture, horizon, water, time, rng)
    _coast(picture, str(a["coast"]), str(a["side"]), horizon, time, rng)
    count = int(a["vessels"])
    free = (0.52, 0.92) if a["coast"] != "open_sea" else (0.14, 0.86)
    tone = lit(rgb(str(a["colour"])), time)
    order = np.linspace(0, 1, count) if count > 1 else np.array([0.5])
    sizes = np.sort(rng.uniform(0.3, 0.42, count)) if count > 1 else np.array([0.5])
    for k, (t, size) in enumerate(zip(rng.permutation(order), sizes, strict=True)):
        x = free[0] + (free[1] - free[0]) * (float(t) if count > 1 else 0.5)
        x = x if a["side"] == "left" else 1 - x
        s = height * float(size) * (1.15 - 0.07 * count)
        y = (horizon + 0.1 + 0.2 * k / max(count, 1) + 0.02 * float(rng.normal())) * height
        hull, sails, lines = (Shape(height, width) for _ in range(3))
        lean = s * _ROUGH[water] * 0.1 * float(rng.choice([-1, 1]))
        vessel(kind, hull, sails, lines, x * width, y, s, lean)
        hull_mask, sail_mask = hull.mask(), sails.mask()
        box = np.clip(np.roll(hull_mask + sail_mask, int(s * 0.3), axis=0), 0, 1)
        box[: int(y)] = 0
        darken(picture, soft(box, 5), 0.45)
        hull_tone = tone if kind == "rowing_boat" else lit((0.22, 0.14, 0.1), time)
        sail_tone = lit((0.9, 0.85, 0.75), time) if kind == "rowing_boat" else tone
        paint(picture, lines, lit((0.2, 0.14, 0.1) if kind != "steamship" else (0.92, 0.9, 0.85), time))
        paint(picture, sail_mask, sail_tone)
        darken(picture, np.clip(np.roll(sail_mask, -int(0.05 * s), axis=1) * sail_mask, 0, 1), -0.12)
        paint(picture, hull_mask, hull_tone)
        if kind == "steamship":
            drift = Shape(height, width)
            for puff in range(10):
                r = s * (0.05 + 0.022 * puff)
                drift.ellipse(
                    x * width + s * (0.02 - 0.13 * puff), y - s * (0.72 + 0.04 * puff), r, r * 0.7, 200 - 14 * puff
                )
            paint(picture, soft(drift.mask(), 4), (0.24, 0.23, 0.24), 0.7)
    return finish(str(a["style"]), picture, rng)
