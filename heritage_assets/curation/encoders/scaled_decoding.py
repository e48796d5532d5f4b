"""JPEGs decoded at half their size, where that leaves more pixels than a model takes.

libjpeg leaves out the fine part of each block of 8 × 8 (its scaled inverse cosine transform): what a model's resizing would
blur away, if enough remains. How much that must be was measured (docs/encoders.md): at the same margin, vectors move four times
as far from a quarter of the size and eight times from an eighth, so those are not used.
"""

from __future__ import annotations

from PIL import Image

MARGIN = 1.25
"""Pixels that must be left along each side, relative to what the model's resizing makes of it."""


def half_is_enough(full: tuple[int, int], wanted: tuple[int, int]) -> bool:
    """Tell whether half of a picture of ``full`` pixels (width, height) keeps the margin over what it is resized to."""
    return all(have >= 2 * MARGIN * want for have, want in zip(full, wanted, strict=True))


def decode_at_scale(image: Image.Image, wanted: tuple[int, int]) -> tuple[float, float] | None:
    """Let an opened JPEG be decoded at half its size (rounded up) where that is enough; its ``size`` says so afterwards.

    A picture that is decoded already, or of another format, is left as it is.

    Returns:
        Half of the size, not rounded: where the picture ends in the last column and row. None where it is left as it is.

    Args:
        image: as ``Image.open`` gave it.
        wanted: (width, height) to which it will be resized, before it is cropped.
    """
    if not half_is_enough(image.size, wanted):
        return None
    drafted = image.draft(None, (image.width // 2, image.height // 2))
    return drafted[1][2:] if drafted is not None else None
