"""What a page looks like without a model: layout, texture of its script, colours, measures.

All of it is computed on one decoded image with a long side of at most :data:`SIDE` pixels; memory about 40 bytes a pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from heritage_assets.curation.pages.schemas import MEASURES

if TYPE_CHECKING:
    from PIL.Image import Image

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

SIDE = 1_024
"""Long side in pixels at which pages are looked at: text lines of a folio are some 12 pixels high."""
VERSION = "2"
"""Raise it when the code here or in :mod:`.bad_scans` moves a value: it is part of ``made_by``."""

PROFILE_BINS = 24
RUN_EDGES = (1, 2, 3, 4, 6, 9, 14, 22, 36, 64, 2_048)
ORIENTATIONS = 12
GRID = (8, 6)
LAYOUT_PARTS: dict[str, slice] = {}
"""Parts of the ``layout`` vector, each of unit length: profiles of ink by row and by column, lengths of runs of ink and of paper
along rows and columns, directions of edges, and ink in a coarse grid."""
_at = 0
for _name, _size in (
    ("rows", PROFILE_BINS),
    ("columns", PROFILE_BINS),
    ("runs", 4 * (len(RUN_EDGES) - 1)),
    ("directions", ORIENTATIONS),
    ("grid", GRID[0] * GRID[1]),
):
    LAYOUT_PARTS[_name] = slice(_at, _at + _size)
    _at += _size
LAYOUT_SIZE = _at
COLOUR_BINS = 12
COLOUR_SIZE = 3 * COLOUR_BINS

_PAPER_NEAR = 22.0
_INK_BELOW = 12.0
"""Lightness (0 to 100) below its surroundings at which a pixel is ink."""


@dataclass(frozen=True)
class Signature:
    """What :func:`signature` found.

    ``layout``: (148,) float32, parts of :data:`LAYOUT_PARTS`. ``colour``: (36,) float32, roots of the shares of CIE L, a, b
    in 12 bins each, unit length. ``measures``: (17,) float32, see MEASURES. ``box``: the page as (left, top, right, bottom).
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
    layout = np.concatenate(
        [
            _unit(_binned(rows, PROFILE_BINS)),
            _unit(_binned(columns, PROFILE_BINS)),
            _unit(np.sqrt(run_lengths(page_ink))),
            _unit(edge_directions(page_lab[..., 0])),
            _unit(_grid(page_ink)),
        ]
    ).astype(np.float32)
    measures = _measures(lab, page_lab, page_ink, rows, columns, box, width, height)
    return Signature(layout, _colour(page_lab), measures, box, lightness, lab, ink)


def to_lab(rgb: npt.NDArray[np.uint8]) -> Floats:
    """Return CIE L (0 to 100), a, b (D65) of sRGB pixels, (height, width, 3)."""
    linear = _LINEAR[rgb]
    xyz = linear @ _TO_XYZ
    cube = np.cbrt(np.maximum(xyz, 0.008856))
    f = np.where(xyz > 0.008856, cube, 7.787 * xyz + 16 / 116).astype(np.float32)
    lab: npt.NDArray[np.float32] = np.empty_like(f)
    lab[..., 0] = 116 * f[..., 1] - 16
    lab[..., 1] = 500 * (f[..., 0] - f[..., 1])
    lab[..., 2] = 200 * (f[..., 1] - f[..., 2])
    return lab


_GREY = np.arange(256) / 255
_LINEAR = np.where(_GREY <= 0.04045, _GREY / 12.92, ((_GREY + 0.055) / 1.055) ** 2.4).astype(np.float32)
_TO_XYZ = (
    np.array(
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
    ).T
    / np.array([0.95047, 1.0, 1.08883])
).astype(np.float32)


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


def run_lengths(ink: Mask) -> Floats:
    """Return shares of lengths of runs: of ink and of paper, along rows and along columns, 10 bins each, (40,) float32.

    After Gordo, Perronnin, Valveny, "Large-scale document image retrieval and classification with runlength histograms and
    binary embeddings" (Pattern Recognition, 2013), on the whole page.
    """
    parts = []
    for picture in (ink, ink.T):
        ruled = np.zeros((picture.shape[0], picture.shape[1] + 1), np.int8)
        ruled[:, :-1] = np.where(picture, 1, -1)  # the last column, 0, ends the run of every row
        flat = ruled.ravel()
        starts = np.concatenate([[0], np.flatnonzero(flat[1:] != flat[:-1]) + 1])
        lengths = np.diff(np.append(starts, len(flat)))
        kinds = flat[starts]
        for kind in (1, -1):
            counts, _ = np.histogram(lengths[kinds == kind], RUN_EDGES)
            parts.append(counts / max(counts.sum(), 1))
    return np.concatenate(parts).astype(np.float32)


def edge_directions(lightness: Floats) -> Floats:
    """Return how the strength of edges spreads over 12 directions of 15°, (12,) float32, sum 1 (0 without edges)."""
    if min(lightness.shape) < 3:
        return np.zeros(ORIENTATIONS, np.float32)
    down, across = (np.asarray(slope) for slope in np.gradient(lightness))
    strength = np.asarray(np.hypot(down, across))
    strong: Mask = np.asarray(strength) > 4.0
    angle = np.mod(np.arctan2(down[strong], across[strong]), np.pi)
    bins = np.minimum((angle / np.pi * ORIENTATIONS).astype(np.int64), ORIENTATIONS - 1)
    weights = np.bincount(bins, strength[strong], ORIENTATIONS)
    shares: npt.NDArray[np.float32] = (weights / max(float(weights.sum()), 1e-9)).astype(np.float32)
    return shares


