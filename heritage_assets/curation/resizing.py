"""Resizing as Pillow does it, four times as fast: torch's kernels for bytes, which read Pillow's own memory.

Pillow weighs pixels in 22 bits, torch in 15: of photographs about 3 values in 1,000 differ, by one grey level; at worst (smooth
pictures, some sizes) 4 in 100, by up to two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from PIL import Image

if TYPE_CHECKING:
    import torch

_MODES = {Image.Resampling.BILINEAR: "bilinear", Image.Resampling.BICUBIC: "bicubic"}
"""What torch has for bytes; the others stay with Pillow."""
_LEAST_MARGIN = 2.0
"""What is averaged by whole factors keeps at least this many times the pixels per side that are wanted."""
_TRACE = 1e-6
"""Of a pixel: more than float64 loses, less than anything shows."""


def resized(
    image: Image.Image, size: tuple[int, int], resample: int, extent: tuple[float, float] | None = None
) -> NDArray[np.uint8]:
    """Return an RGB image in another size, uint8 (height, width, 3): ``image.resize``, but for a grey level here and there.

    The lock of Python is free meanwhile. Memory: the new image alone, where Pillow keeps the old one in one piece (up to 16 MB).

    Args:
        image: of mode RGB.
        size: (width, height).
        resample: a ``PIL.Image.Resampling``.
        extent: (width, height) of the part to take, from the upper left corner, where that ends inside the last column or
            row; None for the whole image.
    """
    mode = _MODES.get(Image.Resampling(resample))
    if mode is None or image.size == size:
        return resized_by_pillow(image, size, resample, extent)
    return _interpolated(image, size, mode, extent)[..., :3]


def resized_image(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return an RGB or L image in a smaller size (width, height), bicubic, as an image of the same mode.

    What is at least four times as large as wanted is averaged by a whole factor first (``Image.reduce``), down to no less than
    twice the size: 35 ms for 27 million pixels, where Pillow's filter takes 157, and a fifth of a grey level on average.
    """
    factor = int(min(image.width / size[0], image.height / size[1]) / _LEAST_MARGIN)
    if factor > 1:
        image = image.reduce(factor)
    pixels = _interpolated(image, size, "bicubic")
    if pixels.shape[2] == 4:  # without the filling that a new image of Pillow costs
        return Image.frombuffer("RGBX", size, np.ascontiguousarray(pixels), "raw", "RGBX", 0, 1).convert("RGB")
    return Image.fromarray(np.ascontiguousarray(pixels if pixels.shape[2] == 3 else pixels[..., 0]))


def packed(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return pixels (height, width, 3) in one piece, channel by channel: four times as fast as numpy pixel by pixel."""
    if pixels.flags.c_contiguous:
        return pixels
    whole = np.empty(pixels.shape, np.uint8)
    for channel in range(pixels.shape[2]):
        whole[..., channel] = pixels[..., channel]
    return whole


def use_one_core() -> None:
    """Let this thread resize on one core; to be called first in each of several threads that resize at once.

    Torch would share each picture among all cores, in every thread: on two cores that takes a third longer. Other threads
    keep what they have (``torch.set_num_threads`` would also bind those that start later).
    """
    import torch
    from threadpoolctl import threadpool_limits

    torch.get_num_threads()  # torch chooses when a thread first asks, and would choose anew
    threadpool_limits(1, user_api="openmp")


def resized_by_pillow(
    image: Image.Image, size: tuple[int, int], resample: int, extent: tuple[float, float] | None = None
) -> NDArray[np.uint8]:
    """Return what ``image.resize`` gives, uint8 (height, width, 3); ``extent`` as for :func:`resized`."""
    box = (0.0, 0.0, *extent) if extent is not None else None
    return np.asarray(image.resize(size, Image.Resampling(resample), box))


def _interpolated(
    image: Image.Image, size: tuple[int, int], mode: str, extent: tuple[float, float] | None = None
) -> NDArray[np.uint8]:
    """Return an RGB or L image in another size, uint8 (height, width, 4, 3 or 1): see :func:`resized` and :func:`_pixels`."""
    from torch.nn.functional import interpolate

    # (1, channels, height, width) in name; in memory the channels of a pixel stay side by side, which is what is fast. The
    # batch comes first: added behind the permutation, it hides that from torch, and the result is laid out anew.
    pixels = _pixels(image)[None].permute(0, 3, 1, 2)
    if extent is None or extent == image.size:
        found: Any = interpolate(pixels, size=(size[1], size[0]), mode=mode, antialias=True)
    else:
        # Torch rounds the new size down, after a product that may be a trace too small.
        scales = ((size[1] + _TRACE) / extent[1], (size[0] + _TRACE) / extent[0])
        found = interpolate(pixels, scale_factor=scales, mode=mode, antialias=True)
    values: NDArray[np.uint8] = found[0].permute(1, 2, 0).numpy()
    return values


def _pixels(image: Image.Image) -> torch.Tensor:
    """Return the pixels, uint8 (height, width, channels): Pillow's own memory, four bytes a pixel of RGB, or a copy of three."""
    import torch

    try:
        found = pa.array(image)
    except ValueError:  # large images lie in several pieces
        return torch.from_numpy(np.array(image)).view(image.height, image.width, -1)
    values = found.values if pa.types.is_fixed_size_list(found.type) else found  # RGB comes as pixels, L as bytes
    return torch.from_dlpack(values).view(image.height, image.width, -1)
