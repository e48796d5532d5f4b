"""Where the text of a page stands: the distance of its lines, its columns, its margins, and whether it lies askew."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from heritage_assets.curation.pages.ink_layout import Mask


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


def ink_extent(profile: npt.NDArray[np.floating]) -> tuple[float, float]:
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
