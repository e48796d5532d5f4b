"""Any mode that Pillow decodes to 8-bit sRGB, at the size that is wanted.

Scaling comes before colour conversion where the mode allows it: it is the cheaper order, and the difference is invisible.
"""

from __future__ import annotations

import hashlib
import io
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL import Image

PROFILED_MODES = {"RGB": "RGB", "L": "L", "CMYK": "CMYK", "LAB": "LAB"}
"""Modes in which a colour profile is applied."""
LARGEST_PROFILE = 4 << 20
"""Bytes of the largest colour profile that is parsed; honest ones reach 2 MB (CMYK)."""
REDUCING_GAP = 2.0
"""Large images are first reduced by whole factors to at least this many times the size wanted (``Image.resize``)."""


def to_srgb(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return the loaded image as RGB in sRGB, scaled to ``size`` (width, height in pixels); transparency becomes white.

    Grey of 16 bits keeps its upper 8; grey of 32 bits and floating point is stretched from its least to its greatest finite
    value. Embedded profiles are applied (relative colorimetric); broken ones are ignored.
    """
    profile = image.info.get("icc_profile")
    plain = _plain_mode(image)
    if plain.size != size:
        plain = _scaled(plain, size)
    if plain.mode in ("RGBA", "LA"):
        plain = _on_white(plain)
    return _apply_profile(plain, profile)


def _scaled(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    from PIL.Image import Resampling

    from heritage_assets.curation.resizing import resized_image

    if image.mode in ("RGB", "L") and size[0] <= image.width and size[1] <= image.height:
        return resized_image(image, size)
    return image.resize(size, Resampling.BICUBIC, reducing_gap=REDUCING_GAP)


def _plain_mode(image: Image.Image) -> Image.Image:
    """Return the image as L, RGB, LA, RGBA, CMYK or LAB: the modes that scale without loss of meaning."""
    mode = image.mode
    if mode in ("RGB", "L", "RGBA", "LA", "CMYK", "LAB"):
        return image.convert("RGBA" if mode == "RGB" else "LA") if _has_key_colour(image) else image
    if mode in ("P", "PA"):
        return image.convert("RGBA" if mode == "PA" or "transparency" in image.info else "RGB")
    if mode == "1":
        return image.convert("L")
    if mode.startswith("I;16"):
        return _upper_byte(image)
    if mode in ("I", "F"):
        return _stretched(image)
    return image.convert("RGBA" if mode in ("RGBa", "La") else "RGB")


def _has_key_colour(image: Image.Image) -> bool:
    """Tell whether one colour of an image without alpha is declared transparent (PNG tRNS)."""
    return image.mode in ("RGB", "L") and "transparency" in image.info


def _upper_byte(image: Image.Image) -> Image.Image:
    import numpy as np
    from PIL import Image

    return Image.fromarray((np.asarray(image).astype(np.uint16, copy=False) >> 8).astype(np.uint8))


def _stretched(image: Image.Image) -> Image.Image:
    import numpy as np
    from PIL import Image

    values = np.array(image, dtype=np.float32)  # in place from here on: these images are large
    finite = np.isfinite(values)
    low = float(np.min(values, where=finite, initial=np.inf))
    high = float(np.max(values, where=finite, initial=-np.inf))
    np.logical_not(finite, out=finite)
    values[finite] = low if low < high else 0.0
    if low < high:
        with np.errstate(over="ignore"):  # extremes of float32: clipped below
            values -= low
            values *= 255.0 / (high - low)
    np.clip(values, 0, 255, out=values)
    return Image.fromarray(values.astype(np.uint8))


def _on_white(image: Image.Image) -> Image.Image:
    """Return the image laid on white, without its alpha channel."""
    from PIL import Image

    colour = image.convert("L" if image.mode == "LA" else "RGB")
    white = Image.new(colour.mode, image.size, "white")
    white.paste(colour, mask=image.getchannel("A"))
    return white


def _apply_profile(image: Image.Image, profile: object) -> Image.Image:
    transform = None
    if isinstance(profile, bytes) and len(profile) <= LARGEST_PROFILE and image.mode in PROFILED_MODES:
        transform = _transform(_Profile(profile), image.mode)
    elif image.mode == "LAB":
        transform = _lab_transform()
    if transform is None:
        return image if image.mode == "RGB" else image.convert("RGB")
    from PIL import ImageCms

    converted = ImageCms.applyTransform(image, transform)
    assert converted is not None
    return converted


class _Profile:
    """Profile bytes that hash by content, so that the cache of transforms compares digests."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.digest = hashlib.sha256(data).digest()

    def __hash__(self) -> int:
        return hash(self.digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Profile) and self.digest == other.digest


@lru_cache(maxsize=32)
def _transform(profile: _Profile, mode: str) -> Any:
    """Return the transform from an embedded profile to sRGB; None where there is nothing to do or the profile is broken."""
    from PIL import ImageCms

    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile.data))
        if "srgb" in ImageCms.getProfileDescription(source).lower():
            return None
        return ImageCms.buildTransform(
            source, ImageCms.createProfile("sRGB"), mode, "RGB", ImageCms.Intent.RELATIVE_COLORIMETRIC
        )
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        return None  # a profile for another mode, or broken: the plain conversion is the better guess


@lru_cache(maxsize=1)
def _lab_transform() -> Any:
    from PIL import ImageCms

    return ImageCms.buildTransform(ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB")
