"""Textiles: a pattern counted in stitches, woven or stitched by technique, with border and fringe."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from heritage_assets.embedded.museum.canvas import (
    Pixels,
    Shape,
    darken,
    fill,
    jitter,
    mix,
    noise,
    paint,
    rgb,
    shade,
    soft,
)
from heritage_assets.embedded.museum.kind import Value


def _fold(values: Pixels, period: float) -> Pixels:
    """Return the distance to the nearest multiple of ``period``, 0 to 1."""
    return np.abs((values / period + 0.5) % 1 - 0.5) * 2


def _pattern(name: str, u: Pixels, v: Pixels, n: int) -> np.ndarray:
    """Return the colour index (0 main, 1 accent, 2 third) for cloth coordinates u and v, the width being 1."""
    p = 1.0 / n
    if name == "diamonds":
        d = _fold(u, p) + _fold(v, p)
        return np.select([d < 0.4, d < 0.62, d > 1.68], [2, 1, 2], 0)
    if name == "zigzag":
        t = (v + _fold(u, p) * p * 0.7) / (p * 0.8)
        k = np.floor(t * 3).astype(np.int32) % 6
        return np.select([k < 2, k == 3], [1, 2], 0)
    if name == "stripes":
        k = np.floor(u / p * 8).astype(np.int32) % 8
        return np.select([(k == 0) | (k == 1), k == 4], [1, 2], 0)
    if name == "checks":
        a, b = (np.floor(u / p * 2).astype(np.int32) % 2), (np.floor(v / p * 2).astype(np.int32) % 2)
        thin = (_fold(u + p / 4, p / 2) > 0.92) | (_fold(v + p / 4, p / 2) > 0.92)
        return (
            np.select([thin, a + b == 2, a + b == 1], [2, 1, 0], 0)
            if n % 2
            else np.select([thin, (a + b) % 2 == 1], [2, 1], 0)
        )
    return _medallion(u, v) if name == "medallion" else _repeated(name, u, v, p)


def _medallion(u: Pixels, v: Pixels) -> np.ndarray:
    """Return the colour index of one medallion with quarters of another in the corners."""
    du, dv = np.abs(u - 0.5), np.abs(v - float(v.max()) / 2)
    r = np.hypot(du, dv * 0.8) + 0.02 * np.cos(8 * np.arctan2(dv, du))
    ring = np.select([r < 0.07, r < 0.13, r < 0.2, r < 0.24, r < 0.3, r < 0.325], [2, 1, 0, 2, 1, 2], 0)
    corner = np.hypot(0.5 - du, float(v.max()) / 2 - dv)
    return np.where(corner < 0.22, np.where(corner < 0.18, 1, 2), ring)


def _repeated(name: str, u: Pixels, v: Pixels, p: float) -> np.ndarray:
    """Return the colour index of stars or rosettes in a square grid of side ``p``."""
    cu, cv = (u / p + 0.5) % 1 - 0.5, (v / p + 0.5) % 1 - 0.5
    r, a = np.hypot(cu, cv), np.arctan2(cv, cu)
    if name == "stars":
        edge = 0.4 * (0.62 + 0.38 * np.abs(((a / (np.pi / 4) + 0.5) % 1) - 0.5) * 2)
        return np.select([r < 0.12, r < edge, r > 0.63], [2, 1, 2], 0)
    petals = 0.26 + 0.13 * np.cos(6 * a)
    return np.select([r < 0.11, r < petals, (r > 0.42) & (r < 0.47)], [2, 1, 2], 0)


def _border(name: str, t: Pixels, along: Pixels) -> np.ndarray:
    """Return the colour index in the border; ``t`` runs from 0 at the outer edge to 1, ``along`` in border widths."""
    if name == "striped_border":
        return np.select([t < 0.2, t < 0.4, t < 0.6, t < 0.8], [1, 2, 1, 0], 2)
    if name == "toothed_border":
        return np.select([t < 0.15, t > 0.88, t < 0.18 + 0.7 * _fold(along, 0.9)], [2, 2, 1], 0)
    dot = np.hypot((along + 0.5) % 1 - 0.5, t - 0.5)
    return np.select([t < 0.12, t > 0.88, dot < 0.26], [2, 2, 2], 1)


def textile(a: Mapping[str, Value], rng: np.random.Generator, height: int, width: int) -> Pixels:
    """Photograph a textile, laid flat."""
    technique = str(a["technique"])
    fringed = a["fringe_form"] == "fringe"
    margin = int(min(height, width) * 0.045)
    ends = int(height * 0.07) if fringed else margin
    rows, columns = height - 2 * ends, width - 2 * margin
    stitch = {"kilim": 5, "carpet": 3, "ikat": 1, "embroidery": 3, "tapestry": 2}[technique]
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    warp_v, warp_u = (noise(rng, rows, columns, 90, 2) * 2.5 for _ in range(2))
    y, x = y + warp_v, x + warp_u
    if technique == "ikat":
        y = y + np.broadcast_to(np.repeat(rng.normal(0, 5, columns // 2 + 1), 2)[:columns], (rows, columns)).astype(
            np.float32
        )
    qx, qy = np.floor(x / stitch) * stitch, np.floor(y / stitch) * stitch
    n = int(rng.integers(3, 6))
    band = 0.16 * min(rows, columns)
    u, v = qx / columns, qy / columns
    index = _pattern(str(a["pattern"]), u, v, n)
    to_edge = np.minimum(np.minimum(qx, columns - qx), np.minimum(qy, rows - qy))
    sideways = np.minimum(qx, columns - qx) < np.minimum(qy, rows - qy)
    index = np.where(to_edge < band, _border(str(a["edge"]), to_edge / band, np.where(sideways, qy, qx) / band), index)
    tones = [rgb(str(a[key])) for key in ("main", "accent", "third")]
    if technique == "tapestry":
        tones = [mix(tone, (0.55, 0.5, 0.4), 0.22) for tone in tones]
    palette = np.array([jitter(tone, rng, 0.02) for tone in tones], np.float32)
    cloth = palette[index]
    abrash = np.broadcast_to(noise(rng, max(4, rows), 4, rows / 7, 3)[:rows, :1], (rows, columns))
    shade(cloth, 1 + 0.05 * abrash + 0.04 * noise(rng, rows, columns, 60))
    if technique == "carpet":
        shade(cloth, 1 + 0.12 * rng.standard_normal((rows, columns), dtype=np.float32))
    elif technique == "embroidery":
        slant = np.sin((x + y) * np.float32(2.1))
        ground = index == 0
        cloth *= np.where(ground, 1 + 0.06 * np.sin(x * 2.6) * np.sin(y * 2.6), 1.04 + 0.17 * slant).astype(np.float32)[
            ..., None
        ]
    else:
        rib = {"kilim": 1.5, "ikat": 2.2, "tapestry": 1.1}[technique]
        shade(cloth, 1 + 0.1 * np.sin(y * np.float32(rib)) * (0.7 + 0.3 * np.sin(x * np.float32(0.9))))
    ground_tone = (0.93, 0.925, 0.91)
    picture = fill(height, width, ground_tone)
    shade(picture, 1 + 0.01 * rng.standard_normal((height, width), dtype=np.float32))
    box = Shape(height, width).rectangle(margin, ends, margin + columns, ends + rows).mask()
    darken(picture, np.roll(soft(box, 7), (4, 4), axis=(0, 1)), 0.45)
    if fringed:
        threads = Shape(height, width)
        for top, sign in ((ends, -1), (ends + rows, 1)):
            for k in range(columns // 5):
                x0 = margin + k * 5 + 2
                threads.line(
                    [(x0, top), (x0 + float(rng.normal(0, 2.5)), top + sign * float(rng.uniform(0.6, 0.85)) * ends)],
                    1.6,
                )
        paint(picture, threads, mix(tones[0], (0.93, 0.88, 0.76), 0.75))
    picture[ends : ends + rows, margin : margin + columns] = cloth
    return picture
