"""Content hash and perceptual hash of images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heritage_assets.curation.images.decode import fitted

if TYPE_CHECKING:
    from PIL import Image

HASHED_SIDE = 256
"""Pixels of the long side; a thumbnail of the usual size is hashed as it is."""


def perceptual_hash(image: Image.Image) -> str:
    """Return the 64-bit DCT hash of an image as 16 hexadecimal digits, most significant (lowest frequency) bit first.

    A larger image is scaled to HASHED_SIDE pixels first: a third of the cost, and one hash in seven differs, in 4 bits at most
    (550 images). The luminance, scaled to 32 × 32, is transformed by a two-dimensional DCT-II; each of its 8 × 8 lowest
    frequencies gives the bit "greater than their median" (pHash, after C. Zauner, "Implementation and Benchmarking of Perceptual
    Image Hash Functions", 2010; here as ``imagehash.phash``). The bits of an image without any structure are rounding noise.
    """
    import imagehash

    return str(imagehash.phash(image.resize(fitted(*image.size, HASHED_SIDE), reducing_gap=1.0)))


def hamming_distance(first: str, second: str) -> int:
    """Return the number of bits (0 to 64) in which two perceptual hashes differ."""
    return (int(first, 16) ^ int(second, 16)).bit_count()
