"""The halves of a model as plain functions of arrays: pixels to features, tokens to features.

Every backend runs these same modules, so pooling, projection and normalisation of pixels are said once. Imports torch: import it
inside functions only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from heritage_assets.curation.encoders.interface import EncoderError


class ImageTower(torch.nn.Module):  # type: ignore[misc]  # torch is untyped here
    """Pixels to one feature vector an image.

    Takes uint8 (n, height, width, 3), which are scaled and normalised here as one tensor, on the device; or float32
    (n, 3, height, width) that the model's own processor made. Gives (n, image_dim), not yet of unit length.

    Args:
        model: a transformers model.
        scaling: (scale, mean, std) for uint8 pixels; None where they come normalised.
        pooler_trained: whether the pooler's weights were in the files.
    """

    def __init__(
        self, model: Any, scaling: tuple[float, Sequence[float], Sequence[float]] | None, *, pooler_trained: bool
    ) -> None:
        super().__init__()
        self.model = model
        self.dual = hasattr(model, "get_image_features")
        self.pooler_trained = pooler_trained
        self.scale = scaling[0] if scaling else None
        mean, std = scaling[1:] if scaling else ((0.0,), (1.0,))
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32).view(1, -1, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std, dtype=torch.float32).view(1, -1, 1, 1), persistent=False)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return the features of a batch."""
        if self.scale is not None:
            pixels = (pixels.permute(0, 3, 1, 2).to(torch.float32) * self.scale - self.mean) / self.std
            pixels = pixels.contiguous()
        if self.dual:
            return _features(self.model.get_image_features(pixel_values=pixels))
        output = self.model(pixel_values=pixels)
        pooled: torch.Tensor | None = getattr(output, "pooler_output", None)
        if pooled is not None and self.pooler_trained:
            return pooled.flatten(1)  # convolutional networks pool to (n, channels, 1, 1)
        hidden: torch.Tensor = output.last_hidden_state
        return hidden.mean((2, 3)) if hidden.ndim == 4 else hidden[:, 0]  # feature map, or the class token


class TextTower(torch.nn.Module):  # type: ignore[misc]
    """Tokens (int64, (n, length)) to one feature vector a text, (n, text_dim), not yet of unit length."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor | None = None) -> torch.Tensor:
        """Return the features of a batch; models trained without a mask (SigLIP) are given none."""
        if attention_mask is None:
            return _features(self.model.get_text_features(input_ids=input_ids))
        return _features(self.model.get_text_features(input_ids=input_ids, attention_mask=attention_mask))


def _features(output: Any) -> torch.Tensor:
    """Return the projected features, whichever way this version of transformers hands them out."""
    features: torch.Tensor = output if isinstance(output, torch.Tensor) else output.pooler_output
    return features


def pooler_is_trained(name: str, missing: Sequence[str]) -> bool:
    """Tell whether the pooler has weights; raise when anything but the pooler lacks them (it would encode noise).

    Raises:
        EncoderError: weights are missing.
    """
    untrained = sorted(key for key in missing if not key.startswith("pooler."))
    if untrained:
        raise EncoderError(
            f"can't use encoder {name!r}: its files lack {len(untrained)} weights, such as {untrained[0]}; "
            "take the files from the model's publisher again"
        )
    return not missing
