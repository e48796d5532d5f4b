"""From a PIL image to a model's input, as the model's own configuration says.

Most models want: resize, maybe a centre crop, scale, normalise. The first two are done here, in the threads that decode, since
images differ in shape; the others by the model on whole uint8 batches. Where that would not equal the model's own processor
(checked when the encoder is loaded), the processor itself is used. A JPEG that is not decoded yet is decoded at reduced scale
where enough of it remains (:mod:`.scaled_decoding`); the processor itself gets it whole.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from heritage_assets.curation.encoders.interface import Prepared
from heritage_assets.curation.encoders.scaled_decoding import decode_at_scale
from heritage_assets.curation.resizing import packed, resized, resized_by_pillow

VERSION = 3
"""Raise it when the code here moves pixels: it is part of every encoder's id."""

TOLERANCE = 1e-3
"""Grey levels by which the steps may differ from the model's own processor, with Pillow's resizing: the rounding of float32."""

RESIZING_TOLERANCE = 2 + TOLERANCE, 0.1
"""Grey levels by which they may differ with :func:`~heritage_assets.curation.resizing.resized`: at most, and on average."""

_SQUEEZED_FROM = 384
"""Short edge from which a processor with a crop percentage squeezes instead (ConvNeXT's own rule)."""

Resize = Callable[[Image.Image, tuple[int, int], int, tuple[float, float] | None], NDArray[np.uint8]]
"""See :func:`~heritage_assets.curation.resizing.resized`."""

_MAX_ASPECT = 20
"""A 1 × 20,000 strip scaled to a short edge of 224 would need gigabytes; what a centre crop never shows is cut first."""


def tame(image: Image.Image) -> Image.Image:
    """Return the image in RGB, its long side cut (about the centre) to at most 20 times the short one."""
    width, height = _cut(image.size)
    if (width, height) != image.size:
        left, top = (image.width - width) // 2, (image.height - height) // 2
        image = image.crop((left, top, left + width, top + height))
    return image if image.mode == "RGB" else image.convert("RGB")


def _cut(size: tuple[int, int]) -> tuple[int, int]:
    """Return the size that :func:`tame` leaves of one."""
    width, height = size
    return min(width, _MAX_ASPECT * height), min(height, _MAX_ASPECT * width)


