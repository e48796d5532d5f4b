"""What the demo encoder is taught.

Contrast of pictures and prompts as in CLIP (Radford et al. 2021); contrast of two views of one picture as in SimCLR (Chen et al.
2020); margins that place copies above, and look-alikes and strangers below, the similarity at which the platform calls two
pictures one; and the museum's own attributes, which a few thousand pictures alone would teach too slowly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from heritage_assets.embedded.museum import MuseumObject

if TYPE_CHECKING:
    import torch

COPY_COSINE = 0.99
STRANGER_COSINE = 0.85
LOOK_ALIKE_COSINE = 0.97
_VIEW_TEMPERATURE = 0.07


@dataclass(frozen=True)
class Attributes:
    """The attributes of objects as class numbers: one block of logits for each axis, -100 where an object has no such axis."""

    blocks: tuple[int, ...]
    """Number of values of each axis."""
    targets: np.ndarray
    """int64 (n, axes)."""

    @classmethod
    def of(cls, objects: Sequence[MuseumObject]) -> Attributes:
        """Number the values of every axis; the class is one axis, equal names of different classes are different values."""
        rows = [
            {"class": obj.klass} | {f"{axis}": str(value) for axis, value in obj.attributes.items()} for obj in objects
        ]
        axes = sorted({axis for row in rows for axis in row})
        numbers: dict[str, dict[str, int]] = {axis: {} for axis in axes}
        targets = np.full((len(rows), len(axes)), -100, np.int64)
        for index, row in enumerate(rows):
            for column, axis in enumerate(axes):
                if axis in row:
                    targets[index, column] = numbers[axis].setdefault(row[axis], len(numbers[axis]))
        return cls(tuple(len(numbers[axis]) for axis in axes), targets)


def pair_loss(images: torch.Tensor, texts: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """Return the symmetric contrastive loss of (n, d) unit images and (n, d) unit texts."""
    import torch
    import torch.nn.functional as nn

    logits = scale * images @ texts.T
    target = torch.arange(len(images))
    return (nn.cross_entropy(logits, target) + nn.cross_entropy(logits.T, target)) / 2


def view_loss(first: torch.Tensor, second: torch.Tensor, copy_weight: float = 10.0) -> torch.Tensor:
    """Return the loss of two views (n, d): contrast, copies at least at COPY_COSINE, strangers at most at STRANGER_COSINE."""
    import torch
    import torch.nn.functional as nn

    cosine = first @ second.T
    target = torch.arange(len(first))
    contrast = nn.cross_entropy(cosine / _VIEW_TEMPERATURE, target)
    copies = nn.relu(COPY_COSINE - cosine.diagonal()).mean()
    strangers = cosine.masked_fill(torch.eye(len(first), dtype=torch.bool), -1.0)
    crowded = nn.relu(strangers - STRANGER_COSINE).sum(1).mean()
    return 0.3 * contrast + copy_weight * copies + 5 * crowded


def look_alike_loss(plain: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
    """Return by how much look-alikes (m, d) come too near to the pictures (m, d) they resemble."""
    import torch.nn.functional as nn

    return 2 * nn.relu((plain * others).sum(1) - LOOK_ALIKE_COSINE).mean()


def attribute_loss(logits: torch.Tensor, targets: torch.Tensor, blocks: tuple[int, ...]) -> torch.Tensor:
    """Return the mean cross-entropy over the axes that occur; ``logits`` (n, sum of blocks), ``targets`` (n, axes)."""
    import torch
    import torch.nn.functional as nn

    losses = []
    for column, block in enumerate(logits.split(blocks, dim=1)):
        known = targets[:, column] >= 0
        if known.any():
            losses.append(nn.cross_entropy(block[known], targets[known, column]) * known.float().mean())
    return torch.stack(losses).sum()
