"""How many of the true nearest a search finds."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


def exact_nearest(asked: Floats, stored: Floats, limit: int) -> list[list[int]]:
    """Return for each query (n, d) the rows of its ``limit`` nearest among unit vectors (m, d), the nearest first."""
    nearest: list[list[int]] = np.argsort(-(asked @ stored.T), axis=1, kind="stable")[:, :limit].tolist()
    return nearest


def recall(found: list[AbstractSet[Any]], truth: list[AbstractSet[Any]]) -> float:
    """Return the mean part of each true set that was found."""
    return float(np.mean([len(one & wanted) / len(wanted) for one, wanted in zip(found, truth, strict=True)]))
