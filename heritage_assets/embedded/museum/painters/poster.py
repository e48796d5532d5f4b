"""Posters: flat shapes in three colours, a layout behind, a headline below."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from heritage_assets.embedded.museum.canvas import Pixels, Rgb, Shape, fill, mix, noise, paint, rgb, shade
from heritage_assets.embedded.museum.kind import Value
from heritage_assets.embedded.museum.painters.motifs import ALL_MOTIFS
from heritage_assets.embedded.museum.painters.scenery import parts
from heritage_assets.embedded.museum.painters.seascape import vessel

_IVORY: Rgb = (0.96, 0.93, 0.85)
_SCALES = {
    "train": 0.3,
    "ocean_liner": 0.62,
    "bicycle": 0.58,
    "coffee": 0.5,
    "balloon": 0.56,
    "aeroplane": 0.46,
    "cat": 0.58,
    "mountain": 0.42,
    "wine_bottle": 0.52,
    "lighthouse": 0.5,
}


def _layout(picture: Pixels, layout: str, main: Rgb, accent: Rgb, third: Rgb, rng: np.random.Generator) -> None:
    """Paint what lies behind the motif."""
    height, width = picture.shape[:2]
    x, y = width / 2, height * 0.44
    if layout == "rays":
        turn, count = float(rng.uniform(0, 0.3)), int(rng.integers(9, 15))
        shape = Shape(height, width)
        for k in range(count):
            t = 2 * np.pi * k / count + turn
            shape.polygon(
                [
                    (x, y),
                    (x + 2 * height * np.cos(t), y + 2 * height * np.sin(t)),
                    (x + 2 * height * np.cos(t + np.pi / count), y + 2 * height * np.sin(t + np.pi / count)),
                ]
            )
        paint(picture, shape, mix(main, third, 0.55))
    elif layout == "circle":
        paint(picture, Shape(height, width).ellipse(x, y, width * 0.42, width * 0.42), third)
        paint(picture, Shape(height, width).arc(x, y, width * 0.45, width * 0.45, 0, 360, width * 0.012), accent)
    elif layout == "diagonal":
        rise = float(rng.choice([-1, 1])) * height * 0.22
        shape = Shape(height, width).polygon(
            [
                (0, y + rise - height * 0.12),
                (width, y - rise - height * 0.12),
                (width, y - rise + height * 0.14),
                (0, y + rise + height * 0.14),
            ]
        )
        paint(picture, shape, third)
    else:
        pale = mix(main, (1, 1, 1) if sum(main) > 1.1 else (0.95, 0.9, 0.8), 0.2)
        paint(picture, Shape(height, width).rectangle(width * 0.07, height * 0.05, width * 0.93, height * 0.78), pale)


def _foreground(motif_name: str, height: int, width: int, foot: float) -> Shape:
    """Return the land or the waves on which the motif stands."""
    ground = Shape(height, width)
    if motif_name in ("mountain", "train", "bicycle", "lighthouse"):
        ground.polygon(
            [(0, foot), (width * 0.5, foot - height * 0.02), (width, foot), (width, height * 0.8), (0, height * 0.8)]
        )
    if motif_name == "ocean_liner":
        for k in range(3):
            top = foot + height * (0.005 + 0.028 * k)
            ground.polygon(
                [
                    *((t * width, top + height * 0.008 * np.sin(t * 28 + k * 2)) for t in np.linspace(0, 1, 60)),
                    (width, top + height * 0.016),
                    (0, top + height * 0.016),
                ]
            )
    return ground


def _lettering(picture: Pixels, name: str, accent: Rgb) -> None:
    """Write the headline and frame the sheet."""
    height, width = picture.shape[:2]
    x = width / 2
    size = min(height * 0.115, width * 1.42 / len(name))
    lettering = _IVORY if sum(accent) < 2.05 else (0.12, 0.1, 0.12)
    paint(picture, Shape(height, width).text(x, height * 0.872, name, size), lettering)
    paint(
        picture, Shape(height, width).line([(width * 0.12, height * 0.95), (width * 0.88, height * 0.95)], 2), lettering
    )
    frame = (
        Shape(height, width)
        .rectangle(0, 0, width, height)
        .rectangle(width * 0.022, width * 0.022, width - width * 0.022, height - width * 0.022, 0)
    )
    paint(picture, frame, (0.95, 0.92, 0.84))


def poster(a: Mapping[str, Value], rng: np.random.Generator, height: int, width: int) -> Pixels:
    """Print a poster."""
    main, accent, third = (rgb(str(a[key])) for key in ("main", "accent", "third"))
    motif_name, layout = str(a["motif"]), str(a["layout"])
    picture = fill(height, width, main)
    x = width / 2
    _layout(picture, layout, main, accent, third, rng)
    foot = height * 0.72
    s = min(height * _SCALES[motif_name] * 0.85, width * _SCALES[motif_name] * 1.25)
    ground = _foreground(motif_name, height, width, foot)
    motif = parts(height, width)
    if motif_name == "ocean_liner":
        vessel("steamship", motif.dark, motif.roof, motif.light, x, foot, s * 1.05, 0)
        for k in range(9):
            motif.light.ellipse(x + (-0.42 + 0.105 * k) * s, foot - 0.1 * s, 0.02 * s, 0.02 * s)
    else:
        dy = {"balloon": -0.06 * height, "aeroplane": -0.1 * height}.get(motif_name, 0.0)
        ALL_MOTIFS[motif_name](motif, x - (0.35 * s if motif_name == "train" else 0), foot + dy, s, rng)
    paint(picture, ground, mix(accent, (0.05, 0.05, 0.08), 0.25))
    dark = (0.1, 0.09, 0.11) if a["main"] != "black" or layout == "circle" else mix(third, (0.05, 0.05, 0.08), 0.5)
    light = _IVORY if a["main"] not in ("white", "beige") or motif_name in ("coffee",) else mix(accent, _IVORY, 0.35)
    for shape, tone in (
        (motif.shade, mix(accent, (0.1, 0.08, 0.12), 0.35)),
        (motif.light, light if motif_name not in ("balloon", "bicycle") else accent),
        (motif.roof, accent if motif_name not in ("balloon",) else _IVORY),
        (motif.dark, dark),
    ):
        paint(picture, shape, tone)
    paint(picture, Shape(height, width).rectangle(0, height * 0.79, width, height), mix(accent, (0, 0, 0), 0.06))
    _lettering(picture, str(a["place"]).upper(), accent)
    shade(
        picture,
        1 + 0.035 * noise(rng, height, width, 90) + 0.018 * rng.standard_normal((height, width), dtype=np.float32),
    )
    folds = 0.955
    picture[height // 2 - 1 : height // 2 + 1] *= folds
    picture[:, width // 2 - 1 : width // 2 + 1] *= folds
    return picture * np.array([1.0, 0.985, 0.95], np.float32) + 0.012
