"""Drawers of butterflies: pinned in rows, wings by form, marking and colours."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from heritage_assets.embedded.museum.canvas import Pixels, Shape, darken, mix, noise, paint, paper, rgb, soft
from heritage_assets.embedded.museum.kind import Value

_FORE: dict[str, tuple[tuple[float, float], ...]] = {
    "swallowtail": ((0.03, -0.05), (0.35, -0.62), (0.92, -0.8), (0.98, -0.6), (0.78, -0.16), (0.5, 0.06), (0.05, 0.12)),
    "rounded_wings": (
        (0.03, -0.05),
        (0.3, -0.62),
        (0.62, -0.8),
        (0.92, -0.68),
        (0.98, -0.36),
        (0.8, -0.02),
        (0.4, 0.1),
        (0.05, 0.1),
    ),
    "pointed_wings": ((0.03, -0.05), (0.42, -0.5), (1.06, -0.92), (0.9, -0.5), (0.86, -0.2), (0.6, 0.0), (0.05, 0.1)),
}
_HIND: dict[str, tuple[tuple[float, float], ...]] = {
    "swallowtail": (
        (0.04, 0.06),
        (0.55, 0.04),
        (0.78, 0.26),
        (0.68, 0.52),
        (0.6, 0.6),
        (0.6, 0.98),
        (0.5, 1.0),
        (0.46, 0.68),
        (0.22, 0.66),
        (0.05, 0.42),
    ),
    "rounded_wings": ((0.04, 0.06), (0.55, 0.04), (0.84, 0.2), (0.86, 0.5), (0.62, 0.74), (0.3, 0.72), (0.06, 0.44)),
    "pointed_wings": ((0.04, 0.06), (0.55, 0.04), (0.8, 0.24), (0.56, 0.56), (0.3, 0.86), (0.14, 0.62), (0.06, 0.4)),
}


def _one(
    form: str,
    marking: str,
    size: int,
    wing: tuple[float, float, float],
    mark: tuple[float, float, float],
    rng: np.random.Generator,
) -> tuple[Pixels, Pixels]:
    """Return the picture (size, size, 3) and the mask of one pinned butterfly."""
    shape, marks, rim, body = (Shape(size, size) for _ in range(4))
    c, s = size / 2, size * 0.45
    for side in (-1, 1):
        for outline in (_FORE[form], _HIND[form]):
            shape.polygon([(c + side * px * s, c + py * s) for px, py in outline])
        fore = [(c + side * px * s, c + py * s) for px, py in _FORE[form]]
        hind = [(c + side * px * s, c + py * s) for px, py in _HIND[form]]
        if marking == "eyespots":
            for ex, ey, r in ((0.62, -0.42, 0.15), (0.5, 0.36, 0.15)):
                marks.ellipse(c + side * ex * s, c + ey * s, r * s, r * s)
                rim.ellipse(c + side * ex * s, c + ey * s, r * 0.5 * s, r * 0.5 * s)
        elif marking == "bands":
            for t in (0.45, 0.78):
                marks.line(
                    [
                        (c + side * s * (0.1 + 0.75 * t), c - s * 0.95 * t * 0.9),
                        (c + side * s * 0.82 * t, c + 0.1 * s),
                        (c + side * s * 0.42 * t, c + s * 0.75 * t),
                    ],
                    0.12 * s,
                )
        elif marking == "spots":
            for k in range(9):
                px, py = 0.24 + 0.2 * (k % 4), -0.56 + 0.22 * (k // 3) + 0.1 * (k % 2) + (0.3 if k > 5 else 0)
                marks.ellipse(c + side * px * s, c + py * s, 0.07 * s, 0.07 * s)
        else:
            for k in range(1, len(fore)):
                marks.line([(c + side * 0.04 * s, c), fore[k]], 0.035 * s)
            for k in range(1, len(hind)):
                marks.line([(c + side * 0.04 * s, c + 0.06 * s), hind[k]], 0.035 * s)
        body.line([(c, c - 0.26 * s), (c + side * 0.14 * s, c - 0.55 * s), (c + side * 0.24 * s, c - 0.7 * s)], 1.4)
        body.ellipse(c + side * 0.25 * s, c - 0.71 * s, 0.022 * s, 0.022 * s)
    body.ellipse(c, c + 0.12 * s, 0.055 * s, 0.4 * s).ellipse(c, c - 0.28 * s, 0.06 * s, 0.07 * s)
    mask, body_mask = shape.mask(), body.mask()
    gy, gx = np.mgrid[0:size, 0:size].astype(np.float32)
    radial = np.hypot(gx - c, gy - c) / s
    picture = np.asarray(wing, np.float32) * (1.12 - 0.28 * radial + 0.08 * noise(rng, size, size, size / 6))[..., None]
    paint(picture, marks, mark)
    if marking == "eyespots":
        paint(picture, rim, (0.07, 0.06, 0.08) if sum(mark) > 0.6 else (0.95, 0.9, 0.8))
    edge = np.clip(mask - soft(mask, size * 0.022) * 1.02, 0, 1)
    paint(picture, np.clip(edge * 3, 0, 1), (0.1, 0.08, 0.08), 0.85)
    paint(picture, body_mask, (0.17, 0.13, 0.11))
    return picture, np.maximum(mask, body_mask)


def specimen(a: Mapping[str, Value], rng: np.random.Generator, height: int, width: int) -> Pixels:
    """Photograph a drawer of butterflies."""
    ground = mix(rgb(str(a["backdrop_colour"])), (0.5, 0.5, 0.48), 0.12)
    picture = paper(rng, height, width, ground, 0.35)
    frame = Shape(height, width).rectangle(0, 0, width, height)
    b = min(height, width) * 0.045
    frame.rectangle(b, b, width - b, height - b, 0)
    frame_mask = frame.mask()
    darken(picture, np.clip(soft(frame_mask, 9) - frame_mask, 0, 1), 0.55)
    paint(
        picture,
        frame_mask,
        np.asarray((0.36, 0.22, 0.13), np.float32) * (1 + 0.2 * noise(rng, height, width, 30, 3))[..., None],
    )
    count = int(a["butterflies"])
    labelled = a["label_form"] == "label_below"
    columns, rows = {1: (1, 1), 2: (2, 1), 4: (2, 2), 6: (3, 2), 9: (3, 3)}[count]
    if height > width:
        columns, rows = rows, columns
    cell_w, cell_h = (width - 3 * b) / columns, (height - 3 * b) / rows
    size = int(min(cell_w * 0.96, cell_h * (0.8 if labelled else 0.96)))
    wing, mark = rgb(str(a["wing_colour"])), rgb(str(a["mark_colour"]))
    one, mask = _one(str(a["wing_form"]), str(a["marking"]), size, wing, mark, rng)
    labels, lines = Shape(height, width), Shape(height, width)
    for k in range(count):
        cx = 1.5 * b + (k % columns + 0.5) * cell_w
        cy = 1.5 * b + (k // columns + 0.5) * cell_h - (0.09 * cell_h if labelled else 0)
        top, left = int(cy - size / 2), int(cx - size / 2)
        top, left = max(0, top), max(0, left)
        window = picture[top : top + size, left : left + size]
        part = mask[: window.shape[0], : window.shape[1]]
        darken(window, np.roll(soft(part, size * 0.02), (size // 45 + 2, size // 45 + 2), axis=(0, 1)), 0.42)
        paint(window, part, np.clip(one[: window.shape[0], : window.shape[1]] * float(rng.normal(1, 0.03)), 0, 1))
        if labelled:
            ly, lw, lh = cy + size * 0.5 + cell_h * 0.03, cell_w * 0.26, cell_h * 0.045
            labels.rectangle(cx - lw, ly - lh, cx + lw, ly + lh)
            for row in (-0.35, 0.3):
                lines.line(
                    [(cx - lw * 0.8, ly + row * lh), (cx + lw * float(rng.uniform(0.3, 0.8)), ly + row * lh)], 1.2
                )
    paint(picture, labels, (0.95, 0.92, 0.84))
    paint(picture, lines, (0.25, 0.2, 0.16), 0.8)
    return picture
