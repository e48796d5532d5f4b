"""Scans that say little or mislead: blank, black, turned, cut short, or with a colour card or a ruler in the picture."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from heritage_assets.curation.pages.signatures import Floats, Mask, Signature

BLANK, BLACK, ROTATED, TRUNCATED, COLOUR_CARD, RULER = (
    "blank",
    "black",
    "rotated",
    "truncated",
    "colour_card",
    "ruler",
)
SILENT = frozenset({BLANK, BLACK, TRUNCATED})
"""Defects of scans that speak neither for nor against their neighbours."""

_BLANK_INK = 0.004
_BLACK_LIGHTNESS = 12.0
_TRUNCATED_SHARE = 0.08
_TURNED = 2.2
_HUES = 8


def defects(found: Signature) -> list[str]:
    """Name what is wrong with a scan, in the order of this module's names; an empty list for a good one."""
    lightness = found.lightness
    if float(np.quantile(lightness, 0.95)) < _BLACK_LIGHTNESS:
        return [BLACK]
    names = []
    if cut_short(lightness, found.lab) >= _TRUNCATED_SHARE:
        names.append(TRUNCATED)
    left, top, right, bottom = found.box
    inside = _without_rim(found.ink[top:bottom, left:right])
    if text_share(inside) < _BLANK_INK:
        names.insert(0, BLANK)
    elif lies_on_its_side(inside):
        names.append(ROTATED)
    outside = np.ones(lightness.shape, bool)
    outside[top:bottom, left:right] = False
    if has_colour_card(found.lab, outside):  # painted borders of the page itself have as many hues
        names.append(COLOUR_CARD)
    if has_ruler(lightness, _rim_mask(lightness.shape, found.box)):
        names.append(RULER)
    return names


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


def has_colour_card(lab: Floats, outside: Mask) -> bool:
    """Tell whether the surroundings of the page hold flat patches of at least four distinct strong hues, each of some size."""
    from scipy.ndimage import maximum_filter, minimum_filter

    strong = outside & (np.hypot(lab[..., 1], lab[..., 2]) > 24)
    if _hues(lab, strong) < 4:
        return False
    for channel in range(3):
        values = lab[..., channel]
        strong &= maximum_filter(values, 5) - minimum_filter(values, 5) < 14
    return _hues(lab, strong) >= 4


def _hues(lab: Floats, where: Mask) -> int:
    """Count the hues, of eight, that cover at least 5 in 100,000 of the scan."""
    hue = np.arctan2(lab[..., 2][where], lab[..., 1][where])
    bins = (np.mod(hue, 2 * np.pi) / (2 * np.pi) * _HUES).astype(np.int64) % _HUES
    return int(np.count_nonzero(np.bincount(bins, minlength=_HUES) > 5e-5 * where.size))


def has_ruler(lightness: Floats, rim: Mask) -> bool:
    """Tell whether a narrow strip beside the page is ticked evenly: at least 24 dark marks with one spacing."""
    return any(_ticks(strip) >= 24 for strip in _strips(np.where(rim, lightness, np.nan)))


def _strips(values: Floats) -> list[Floats]:
    """Cut the surroundings into strips 8 pixels wide, along both directions; those wholly outside the page only."""
    found = []
    for picture in (values, values.T):
        for start in range(0, picture.shape[0] - 8, 8):
            strip = picture[start : start + 8]
            inside = ~np.isnan(strip).any(axis=0)
            if inside.mean() > 0.3:
                found.append(np.nan_to_num(strip[:, inside].mean(axis=0)).astype(np.float32))
    return found


def _ticks(line: Floats) -> int:
    """Count marks of the longest run of dark marks with even spacing, 3 to 30 pixels."""
    if len(line) < 90 or float(np.ptp(line)) < 25:
        return 0
    trend = np.convolve(line, np.ones(31) / 31, mode="same")
    dark = np.concatenate([[False], line < trend - 8])
    starts = np.flatnonzero(dark[1:] & ~dark[:-1])
    if len(starts) < 24:
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
