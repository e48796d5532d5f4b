"""What a page looks like without a model: layout, texture of its script, colours, measures.

All of it is computed on one decoded image with a long side of at most :data:`SIDE` pixels; memory about 40 bytes a pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from heritage_assets.curation.pages.colours import colour_vector, to_lab
from heritage_assets.curation.pages.ink_layout import Floats, Mask, layout_vector
from heritage_assets.curation.pages.schemas import MEASURES
from heritage_assets.curation.pages.text_lines import count_columns, ink_extent, line_pitch

if TYPE_CHECKING:
    from PIL.Image import Image

SIDE = 1_024
"""Long side in pixels at which pages are looked at: text lines of a folio are some 12 pixels high."""
VERSION = "2"
"""Raise it when the code here, in :mod:`.ink_layout`, :mod:`.colours`, :mod:`.text_lines` or :mod:`.bad_scans` moves a value: it
is part of ``made_by``."""

_PAPER_NEAR = 22.0
_INK_BELOW = 12.0
"""Lightness (0 to 100) below its surroundings at which a pixel is ink."""


@dataclass(frozen=True)
class Signature:
    """What :func:`signature` found.

    ``layout``: (148,) float32, parts of LAYOUT_PARTS. ``colour``: (36,) float32, roots of the shares of CIE L, a, b in 12 bins
    each, unit length. ``measures``: (17,) float32, see MEASURES. ``box``: the page as (left, top, right, bottom).
    ``lightness``, ``ink``: (height, width); ``lab``: (height, width, 3).
    """

    layout: Floats
    colour: Floats
    measures: Floats
    box: tuple[int, int, int, int]
    lightness: Floats
    lab: Floats
    ink: Mask


def signature(image: Image, width: int, height: int) -> Signature:
    """Describe a page.

    Args:
        image: RGB, long side at most :data:`SIDE`.
        width, height: of the original, upright, in pixels.
    """
    lab = to_lab(np.asarray(image.convert("RGB")))
    lightness = lab[..., 0]
    paper_l = _paper_lightness(lightness)
    box = page_box(lightness, paper_l)
    left, top, right, bottom = box
    ink = find_ink(lightness)
    page_lab, page_ink = lab[top:bottom, left:right], ink[top:bottom, left:right]
    rows, columns = page_ink.mean(axis=1), page_ink.mean(axis=0)
    layout = layout_vector(page_ink, page_lab[..., 0], rows, columns)
    measures = _measures(lab, page_lab, page_ink, rows, columns, box, width, height)
    return Signature(layout, colour_vector(page_lab), measures, box, lightness, lab, ink)


def _paper_lightness(lightness: Floats) -> float:
    """Return the most frequent lightness of the brighter half of the middle of the image."""
    height, width = lightness.shape
    middle = lightness[height // 8 : height - height // 8, width // 8 : width - width // 8]
    bright = middle[middle >= np.median(middle)]
    counts, edges = np.histogram(bright, 50, (0, 100))
    peak = int(np.argmax(counts))
    return float((edges[peak] + edges[peak + 1]) / 2)


def page_box(lightness: Floats, paper_l: float) -> tuple[int, int, int, int]:
    """Return (left, top, right, bottom) of the page inside the scan: sides with little paper are cut, at most 30 % each."""
    near = np.abs(lightness - paper_l) < _PAPER_NEAR
    height, width = lightness.shape
    mid_rows = slice(height // 4, height - height // 4)
    mid_columns = slice(width // 4, width - width // 4)
    left, right = _span(near[mid_rows].mean(axis=0))
    top, bottom = _span(near[:, mid_columns].mean(axis=1))
    return left, top, right, bottom


def _span(paper: npt.NDArray[np.floating]) -> tuple[int, int]:
    size = len(paper)
    most = int(size * 0.3)
    enough = paper >= 0.35
    first = int(np.argmax(enough[: most + 1])) if enough[: most + 1].any() else 0
    tail = enough[::-1][: most + 1]
    last = size - (int(np.argmax(tail)) if tail.any() else 0)
    return first, max(last, first + 1)


def find_ink(lightness: Floats) -> Mask:
    """Return the pixels that are clearly darker than their surroundings (an adaptive threshold on a box mean)."""
    from scipy.ndimage import uniform_filter

    surroundings = uniform_filter(lightness, size=41, mode="nearest")
    return np.asarray(lightness < surroundings - _INK_BELOW, bool)


def _measures(
    lab: Floats,
    page_lab: Floats,
    page_ink: Mask,
    rows: npt.NDArray[np.floating],
    columns: npt.NDArray[np.floating],
    box: tuple[int, int, int, int],
    width: int,
    height: int,
) -> Floats:
    paper = page_lab[~page_ink] if (~page_ink).any() else page_lab.reshape(-1, 3)
    edge = max(2, min(lab.shape[:2]) // 50)
    sides = (lab[:edge], lab[-edge:], lab[:, :edge], lab[:, -edge:])
    border = np.concatenate([side.reshape(-1, 3) for side in sides])
    inked = page_lab[page_ink]
    left, right = ink_extent(columns)
    top, bottom = ink_extent(rows)
    pitch, regular = line_pitch(rows, lab.shape[0])
    values = {
        "log_aspect": np.log(width / height),
        "log_area": np.log(float(width) * height),
        **dict(zip(("paper_l", "paper_a", "paper_b"), np.median(paper[::7], axis=0), strict=True)),
        **dict(zip(("ground_l", "ground_a", "ground_b"), np.median(border, axis=0), strict=True)),
        "ink_l": float(np.median(inked[::3, 0])) if len(inked) else 0.0,
        "ink_share": float(page_ink.mean()),
        "margin_left": left,
        "margin_top": top,
        "margin_right": 1 - right,
        "margin_bottom": 1 - bottom,
        "line_pitch": pitch if regular > 0.1 else 0.0,
        "columns": float(count_columns(columns)),
        "contrast": float(page_lab[..., 0].std()),
    }
    return np.array([values[name] for name in MEASURES], np.float32)