@dataclass(frozen=True)
class PlainRecipe:
    """Resize, centre crop, scale, normalise: the steps of CLIP, SigLIP, ViT, DINOv2, MobileNet and most others."""

    shortest_edge: int | None
    size: tuple[int, int] | None
    """Exact (width, height) to resize to; None where ``shortest_edge`` rules."""
    crop: tuple[int, int] | None
    """(width, height) of the centre crop."""
    resample: int
    scale: float
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def from_processor(cls, processor: Any) -> PlainRecipe | None:
        """Read the steps from a transformers image processor; None where they are of another kind."""
        settings = processor.to_dict()
        shape = _shape(settings)
        if shape is None:
            return None
        normalise = settings.get("do_normalize")
        return cls(
            *shape,
            resample=int(settings.get("resample", Image.Resampling.BILINEAR)),
            scale=float(settings.get("rescale_factor", 1 / 255)) if settings.get("do_rescale") else 1.0,
            mean=tuple(settings["image_mean"]) if normalise else (0.0, 0.0, 0.0),
            std=tuple(settings["image_std"]) if normalise else (1.0, 1.0, 1.0),
        )

    def prepare(self, image: Image.Image) -> Prepared:
        """Return uint8 (height, width, 3)."""
        return self._prepared(image, resized)

    def _prepared(self, image: Image.Image, resize: Resize) -> Prepared:
        # All follows the size of the whole picture: after its half, rounded up, the crop would lie up to a pixel aside.
        size = self.resized_size(image.size)
        extent = decode_at_scale(image, size)
        tamed = tame(image)
        pixels = resize(tamed, size, self.resample, extent if tamed.size == image.size else None)
        if self.crop:
            left, top = (pixels.shape[1] - self.crop[0]) // 2, (pixels.shape[0] - self.crop[1]) // 2
            pixels = pixels[top : top + self.crop[1], left : left + self.crop[0]]
        return packed(pixels)

    def resized_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return the (width, height) to which a picture of ``size`` is resized, before it is cropped."""
        if self.size is not None:
            return self.size
        assert self.shortest_edge is not None
        width, height = _cut(size)
        if width <= height:
            return self.shortest_edge, int(self.shortest_edge * height / width)
        return int(self.shortest_edge * width / height), self.shortest_edge

    @property
    def scaling(self) -> tuple[float, tuple[float, ...], tuple[float, ...]]:
        """Scale, mean and deviation of a batch: done on the device, with the whole tensor (:class:`~.towers.ImageTower`)."""
        return self.scale, self.mean, self.std

    def agrees_with(self, processor: Any) -> bool:
        """Tell whether this recipe gives what the processor gives, on images of several shapes.

        With Pillow's resizing the same to :data:`TOLERANCE`, which shows that the steps are right; with its own to
        :data:`RESIZING_TOLERANCE`.
        """
        mean, std = (np.asarray(values).reshape(1, 1, 3) for values in (self.mean, self.std))
        most, average = RESIZING_TOLERANCE
        for picture in smooth_pictures():
            normalised = np.asarray(processor(images=[picture], return_tensors="np")["pixel_values"][0])
            theirs = (normalised.transpose(1, 2, 0).astype(np.float64) * std + mean) / self.scale
            exact = self._prepared(picture, resized_by_pillow)
            if exact.shape != theirs.shape or np.abs(exact - theirs).max() > TOLERANCE:
                return False
            difference = np.abs(self.prepare(picture) - theirs)
            if difference.max() > most or difference.mean() > average:
                return False
        return True


def _shape(
    settings: dict[str, Any],
) -> tuple[int | None, tuple[int, int] | None, tuple[int, int] | None] | None:
    """Return short edge, exact size and crop that a processor's settings ask for; None where it does other things."""
    size = {key: value for key, value in (settings.get("size") or {}).items() if value}
    known = set(size) in ({"shortest_edge"}, {"height", "width"})
    if not known or not settings.get("do_resize") or settings.get("do_pad"):
        return None
    if "crop_pct" in settings:  # ResNet, ConvNeXT: a larger picture is cropped; from 384 on it is squeezed
        side = int(size.get("shortest_edge", 0))
        if side >= _SQUEEZED_FROM:
            return None, (side, side), None
        return (int(side / settings["crop_pct"]), None, (side, side)) if side else None
    exact = (size["width"], size["height"]) if "width" in size else None
    cropped = (settings.get("crop_size") or {}) if settings.get("do_center_crop") else {}
    crop = (cropped["width"], cropped["height"]) if cropped else None
    if crop is None:
        # Without a crop the short edge alone leaves images of different shapes, which can't be stacked.
        return (None, exact, None) if exact else None
    width, height = exact or (size["shortest_edge"], size["shortest_edge"])
    larger = crop[0] > width or crop[1] > height  # it would be padded
    return None if larger else (size.get("shortest_edge"), exact, crop)


@dataclass(frozen=True)
class OwnProcessor:
    """The model's own processor, image by image: slower, used where :class:`PlainRecipe` would differ."""

    processor: Any

    def prepare(self, image: Image.Image) -> Prepared:
        """Return float32 (channels, height, width)."""
        values: Prepared = np.asarray(
            self.processor(images=[tame(image)], return_tensors="np")["pixel_values"][0], np.float32
        )
        return values

    @property
    def scaling(self) -> None:
        """None: the processor has scaled and normalised already."""
        return None


def smooth_pictures() -> list[Image.Image]:
    """Return four pictures of several shapes, always the same, on which two ways to one result are compared."""
    noise = np.random.default_rng(0)
    return [
        Image.fromarray(noise.integers(0, 256, (9, 9, 3), dtype=np.uint8)).resize((width, height))
        for height, width in ((181, 233), (301, 187), (40, 61), (320, 320))
    ]


def preprocessing_for(processor: Any) -> PlainRecipe | OwnProcessor:
    """Return the fastest preprocessing that equals the processor."""
    recipe = PlainRecipe.from_processor(processor)
    return recipe if recipe is not None and recipe.agrees_with(processor) else OwnProcessor(processor)


def preprocessing_version(processor: Any) -> str:
    """Return ``p<code version>-<4 hexadecimal digits over the processor's settings>``."""
    settings = {key: value for key, value in processor.to_dict().items() if key != "transformers_version"}
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode()).hexdigest()
    return f"p{VERSION}-{digest[:4]}"
