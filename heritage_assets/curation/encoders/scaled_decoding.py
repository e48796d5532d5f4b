"""JPEGs decoded at a half, a quarter or an eighth of their size, where that leaves more pixels than a model takes.

libjpeg leaves out the fine part of each block of 8 × 8 (its scaled inverse cosine transform): what a model's resizing would
blur away, if enough remains. How much that is was measured (docs/encoders.md).
"""

from __future__ import annotations

from PIL import Image

MARGIN = 1.25
"""Pixels that must be left along each side, relative to what the model's resizing makes of it."""

_SCALES = (8, 4, 2)
"""What libjpeg-turbo has fast code for, and Pillow asks it for."""


def scale_for(full: tuple[int, int], wanted: tuple[int, int], margin: float = MARGIN) -> int:
    """Return by what to divide a picture's size (width, height) when it is decoded: 1, 2, 4 or 8.

    Args:
        full: size of the file's picture.
        wanted: size to which it will be resized (before it is cropped).
        margin: see :data:`MARGIN`.
    """
    for scale in _SCALES:
        if all(have >= scale * margin * want for have, want in zip(full, wanted, strict=True)):
            return scale
    return 1


def decode_at_scale(image: Image.Image, wanted: tuple[int, int]) -> None:
    """Let an opened JPEG be decoded at reduced scale: its size is smaller afterwards (rounded up).

    A picture that is decoded already, or of another format, is left as it is.
    """
    width, height = image.size
    scale = scale_for((width, height), wanted)
    if scale > 1:
        image.draft(None, (width // scale, height // scale))
