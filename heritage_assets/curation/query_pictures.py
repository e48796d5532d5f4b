"""A picture that somebody asks with, seen as the archive sees its own: equal files have equal vectors.

The archive's vectors are made from derivatives: upright, in sRGB, made small, written as JPEG, decoded at the scale that the
encoder needs. A query takes the same steps.
"""

from __future__ import annotations

import io

from PIL import Image

from heritage_assets.curation.encoders import Encoder
from heritage_assets.curation.encoders.interface import Prepared
from heritage_assets.curation.images import FetchSettings, decode_image
from heritage_assets.curation.images.decode import allow_pixels
from heritage_assets.curation.images.derivatives import jpeg_of


def prepare_query(data: bytes, encoder: Encoder, settings: FetchSettings) -> Prepared:
    """Return the encoder's input for an image file.

    Memory: as :meth:`~.images.decode.Header.decode`, and the file.

    Args:
        data: the file.
        encoder: prepares the picture.
        settings: limits on the file; side and quality of the derivative.

    Raises:
        ImageError: the bytes are no image that is accepted.
    """
    allow_pixels(settings.max_pixels)
    decoded = decode_image(
        data, settings.derivative_side, max_pixels=settings.max_pixels, max_frames=settings.max_frames
    )
    return encoder.prepare_image(through_a_file(decoded.pixels, settings.derivative_quality))


def through_a_file(image: Image.Image, quality: int = FetchSettings().derivative_quality) -> Image.Image:
    """Return a picture as an opened JPEG, as its derivative would be."""
    return Image.open(io.BytesIO(jpeg_of(image, quality)))
