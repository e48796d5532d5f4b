"""Images of records: fetched politely and safely, checked, stored once by content.

Public: :func:`fetch_images`, :class:`FetchSettings`, :class:`PreviousImage`, :func:`previous_images`, the vocabulary
(:class:`Status`, :class:`Reason`, :data:`REASONS`), :func:`decode_image`, :func:`perceptual_hash`, :func:`hamming_distance`.
"""

from heritage_assets.curation.images.decode import DecodedImage, decode_image
from heritage_assets.curation.images.derivatives import ImageShelf
from heritage_assets.curation.images.fetch import fetch_images
from heritage_assets.curation.images.hashing import hamming_distance, perceptual_hash
from heritage_assets.curation.images.outcomes import ImageError, PreviousImage, StoredImage, previous_images
from heritage_assets.curation.images.policy import REASONS, FetchSettings, Reason, ReasonSpec, Status

__all__ = [
    "REASONS",
    "DecodedImage",
    "FetchSettings",
    "ImageError",
    "ImageShelf",
    "PreviousImage",
    "Reason",
    "ReasonSpec",
    "Status",
    "StoredImage",
    "decode_image",
    "fetch_images",
    "hamming_distance",
    "perceptual_hash",
    "previous_images",
]
