"""Content hash and perceptual hash of images."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image


def perceptual_hash(image: Image.Image) -> str:
    """Return the 64-bit DCT hash of an image as 16 hexadecimal digits, most significant (lowest frequency) bit first.

    The luminance, scaled to 32 × 32, is transformed by a two-dimensional DCT-II; each of its 8 × 8 lowest frequencies gives the
    bit "greater than their median" (pHash, after C. Zauner, "Implementation and Benchmarking of Perceptual Image Hash
    Functions", 2010; here as ``imagehash.phash``). The bits of an image without any structure are rounding noise.
    """
    import imagehash

    return str(imagehash.phash(image))


def hamming_distance(first: str, second: str) -> int:
    """Return the number of bits (0 to 64) in which two perceptual hashes differ."""
    return (int(first, 16) ^ int(second, 16)).bit_count()
