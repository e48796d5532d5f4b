"""Photographs: a view in tones, faded and tinted by process, in its mount."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from heritage_assets.embedded.museum.canvas import (
    Pixels,
    Shape,
    darken,
    fill,
    noise,
    paint,
    paper,
    ramp,
    soft,
    vignette,
)
from heritage_assets.embedded.museum.kind import Value
from heritage_assets.embedded.museum.painters.motifs import ALL_MOTIFS, people
from heritage_assets.embedded.museum.painters.print import lay
from heritage_assets.embedded.museum.painters.scenery import parts

_TINTS: dict[str, tuple[tuple[float, float, float], ...]] = {
    "albumen": ((0.15, 0.08, 0.05), (0.58, 0.42, 0.28), (0.95, 0.88, 0.74)),
    "gelatin": ((0.05, 0.05, 0.06), (0.47, 0.47, 0.47), (0.95, 0.95, 0.94)),
    "cyanotype": ((0.03, 0.1, 0.24), (0.2, 0.42, 0.64), (0.9, 0.95, 0.96)),
    "tinted": ((0.11, 0.09, 0.09), (0.52, 0.48, 0.44), (0.96, 0.93, 0.87)),
}
_GROUNDS = {"water": 0.5, "snow": 0.93, "cobbles": 0.5, "grass": 0.36}


def _sky(tone: Pixels, sky: str, rng: np.random.Generator) -> None:
    height, width = tone.shape
    if sky == "clouds":
        tone -= 0.2
        clouds = np.clip(noise(rng, height, width, min(height, width) / 2.6, 4) * 1.5 + 0.1, 0, 1)
        lay(tone, clouds, 0.97, 0.85)
    elif sky == "sun":
        x, y, r = float(rng.uniform(0.15, 0.85)) * width, height * 0.16, min(height, width) * 0.055
        tone -= 0.25
        disc = Shape(height, width).ellipse(x, y, r, r).mask()
        tone += np.clip(soft(disc, r * 2.4) * 3, 0, 1) * 0.35
        lay(tone, disc, 1.0)
    elif sky == "birds":
        shape = Shape(height, width)
        for _ in range(12):
            bx, by, s = (
                float(rng.uniform(0.06, 0.94)) * width,
                float(rng.uniform(0.05, 0.34)) * height,
                float(rng.uniform(7, 13)),
            )
            shape.line([(bx - s, by - s * 0.5), (bx, by), (bx + s, by - s * 0.5)], 2.2)
        lay(tone, shape.mask(), 0.12)


def _ground(tone: Pixels, ground: str, horizon: float, rng: np.random.Generator) -> None:
    """Lay water, cobbles, grass or snow below the horizon."""
    height, width = tone.shape
    base = horizon * height
    rows = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    below = np.clip(rows * height - base, 0, 1) * np.ones((1, width), np.float32)
    if ground == "water":
        cut = int(base + 0.035 * height)
        mirror = tone[np.clip(2 * cut - np.arange(cut, height), 0, height - 1)]
        ripple = np.repeat(noise(rng, height - cut, max(2, width // 8), 3, 2), 8, axis=1)
        ripple = np.pad(ripple, ((0, 0), (0, width - ripple.shape[1])), mode="edge")
        tone[cut:] = mirror * 0.8 + 0.05 + 0.09 * ripple
    elif ground == "cobbles":
        v = np.log1p(np.clip((rows - horizon) / (1 - horizon), 0, 1) * 6) * 13
        columns = (np.arange(width, dtype=np.float32)[None, :] - width / 2) / (
            0.35 + 1.4 * np.clip((rows - horizon) / (1 - horizon), 0, 1)
        )
        joints = np.maximum(np.cos(v * 2 * np.pi), np.cos(columns * 0.3 + np.floor(v) * np.pi))
        tone -= below * np.clip(joints - 0.72, 0, 1) * 0.7
    else:
        blades = noise(rng, height, width, 6 if ground == "grass" else 70, 3)
        tone += below * blades * (0.13 if ground == "grass" else 0.06)


def _tones(a: Mapping[str, Value], rng: np.random.Generator, height: int, width: int) -> tuple[Pixels, Pixels]:
    """Return the tones (height, width) and the mask of the motif's walls."""
    horizon = float(rng.uniform(0.62, 0.7))
    base = horizon * height
    rows = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    tone = np.broadcast_to(0.74 + 0.16 * rows / horizon, (height, width)).astype(np.float32).copy()
    _sky(tone, str(a["sky"]), rng)
    far = noise(rng, 4, width, width / 5, 4)[1]
    lay(
        tone,
        Shape(height, width)
        .polygon(
            [
                (0, base + 3),
                *((x, base - height * 0.06 * (0.6 + v)) for x, v in enumerate(far.tolist())),
                (width, base + 3),
            ]
        )
        .mask(),
        0.6,
    )
    motif = parts(height, width)
    x = {"left": 0.32, "right": 0.68, "centre": 0.5}[str(a["side"])] * width
    s = min(height * 0.5, width * 0.4) * float(rng.uniform(0.95, 1.12))
    name = str(a["motif"])
    s *= {"locomotive": 0.72, "lattice_tower": 0.9, "bridge": 0.85, "iron_bridge": 0.9, "street": 1.1}.get(name, 1.0)
    ALL_MOTIFS[name](motif, x, base + 0.03 * height, s, rng)
    ground = str(a["ground"])
    below = np.clip(rows * height - base, 0, 1) * np.ones((1, width), np.float32)
    lay(tone, below, _GROUNDS[ground])
    masks = [shape.mask() for shape in (motif.shade, motif.light, motif.roof, motif.dark)]
    stone = noise(rng, height, width, 10, 2) * 0.07
    for mask, value in zip(masks, (0.3, 0.72, 0.4 if ground != "snow" else 0.9, 0.1), strict=True):
        lay(tone, mask, value)
        tone += mask * stone
    _ground(tone, ground, horizon, rng)
    crowd = Shape(height, width)
    side = {"left": 0.72, "right": 0.28, "centre": 0.5}[str(a["side"])]
    people(crowd, int(a["figures"]), side * width, height * 0.93, height * 0.21, rng)
    mask = crowd.mask()
    lay(tone, np.clip(np.roll(mask, (3, 4), axis=(0, 1)) - mask, 0, 1), 0.25, 0.5)
    lay(tone, mask, 0.1 if ground != "grass" else 0.06)
    if a["sky"] == "mist":
        lay(
            tone,
            np.clip(1.15 - np.abs(rows - horizon + 0.12) * 3, 0, 1)
            * np.clip(0.8 + noise(rng, height, width, 120), 0, 1),
            0.9,
            0.62,
        )
    return np.clip(tone, 0, 1), np.clip(masks[2] + masks[1] * 0.4, 0, 1)


