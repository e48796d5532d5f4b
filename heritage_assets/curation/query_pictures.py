"""A picture that somebody asks with, seen as the archive sees its own: equal files have equal vectors.

The archive's vectors are made from derivatives: upright, in sRGB, made small, written as JPEG, decoded at the scale that the
encoder needs. A query takes the same steps.
"""

from __future__ import annotations

import io

from PIL import Image

from heritage_assets.curation.encoders import Encoder
from heritage_assets.curation.encoders.interface import Prepared
from heritage_assets.curation.images import FetchSettings, ImageShelf
from heritage_assets.stores.held_objects import HeldObjects


def prepare_query(data: bytes, encoder: Encoder, settings: FetchSettings) -> Prepared:
    """Return the encoder's input for an image file.

    Memory: as :class:`~.images.ImageShelf`, and the file.

    Args:
        data: the file.
        encoder: prepares the picture.
        settings: limits on the file; side and quality of the derivative.

    Raises:
        ImageError: the bytes are no image that is accepted.
    """
    held = HeldObjects()
    derivative = ImageShelf(held, settings).keep(data).derivative
    with Image.open(io.BytesIO(held.get(derivative))) as image:
        return encoder.prepare_image(image)


def through_a_file(image: Image.Image, quality: int = FetchSettings().derivative_quality) -> Image.Image:
    """Return a picture as an opened JPEG, as the derivative of an edited copy would be: for calibration, which makes copies."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality, subsampling="4:2:0")
    return Image.open(file)
