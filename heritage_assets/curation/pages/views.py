"""What is looked at of a scan: the page upright and without what lies beside it, whole and in details."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heritage_assets.curation.pages.bad_scans import AIDS, ROTATED, beside, flaws
from heritage_assets.curation.pages.signatures import Signature, signature

if TYPE_CHECKING:
    from PIL.Image import Image

TILES = ((0.5, 0.25), (0.5, 0.5), (0.5, 0.75))
"""Middles of the squares of ``embedding_detail``, as shares of what the page leaves them."""
TILE_SIDE = 384


def upright_page(image: Image, width: int, height: int) -> tuple[Image, Signature, list[str]]:
    """Describe the page as it is read, without the colour card or the ruler beside it, and name the defects of the scan.

    A turned foldout is still on its document's paper; two pages are not of one document because a card lies beside both.

    Args:
        image: the scan.
        width, height: of the original in pixels.
    """
    from PIL.Image import Transpose

    found = signature(image, width, height)
    seen = flaws(found)
    names = seen.names
    box = beside(seen.aids, *image.size)
    if box != (0, 0, *image.size):
        width, height = (
            max(round(side * kept / whole), 1)
            for side, kept, whole in zip((width, height), (box[2] - box[0], box[3] - box[1]), image.size, strict=True)
        )
        image = image.crop(box)
        found = signature(image, width, height)
        names = [name for name in flaws(found).names if name not in AIDS] + [name for name in names if name in AIDS]
    if ROTATED in names:
        image = image.transpose(Transpose.ROTATE_90)
        found = signature(image, height, width)
    return image, found, names


def squared(image: Image) -> Image:
    """Pad to a square with black, so that the encoder sees all of the page in its proportions."""
    from PIL import Image as Pictures

    side = max(image.size)
    square = Pictures.new("RGB", (side, side))
    square.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
    return square


def details(image: Image, found: Signature) -> list[Image]:
    """Cut squares of at most :data:`TILE_SIDE` pixels from the page, where its text is likely."""
    left, top, right, bottom = found.box
    side = min(right - left, bottom - top, TILE_SIDE)
    corners = [
        (int(left + (right - left - side) * across), int(top + (bottom - top - side) * down)) for across, down in TILES
    ]
    return [image.crop((x, y, x + side, y + side)) for x, y in corners]