def photograph(a: Mapping[str, Value], rng: np.random.Generator, height: int, width: int) -> Pixels:
    """Take a photograph."""
    mount, process = str(a["mount"]), str(a["process"])
    inset = 0 if mount == "full_bleed" else int(min(height, width) * (0.07 if mount == "white_mount" else 0.1))
    h, w = height - 2 * inset, width - 2 * inset
    tone, accent = _tones(a, rng, h, w)
    tone = soft(tone, 0.7) + 0.022 * rng.standard_normal((h, w), dtype=np.float32)
    image = ramp(tone, (0.02, 0.5, 0.97), _TINTS[process])
    if process == "tinted":
        rows = np.linspace(0, 1, h, dtype=np.float32)[:, None] * np.ones((1, w), np.float32)
        image *= 1 - np.clip(0.62 - rows, 0, 0.4)[..., None] * np.array([0.75, 0.3, 0.0], np.float32)
        image *= 1 - np.clip(rows - 0.66, 0, 0.3)[..., None] * np.array([0.9, 0.1, 1.3], np.float32) * (
            0.0 if a["ground"] == "snow" else 1.0
        )
        image *= 1 - accent[..., None] * np.array([-0.2, 0.28, 0.36], np.float32)
    vignette(image, 0.42)
    specks = Shape(h, w)
    for _ in range(int(rng.integers(3, 9))):
        px, py = float(rng.uniform(0, w)), float(rng.uniform(0, h))
        specks.line([(px, py), (px + float(rng.normal(0, 14)), py + float(rng.normal(0, 22)))], 0.6)
    paint(image, specks, _TINTS[process][2], 0.45)
    if mount == "full_bleed":
        return image
    if mount == "album_mount":
        picture = paper(rng, height, width, (0.15, 0.135, 0.13), 0.6)
        frame = Shape(h, w).rectangle(0, 0, w, h).mask()
    elif mount == "oval_mount":
        picture = paper(rng, height, width, (0.9, 0.85, 0.75), 0.7)
        frame = soft(Shape(h, w).ellipse(w / 2, h / 2, w / 2 - 4, h / 2 - 4).mask(), 3)
    else:
        picture = fill(height, width, (0.95, 0.94, 0.91))
        frame = Shape(h, w).rectangle(0, 0, w, h).mask()
    window = picture[inset : inset + h, inset : inset + w]
    paint(window, frame, image)
    if mount == "album_mount":
        corners, c = Shape(height, width), min(h, w) * 0.09
        for x, y, sx, sy in (
            (inset, inset, 1, 1),
            (width - inset, inset, -1, 1),
            (inset, height - inset, 1, -1),
            (width - inset, height - inset, -1, -1),
        ):
            corners.polygon([(x - sx * 5, y - sy * 5), (x + sx * c, y - sy * 5), (x - sx * 5, y + sy * c)])
        mask = corners.mask()
        darken(picture, np.roll(mask, 2, axis=0), 0.4)
        paint(picture, mask, (0.26, 0.24, 0.23))
    return picture
