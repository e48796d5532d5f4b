"""Scans that say little or mislead: blank, black, turned, cut short, or with a colour card or a ruler in the picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from heritage_assets.curation.pages.ink_layout import Floats, Mask
from heritage_assets.curation.pages.signatures import Signature

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels."""
Index = npt.NDArray[np.int64]

BLANK, BLACK, ROTATED, TRUNCATED, COLOUR_CARD, RULER = (
    "blank",
    "black",
    "rotated",
    "truncated",
    "colour_card",
    "ruler",
)
AIDS = frozenset({COLOUR_CARD, RULER})
"""What lies beside the page and is left out of its features."""
SILENT = frozenset({BLANK, BLACK, TRUNCATED})
"""Defects of scans that speak neither for nor against their neighbours."""

_BLANK_INK = 0.004
_BLACK_LIGHTNESS = 12.0
_TRUNCATED_SHARE = 0.08
_TURNED = 2.2
_HUES = 8
_STRONG = 24.0
"""Chroma of the patches of a colour card, at least."""
_CARD_HUES = 4
_PATCH = 5
"""Least side of a patch in pixels at half the resolution, without its rim of a pixel."""
_MOST_PATCHES = 400
_STRIP = 8
_LEAST_TICKS = 24
_LEAST_KEPT = 0.55


@dataclass(frozen=True)
class Flaws:
    """What is wrong with a scan. ``names``: in the order of this module. ``aids``: boxes of a colour card and of a ruler."""

    names: list[str]
    aids: list[Box]


def flaws(found: Signature) -> Flaws:
    """Look for what is wrong with a scan; nothing for a good one."""
    lightness = found.lightness
    if float(np.quantile(lightness, 0.95)) < _BLACK_LIGHTNESS:
        return Flaws([BLACK], [])
    names = []
    if cut_short(lightness, found.lab) >= _TRUNCATED_SHARE:
        names.append(TRUNCATED)
    left, top, right, bottom = found.box
    inside = _without_rim(found.ink[top:bottom, left:right])
    if text_share(inside) < _BLANK_INK:
        names.insert(0, BLANK)
    elif lies_on_its_side(inside):
        names.append(ROTATED)
    card, ruler = find_colour_card(found.lab), find_ruler(lightness, _rim_mask(lightness.shape, found.box))
    names += [name for name, box in ((COLOUR_CARD, card), (RULER, ruler)) if box is not None]
    return Flaws(names, [box for box in (card, ruler) if box is not None])


def beside(aids: Sequence[Box], width: int, height: int) -> Box:
    """Return the part of a scan without its colour card and its ruler: what lies on the inner side of each.

    The largest part is taken; an aid that would take more than 45 % of the scan lies on the page, and stays.
    """
    kept = (0, 0, width, height)
    for left, top, right, bottom in aids:
        x, y, far_x, far_y = kept
        parts = (
            (x, y, min(left, far_x), far_y),
            (max(right, x), y, far_x, far_y),
            (x, y, far_x, min(top, far_y)),
            (x, max(bottom, y), far_x, far_y),
        )
        best = max(parts, key=_area)
        if _area(best) >= _LEAST_KEPT * width * height:
            kept = best
    return kept


def _area(box: Box) -> int:
    return max(box[2] - box[0], 0) * max(box[3] - box[1], 0)


