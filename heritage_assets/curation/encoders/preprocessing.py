"""From a PIL image to a model's input, as the model's own configuration says.

Most models want: resize, maybe a centre crop, scale, normalise. The first two are done here, image by image, the others by the
model on whole uint8 batches; where
it would not equal the model's own processor (checked when the encoder is loaded), the processor itself is used.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from heritage_assets.curation.encoders.interface import Prepared

VERSION = 1
"""Raise it when the code here moves pixels: it is part of every encoder's id."""

TOLERANCE = 1e-5
"""Largest difference from the model's own processor, in normalised units (a grey level is about 0.015)."""

_MAX_ASPECT = 20
"""A 1 × 20,000 strip scaled to a short edge of 224 would need gigabytes; what a centre crop never shows is cut first."""


def tame(image: Image.Image) -> Image.Image:
    """Return the image in RGB, its long side cut (about the centre) to at most 20 times the short one."""
    width, height = image.size
    if width > _MAX_ASPECT * height:
        left = (width - _MAX_ASPECT * height) // 2
        image = image.crop((left, 0, left + _MAX_ASPECT * height, height))
    elif height > _MAX_ASPECT * width:
        top = (height - _MAX_ASPECT * width) // 2
        image = image.crop((0, top, width, top + _MAX_ASPECT * width))
    return image if image.mode == "RGB" else image.convert("RGB")


@dataclass(frozen=True)
class PlainRecipe:
    """Resize, centre crop, scale, normalise: the steps of CLIP, SigLIP, ViT, DINOv2, MobileNet and most others."""

    shortest_edge: int | None
    size: tuple[int, int] | None
    """Exact (width, height) to resize to; None where ``shortest_edge`` rules."""
    resample: int
    crop: tuple[int, int] | None
    """(width, height) of the centre crop."""
    scale: float
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def from_processor(cls, processor: Any) -> PlainRecipe | None:
        """Read the steps from a transformers image processor; None where they are of another kind."""
        settings = processor.to_dict()
        size = {key: value for key, value in (settings.get("size") or {}).items() if value}
        if (
            not settings.get("do_resize")
            or settings.get("do_pad")
            or set(size) not in ({"shortest_edge"}, {"height", "width"})
        ):
            return None
        crop = (settings.get("crop_size") or {}) if settings.get("do_center_crop") else {}
        normalise = settings.get("do_normalize")
        recipe = cls(
            shortest_edge=size.get("shortest_edge"),
            size=(size["width"], size["height"]) if "width" in size else None,
            resample=int(settings.get("resample", Image.Resampling.BILINEAR)),
            crop=(crop["width"], crop["height"]) if crop else None,
            scale=float(settings.get("rescale_factor", 1 / 255)) if settings.get("do_rescale") else 1.0,
            mean=tuple(settings["image_mean"]) if normalise else (0.0, 0.0, 0.0),
            std=tuple(settings["image_std"]) if normalise else (1.0, 1.0, 1.0),
        )
        # Without a crop the short edge alone leaves images of different shapes, which can't be stacked.
        return recipe if recipe.size or recipe.crop else None

    def prepare(self, image: Image.Image) -> Prepared:
        """Return uint8 (height, width, 3)."""
        image = tame(image)
        target = self.size or self._scaled(image.size)
        if image.size != target:
            image = image.resize(target, resample=Image.Resampling(self.resample))
        if self.crop and image.size != self.crop:
            left, top = (image.width - self.crop[0]) // 2, (image.height - self.crop[1]) // 2
            image = image.crop((left, top, left + self.crop[0], top + self.crop[1]))
        return np.asarray(image, dtype=np.uint8)

    def _scaled(self, size: tuple[int, int]) -> tuple[int, int]:
        assert self.shortest_edge is not None
        width, height = size
        if width <= height:
            return self.shortest_edge, int(self.shortest_edge * height / width)
        return int(self.shortest_edge * width / height), self.shortest_edge

    @property
    def scaling(self) -> tuple[float, tuple[float, ...], tuple[float, ...]]:
        """Scale, mean and deviation of a batch: done on the device, with the whole tensor (:class:`~.towers.ImageTower`)."""
        return self.scale, self.mean, self.std

    def agrees_with(self, processor: Any) -> bool:
        """Tell whether this recipe gives what the processor gives, within :data:`TOLERANCE`, on images of several shapes."""
        mean, std = (np.asarray(values, np.float32).reshape(-1, 1, 1) for values in (self.mean, self.std))
        for picture in smooth_pictures():
            mine = (self.prepare(picture).transpose(2, 0, 1) * np.float32(self.scale) - mean) / std
            theirs = np.asarray(processor(images=[picture], return_tensors="np")["pixel_values"][0])
            if mine.shape != theirs.shape or float(np.abs(mine - theirs).max()) > TOLERANCE:
                return False
        return True


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
