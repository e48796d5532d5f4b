"""Landscapes: sky by time of day, relief, ground by season, a building, trees."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from heritage_assets.embedded.museum.canvas import (
    Pixels,
    Rgb,
    Shape,
    darken,
    jitter,
    mix,
    noise,
    paint,
    shade,
    soft,
    times,
    vertical,
)
from heritage_assets.embedded.museum.kind import Value
from heritage_assets.embedded.museum.painters.media import finish
from heritage_assets.embedded.museum.painters.scenery import MOTIFS, parts, tree

SKIES: dict[str, tuple[Rgb, Rgb, Rgb]] = {
    "dawn": ((0.52, 0.56, 0.74), (0.93, 0.72, 0.7), (0.99, 0.86, 0.72)),
    "midday": ((0.3, 0.52, 0.8), (0.58, 0.75, 0.9), (0.88, 0.92, 0.92)),
    "sunset": ((0.32, 0.26, 0.42), (0.86, 0.42, 0.24), (0.99, 0.76, 0.34)),
    "moonlight": ((0.07, 0.11, 0.27), (0.16, 0.25, 0.45), (0.38, 0.48, 0.62)),
    "storm": ((0.2, 0.22, 0.27), (0.4, 0.42, 0.45), (0.66, 0.64, 0.56)),
    "mist": ((0.76, 0.78, 0.78), (0.84, 0.85, 0.83), (0.9, 0.9, 0.87)),
}
"""Time -> colours of the zenith, the middle and the horizon."""

LIGHT: dict[str, Rgb] = {
    "dawn": (1.0, 0.88, 0.86),
    "midday": (1.0, 1.0, 0.96),
    "sunset": (1.0, 0.74, 0.52),
    "moonlight": (0.46, 0.54, 0.76),
    "storm": (0.6, 0.62, 0.62),
    "mist": (0.92, 0.93, 0.92),
}
"""Time -> colour of the light on things."""

_GRASS: dict[str, Rgb] = {
    "spring": (0.5, 0.66, 0.28),
    "summer": (0.36, 0.5, 0.2),
    "autumn": (0.62, 0.47, 0.2),
    "winter": (0.9, 0.92, 0.95),
}
_FOLIAGE: dict[str, Rgb] = {
    "spring": (0.46, 0.62, 0.26),
    "summer": (0.17, 0.34, 0.14),
    "autumn": (0.74, 0.36, 0.1),
    "winter": (0.5, 0.5, 0.52),
}


def sky(time: str, height: int, width: int, horizon: float, rng: np.random.Generator) -> Pixels:
    """Return the sky of a time of day over the whole picture; ``horizon`` is its place, 0 (top) to 1."""
    top, middle, low = SKIES[time]
    picture = vertical(height, width, [(0, top), (horizon * 0.6, middle), (horizon, low), (1, low)])
    clouds = np.repeat(
        noise(rng, height, width // 2, min(height, width) / 3, 4), 2, axis=1
    )  # widths are even: clouds lie flat
    amount = {"storm": 0.9, "mist": 0.25, "moonlight": 0.35}.get(time, 0.65)
    cover = np.clip(clouds * 1.6 - 0.15, 0, 1) * np.float32(amount)
    tone = {"storm": (0.14, 0.15, 0.19), "sunset": (0.98, 0.62, 0.4), "moonlight": (0.42, 0.48, 0.6)}.get(
        time, (0.99, 0.97, 0.94)
    )
    paint(picture, cover, tone)
    darken(picture, np.clip(np.roll(cover, -max(4, height // 60), axis=0) - cover, 0, 1), 0.25)
    x, y = width * float(rng.uniform(0.15, 0.85)), height * horizon
    if time in ("sunset", "dawn", "moonlight"):
        cy = y * {"sunset": 0.8, "dawn": 0.72, "moonlight": 0.3}[time]
        radius = height * 0.042
        disc = Shape(height, width).ellipse(x, cy, radius, radius).mask()
        glow_tone = {"sunset": (1.0, 0.8, 0.4), "dawn": (1.0, 0.92, 0.8), "moonlight": (0.8, 0.86, 0.92)}[time]
        paint(picture, np.clip(soft(disc, height * 0.09) * 4, 0, 1), glow_tone, 0.7)
        paint(picture, disc, mix(glow_tone, (1, 1, 1), 0.6))
    return picture


def ridge(rng: np.random.Generator, width: int, cell: float, octaves: int) -> list[float]:
    """Return a skyline: one height for each pixel column, about -1 to 1."""
    return noise(rng, 4, width, cell, octaves)[1].tolist()


def _relief(picture: Pixels, kind: str, time: str, season: str, horizon: float, rng: np.random.Generator) -> None:
    height, width = picture.shape[:2]
    low = SKIES[time][2]
    for layer in range({"mountains": 3, "hills": 2, "plain": 1}[kind]):
        rise = {"mountains": 0.3 - 0.1 * layer, "hills": 0.09 - 0.03 * layer, "plain": 0.015}[kind] * height
        line = ridge(rng, width, width / (5 if kind == "mountains" else 3), 5 if kind == "mountains" else 2)
        base = horizon * height
        shape = Shape(height, width).polygon(
            [(0, base + 4), *((x, base - rise * (0.62 + 0.5 * v)) for x, v in enumerate(line)), (width, base + 4)]
        )
        own = mix((0.3, 0.36, 0.5) if kind == "mountains" else _GRASS[season], LIGHT[time], 0.1)
        own = times(own, LIGHT[time])
        mask = shape.mask()
        paint(picture, mask, mix(own, low, 0.55 - 0.17 * layer))
        if kind == "mountains" and layer < 2:
            caps = np.clip(mask - np.roll(mask, int(rise * (0.25 if season != "winter" else 0.5)), axis=0), 0, 1)
            paint(picture, caps * (noise(rng, height, width, 24) > -0.2), mix((0.97, 0.97, 1), low, 0.25), 0.85)


def _ground(picture: Pixels, a: Mapping[str, Value], horizon: float, rng: np.random.Generator, lit: Rgb) -> None:
    height, width = picture.shape[:2]
    base, season, kind = int(horizon * height), str(a["season"]), str(a["ground"])
    grass: Rgb = times(jitter(_GRASS[season], rng, 0.02), lit)
    depth = height - base
    field = vertical(
        depth,
        width,
        [(0, mix(grass, SKIES[str(a["time"])][2], 0.35)), (0.3, grass), (1, mix(grass, (0.08, 0.1, 0.04), 0.45))],
    )
    texture = noise(rng, depth, width, 34, 4)
    shade(field, 1 + 0.2 * texture)
    picture[base:] = field
    if kind == "lake":
        _water(picture, base + 0.14 * depth, base + 0.72 * depth, base, rng)
    elif kind in ("river", "road"):
        bend, centre = float(rng.uniform(-0.25, 0.25)), float(rng.uniform(0.4, 0.6))
        ts = np.linspace(0, 1, 24)
        middle = (centre + bend * np.sin(ts * 3.2) * ts + (rng.uniform(-0.12, 0.12)) * ts) * width
        half = (0.008 + 0.2 * ts**1.7) * width * (1.0 if kind == "river" else 0.55)
        ys = base + ts * depth
        outline = [*zip(middle - half, ys, strict=True), *zip((middle + half)[::-1], ys[::-1], strict=True)]
        mask = Shape(height, width).polygon(outline).mask()
        if kind == "river":
            mirror = picture[np.clip(2 * base - np.arange(height), 0, base - 1)]
            paint(picture, mask, mirror * np.array([0.78, 0.86, 0.95], np.float32), 0.95)
        else:
            paint(picture, mask, times((0.82, 0.72, 0.54), lit))
            darken(picture, mask * np.clip(noise(rng, height, width, 12), 0, 1), 0.35)
    elif kind == "wheat":
        rows = np.arange(depth, dtype=np.float32)[:, None]
        stalks = np.repeat(noise(rng, max(2, depth // 8), width, 2.5, 1), 8, axis=0)
        stalks = np.pad(stalks, ((0, max(0, depth - stalks.shape[0])), (0, 0)), mode="edge")[:depth]
        mask = np.clip((rows - depth * 0.18) / 6, 0, 1) * np.ones((1, width), np.float32)
        gold = {"winter": (0.8, 0.74, 0.6), "spring": (0.72, 0.72, 0.3)}.get(season, (0.93, 0.74, 0.28))
        wheat = np.asarray(times(gold, lit), np.float32) * (1 + 0.28 * stalks + 0.1 * texture)[..., None]
        paint(picture[base:], mask, wheat)
    else:
        dots = Shape(height, width)
        for _ in range(150):
            y = base + depth * float(rng.uniform(0.25, 1))
            r = 0.6 + 2.4 * (y - base) / depth
            dots.ellipse(float(rng.uniform(0, width)), y, r, r)
        bloom = {
            "spring": (0.95, 0.8, 0.85),
            "summer": (0.86, 0.2, 0.16),
            "autumn": (0.8, 0.5, 0.15),
            "winter": (0.98, 0.98, 1.0),
        }[season]
        paint(picture, dots, times(bloom, lit), 0.9)


def _water(picture: Pixels, top: float, bottom: float, base: int, rng: np.random.Generator) -> None:
    height, width = picture.shape[:2]
    shore = [noise(rng, 4, width, width / 3, 2)[1] for _ in range(2)]
    xs = np.arange(width)
    outline = [*zip(xs, top + shore[0] * 5, strict=True), *zip(xs[::-1], bottom + shore[1][::-1] * 16, strict=True)]
    mask = Shape(height, width).polygon(outline).mask()
    mirror = picture[np.clip(2 * base - np.arange(height), 0, base - 1)].copy()
    ripples = np.repeat(noise(rng, height, max(2, width // 6), 4, 2), 6, axis=1)[:, :width]
    mirror[:, : ripples.shape[1]] *= (0.88 + 0.08 * ripples)[..., None]
    paint(picture, mask, mirror)


def landscape(a: Mapping[str, Value], rng: np.random.Generator, height: int, width: int) -> Pixels:
    """Paint a landscape."""
    time, season = str(a["time"]), str(a["season"])
    horizon = float(rng.uniform(0.5, 0.62))
    lit = LIGHT[time]
    picture = sky(time, height, width, horizon, rng)
    _relief(picture, str(a["relief"]), time, season, horizon, rng)
    base = horizon * height
    x = {"left": 0.24, "right": 0.76, "centre": 0.5}[str(a["side"])] * width + float(rng.normal(0, 0.02)) * width
    motif = parts(height, width)
    MOTIFS[str(a["motif"])](motif, x, base + 0.05 * height, height * float(rng.uniform(0.32, 0.38)), rng)
    stone = times(jitter((0.84, 0.76, 0.63), rng), lit)
    tiles = (0.6, 0.26, 0.18) if season != "winter" else (0.86, 0.88, 0.92)
    roof = times(jitter(tiles, rng, 0.03), lit)
    haze = SKIES[time][2]
    fade = 0.5 if time == "mist" else 0.1
    motif.paint(picture, stone, roof, haze, fade)
    _ground(picture, a, horizon + 0.03, rng, lit)
    motif.paint(picture, stone, roof, haze, fade)
    foliage, trunk = Shape(height, width), Shape(height, width)
    side = {"left": 0.72, "right": 0.26, "centre": float(rng.choice([0.16, 0.84]))}[str(a["side"])]
    count = int(a["trees"])
    spread = min(0.115 * (count - 1), 0.36)
    for k in range(count):
        place = side + (0 if count == 1 else (k / (count - 1) - 0.5) * spread) + float(rng.normal(0, 0.006))
        size = height * float(rng.uniform(0.5, 0.58)) * (1 - 0.03 * count)
        tree(str(a["tree"]), foliage, trunk, place * width, base + height * float(rng.uniform(0.13, 0.17)), size, rng)
    leaf: Rgb = times(jitter(_FOLIAGE[season], rng, 0.03), lit)
    bark = (0.93, 0.92, 0.88) if a["tree"] == "birch" else (0.26, 0.18, 0.12)
    paint(picture, trunk, times(bark, lit))
    mask = foliage.mask()
    crown = mask * (0.86 + 0.14 * np.clip(noise(rng, height, width, 10, 2), -1, 1))
    paint(picture, mask, mix(leaf, (0.02, 0.03, 0.05), 0.45))
    lighter = np.clip(noise(rng, height, width, 16, 3) * 1.5 + 0.35, 0, 1)
    paint(picture, crown * lighter, mix(leaf, lit, 0.14))
    if time == "mist":
        veil = soft(np.clip(noise(rng, height, width, width / 3, 2) + 0.4, 0, 1), 12)
        paint(picture, veil * 0.55, haze)
    return finish(str(a["style"]), picture, rng)
