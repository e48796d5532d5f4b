"""Images of records: fetched politely and safely, checked, stored once by content.

Public: :func:`fetch_images`, :class:`FetchSettings`, :class:`PreviousImage`, :func:`previous_images`, :class:`Checkpoint`
(what a run has so far), the vocabulary (:class:`Status`, :class:`Reason`, :data:`REASONS`), :func:`decode_image`,
:func:`perceptual_hash`, :func:`hamming_distance`; of what failed: :func:`failed_images`, :func:`host_health`, :func:`risen`,
:func:`made_due`, :func:`left_to_newer`.
"""

from heritage_assets.curation.images.checkpoints import Checkpoint
from heritage_assets.curation.images.decode import DecodedImage, decode_image
from heritage_assets.curation.images.derivatives import ImageShelf
from heritage_assets.curation.images.fetch import fetch_images
from heritage_assets.curation.images.hashing import hamming_distance, perceptual_hash
from heritage_assets.curation.images.health import (
    FAILED_IMAGES,
    HEALTH_COLUMNS,
    HostHealth,
    can_recover,
    failed_images,
    host_health,
    left_to_newer,
    made_due,
    risen,
)
from heritage_assets.curation.images.outcomes import ImageError, PreviousImage, StoredImage, previous_images
from heritage_assets.curation.images.policy import REASONS, FetchSettings, Reason, ReasonSpec, Status

__all__ = [
    "FAILED_IMAGES",
    "HEALTH_COLUMNS",
    "REASONS",
    "Checkpoint",
    "DecodedImage",
    "FetchSettings",
    "HostHealth",
    "ImageError",
    "ImageShelf",
    "PreviousImage",
    "Reason",
    "ReasonSpec",
    "Status",
    "StoredImage",
    "can_recover",
    "decode_image",
    "failed_images",
    "fetch_images",
    "hamming_distance",
    "host_health",
    "left_to_newer",
    "made_due",
    "perceptual_hash",
    "previous_images",
    "risen",
]