def line_pitch(rows: npt.NDArray[np.floating], height: int) -> tuple[float, float]:
    """Return the distance of text lines as a share of ``height``, and how regular they are (0 to 1), by autocorrelation."""
    if len(rows) < 64:
        return 0.0, 0.0
    trend = np.convolve(rows, np.ones(61) / 61, mode="same")
    wave = rows - trend
    power = np.abs(np.fft.rfft(wave, 2 * len(wave))) ** 2
    correlation = np.fft.irfft(power)[: len(wave) // 4]
    if correlation[0] <= 1e-9:
        return 0.0, 0.0
    correlation = correlation / correlation[0]
    inside = correlation[6:120]
    peaks = np.flatnonzero((inside[1:-1] > inside[:-2]) & (inside[1:-1] >= inside[2:])) + 1
    if not len(peaks):
        return 0.0, 0.0
    best = float(inside[peaks].max())
    if best <= 0:
        return 0.0, 0.0
    first = int(peaks[inside[peaks] >= 0.8 * best][0]) + 6  # the first of equal peaks: not two lines for one
    return first / height, best


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
    left, right = _extent(columns)
    top, bottom = _extent(rows)
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


def _extent(profile: npt.NDArray[np.floating]) -> tuple[float, float]:
    """Return where the ink begins and ends, as shares of the side; (0.5, 0.5) where there is none."""
    size = len(profile)
    smooth = np.convolve(profile, np.ones(9) / 9, mode="same")
    inner = smooth.copy()
    rim = max(1, size // 60)
    inner[:rim] = 0
    inner[-rim:] = 0
    inked = np.flatnonzero(inner > max(0.3 * float(np.quantile(inner, 0.7)), 0.004))
    if not len(inked):
        return 0.5, 0.5
    return inked[0] / size, (inked[-1] + 1) / size


def count_columns(columns: npt.NDArray[np.floating]) -> int:
    """Return the number of text columns (0 to 6): stretches of ink at least 8 % of the page wide."""
    size = len(columns)
    if size < 40:
        return 0
    width = max(3, size // 60)
    smooth = np.convolve(columns, np.ones(width) / width, mode="same")
    level = float(np.quantile(smooth, 0.75))
    if level < 0.004:
        return 0
    inked = np.concatenate([[False], smooth > 0.4 * level, [False]])
    steps = np.flatnonzero(np.diff(inked.astype(np.int8)))
    widths = steps[1::2] - steps[::2]
    return min(int(np.count_nonzero(widths >= 0.08 * size)), 6)


def _binned(values: npt.NDArray[np.floating], bins: int) -> npt.NDArray[np.floating]:
    edges = np.linspace(0, len(values), bins + 1)
    sums = np.concatenate([[0.0], np.cumsum(values)])
    at = np.interp(edges, np.arange(len(sums)), sums)
    return np.asarray(np.diff(at) / max(len(values) / bins, 1e-9))


def _grid(ink: Mask) -> npt.NDArray[np.floating]:
    rows = np.stack(
        [_binned(row, GRID[1]) for row in np.stack([_binned(column, GRID[0]) for column in ink.T[::2]], axis=1)]
    )
    return rows.ravel()


def _unit(values: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    norm = float(np.linalg.norm(values))
    return values / norm if norm > 1e-9 else np.zeros_like(values)


def _colour(lab: Floats) -> Floats:
    sampled = lab[::3, ::3].reshape(-1, 3)
    ranges = ((0, 100), (-30, 45), (-30, 60))
    parts = [
        np.histogram(np.clip(sampled[:, k], *ranges[k]), COLOUR_BINS, ranges[k])[0] / max(len(sampled), 1)
        for k in range(3)
    ]
    return _unit(np.sqrt(np.concatenate(parts))).astype(np.float32)


def skew(ink: Mask) -> float:
    """Return the angle of the text lines in degrees (-3 to 3, counter-clockwise): the shear that sharpens the row profile most.

    After Postl, "Detection of linear oblique structures and skew scan in digitized documents" (ICPR 1986), on a quarter of the
    resolution. 0 where no angle is clearly better.
    """
    small = ink[: ink.shape[0] // 4 * 4, : ink.shape[1] // 4 * 4].reshape(ink.shape[0] // 4, 4, -1, 4).mean(axis=(1, 3))
    if min(small.shape) < 24:
        return 0.0
    height, width = small.shape
    across = np.arange(width) - width / 2
    rows = np.arange(height)
    angles = np.arange(-3.0, 3.01, 0.5)
    sharpness = []
    for angle in angles:
        shift = np.round(across * np.tan(np.radians(angle))).astype(np.int64)
        sheared = small[np.mod(rows[:, None] - shift[None, :], height), np.arange(width)[None, :]]
        sharpness.append(float(np.square(np.diff(sheared.mean(axis=1))).sum()))
    best = int(np.argmax(sharpness))
    level = sharpness[len(angles) // 2]
    return float(-angles[best]) if sharpness[best] > 1.15 * max(level, 1e-12) else 0.0