def text_share(ink: Mask) -> float:
    """Return the share of ink in cells (1/24 of the sides) that hold a mark, not one speck or one line of a fold."""
    height, width = ink.shape
    if height < 48 or width < 48:
        return float(ink.mean()) if ink.size else 0.0
    cells = ink[: height // 24 * 24, : width // 24 * 24].reshape(24, height // 24, 24, width // 24).mean(axis=(1, 3))
    return float(np.where((cells > 0.01) & (cells < 0.6), cells, 0.0).mean())


def cut_short(lightness: Floats, lab: Floats) -> float:
    """Return the share of rows at the bottom that are one flat grey, as decoders fill what a broken file lacks.

    Paper and scanner beds are never flat to within one level over their whole width.
    """
    flat = np.ptp(lightness, axis=1) < 0.6
    grey = (np.abs(lab[..., 1:]).max(axis=(1, 2)) < 1.5) & (lightness.mean(axis=1) > 30) & (lightness.mean(axis=1) < 75)
    rows = (flat & grey)[::-1]
    return float((len(rows) if rows.all() else int(np.argmin(rows))) / len(rows))


def lies_on_its_side(ink: Mask) -> bool:
    """Tell whether the text lines run along the columns: profiles of strips of columns then wave far less than those of rows."""
    if min(ink.shape) < 192:
        return False
    upright, turned = _waves(ink), _waves(ink.T)
    return turned > _TURNED * upright and turned > 0.025


def _waves(ink: Mask) -> float:
    """Return how much the profiles of eight upright strips wave with the pitch of text lines (periods up to 40 pixels)."""
    strips = np.array_split(ink, 8, axis=1)
    return float(np.median([_wave(strip.mean(axis=1)) for strip in strips]))


def _wave(profile: npt.NDArray[np.floating]) -> float:
    """Return the strength of the strongest period of 6 to 40 pixels, by the power spectrum."""
    values = profile - profile.mean()
    power = np.abs(np.fft.rfft(values * np.hanning(len(values)))) ** 2
    frequency = np.fft.rfftfreq(len(values))
    inside = power[(frequency > 1 / 40) & (frequency < 1 / 6)]
    smooth = np.convolve(inside, np.ones(3), mode="same")
    return float(np.sqrt(smooth.max() * 8 / 3) / len(values)) if len(inside) else 0.0


def find_colour_card(lab: Floats) -> Box | None:
    """Return where a colour card lies: four patches or more in one line, flat, upright, of one size, of four strong hues.

    Painted borders and pictures have as many hues, but not as such patches. Looked for at half the resolution.
    """
    from scipy.ndimage import find_objects, label, maximum_filter, minimum_filter

    small = lab[::2, ::2]
    flat = np.hypot(small[..., 1], small[..., 2]) > _STRONG
    if _hues(small, flat) < _CARD_HUES:
        return None
    for channel in range(3):
        values = small[..., channel]
        flat &= maximum_filter(values, 3) - minimum_filter(values, 3) < 14
    numbered, count = label(flat)
    areas = np.bincount(numbered.ravel(), minlength=count + 1)
    boxes = find_objects(numbered)
    patches = [
        (x.start, y.start, x.stop, y.stop)
        for number, (y, x) in enumerate(boxes, start=1)
        if areas[number] >= 0.7 * (y.stop - y.start) * (x.stop - x.start)
        and min(y.stop - y.start, x.stop - x.start) >= _PATCH
        and max(y.stop - y.start, x.stop - x.start) <= max(flat.shape) // 6
    ]
    patches = sorted(patches, key=_area, reverse=True)[:_MOST_PATCHES]
    if len(patches) < _CARD_HUES:
        return None
    colours = [small[top:bottom, left:right, 1:].mean(axis=(0, 1)) for left, top, right, bottom in patches]
    found = _lined_up(np.array(patches), _hue_of(np.array(colours)))
    if found is None:
        return None
    left, top, right, bottom = (2 * int(edge) for edge in found)
    frame = (right - left, bottom - top)
    around = min(frame) // 4  # the frame of the card
    return left - around, top - around, right + around, bottom + around


def _lined_up(patches: Index, hues: Index) -> Index | None:
    """Return the box around patches of one size in one row or column that have enough hues; None where there are none."""
    sizes = patches[:, 2:] - patches[:, :2]
    centres = (patches[:, 2:] + patches[:, :2]) / 2
    for one in range(len(patches)):
        alike = (np.maximum(sizes, sizes[one]) <= 1.5 * np.minimum(sizes, sizes[one])).all(axis=1)
        for axis in (0, 1):
            line = alike & (np.abs(centres[:, axis] - centres[one, axis]) <= 0.3 * sizes[one, axis])
            if len(np.unique(hues[line])) >= _CARD_HUES:
                return np.concatenate([patches[line, :2].min(axis=0), patches[line, 2:].max(axis=0)])
    return None


def _hues(lab: Floats, where: Mask) -> int:
    """Count the hues, of eight, that cover at least 5 in 100,000 of the scan."""
    counts = np.bincount(_hue_of(lab[..., 1:][where]), minlength=_HUES)
    return int(np.count_nonzero(counts > 5e-5 * where.size))


def _hue_of(ab: npt.NDArray[np.floating]) -> Index:
    """Number the hues (0 to 7) of colours, (n, 2) CIE a and b."""
    angle = np.mod(np.arctan2(ab[:, 1], ab[:, 0]), 2 * np.pi)
    numbers: Index = (angle / (2 * np.pi) * _HUES).astype(np.int64) % _HUES
    return numbers


def find_ruler(lightness: Floats, rim: Mask) -> Box | None:
    """Return where a narrow strip beside the page is ticked evenly, with at least 24 dark marks of one spacing."""
    values = np.where(rim, lightness, np.nan)
    height, width = lightness.shape
    across = _ticked(values)
    if across is not None:
        return 0, across[0], width, across[1]
    down = _ticked(values.T)
    return None if down is None else (down[0], 0, down[1], height)


def _ticked(picture: Floats) -> tuple[int, int] | None:
    """Return the first and the last row of the ruler nearest to the top."""
    found = [at for at, strip in _strips(picture) if _ticks(strip) >= _LEAST_TICKS]
    near = [at for at in found if at - found[0] < picture.shape[0] // 8]
    return (near[0], near[-1] + _STRIP) if near else None


def _strips(picture: Floats) -> Iterator[tuple[int, Floats]]:
    """Cut the surroundings into strips of rows, with their first rows; those wholly outside the page only."""
    for start in range(0, picture.shape[0] - _STRIP, _STRIP):
        strip = picture[start : start + _STRIP]
        inside = ~np.isnan(strip).any(axis=0)
        if inside.mean() > 0.3:
            yield start, np.nan_to_num(strip[:, inside].mean(axis=0)).astype(np.float32)


def _ticks(line: Floats) -> int:
    """Count marks of the longest run of dark marks with even spacing, 3 to 30 pixels."""
    if len(line) < 90 or float(np.ptp(line)) < 25:
        return 0
    trend = np.convolve(line, np.ones(31) / 31, mode="same")
    dark = np.concatenate([[False], line < trend - 8])
    starts = np.flatnonzero(dark[1:] & ~dark[:-1])
    if len(starts) < _LEAST_TICKS:
        return 0
    gaps = np.diff(starts)
    middle = float(np.median(gaps))
    if not 3 <= middle <= 30:
        return 0
    even = np.abs(gaps - middle) <= 1
    longest = run = 0
    for one in even:
        run = run + 1 if one else 0
        longest = max(longest, run)
    return longest + 1


def _without_rim(ink: Mask) -> Mask:
    height, width = ink.shape
    down, across = height // 20, width // 20
    return ink[down : height - down, across : width - across] if height > 100 and width > 100 else ink


def _rim_mask(shape: tuple[int, ...], box: tuple[int, int, int, int]) -> Mask:
    """Return what lies outside the page, or within 12 % of the sides of the scan."""
    left, top, right, bottom = box
    height, width = shape[:2]
    rim = np.ones((height, width), bool)
    rim[top:bottom, left:right] = False
    down, across = round(height * 0.12), round(width * 0.12)
    outer = np.ones((height, width), bool)
    outer[down : height - down, across : width - across] = False
    return rim | outer
