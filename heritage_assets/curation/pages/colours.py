"""The colours of a page: CIE L, a, b of its pixels, and how they spread."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from heritage_assets.curation.pages.ink_layout import Floats, unit

COLOUR_BINS = 12
COLOUR_SIZE = 3 * COLOUR_BINS


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


def colour_vector(lab: Floats) -> Floats:
    """Return the ``colour`` vector of a page, (36,) float32."""
    sampled = lab[::3, ::3].reshape(-1, 3)
    ranges = ((0, 100), (-30, 45), (-30, 60))
    parts = [
        np.histogram(np.clip(sampled[:, k], *ranges[k]), COLOUR_BINS, ranges[k])[0] / max(len(sampled), 1)
        for k in range(3)
    ]
    return unit(np.sqrt(np.concatenate(parts))).astype(np.float32)
