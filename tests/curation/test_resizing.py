"""Derivatives are scaled as Pillow's bicubic filter does it, within a grey level or two, whatever the shape of the picture."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from heritage_assets.curation.resizing import resized_image


def _grain(width: int, height: int, mode: str) -> Image.Image:
    noise = np.random.default_rng(width).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(noise).convert(mode)


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize(
    ("size", "smaller"),
    [
        ((1600, 1200), (768, 576)),
        ((333, 517), (332, 515)),
        ((1, 900), (1, 768)),
        ((900, 1), (768, 1)),
        ((2400, 1800), (768, 576)),  # Pillow keeps it in several pieces
    ],
)
def test_as_pillow_scales(mode, size, smaller) -> None:
    image = _grain(*size, mode)
    found, expected = resized_image(image, smaller), image.resize(smaller, Image.Resampling.BICUBIC)
    assert (found.mode, found.size) == (mode, smaller)
    difference = np.abs(np.asarray(found, np.int16) - np.asarray(expected, np.int16))
    assert difference.max() <= 2 and difference.mean() < 0.05


def test_a_very_large_picture_is_averaged_first_and_keeps_its_tones() -> None:
    image = _grain(90, 60, "RGB").resize((3600, 2400), Image.Resampling.BICUBIC)
    expected = image.resize((300, 200), Image.Resampling.BICUBIC)
    difference = np.abs(np.asarray(resized_image(image, (300, 200)), np.int16) - np.asarray(expected, np.int16))
    assert difference.mean() < 1 and np.percentile(difference, 99) <= 5
