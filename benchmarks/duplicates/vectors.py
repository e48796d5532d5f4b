"""Vectors like those of an image encoder: clusters in clusters, a decaying spectrum, 5 % near-duplicates."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
BLOCK = 50_000


def embedding_like(rows: int, dimensions: int = 512, seed: int = 0, clusters: int = 200) -> npt.NDArray[np.float32]:
    """Return (rows, dimensions) float32 unit vectors; the same for the same arguments."""
    rng = np.random.default_rng(seed)
    spectrum = ((1 + np.arange(dimensions)) ** -0.6).astype(np.float32)
    centres = rng.standard_normal((clusters, dimensions), np.float32) * spectrum
    vectors = np.empty((rows, dimensions), np.float32)
    for start in range(0, rows, BLOCK):
        size = min(BLOCK, rows - start)
        noise = rng.standard_normal((size, dimensions), np.float32) * spectrum
        vectors[start : start + size] = centres[rng.integers(0, clusters, size)] + 0.7 * noise
    _normalise(vectors)
    copies, originals = rng.permutation(rows)[: rows // 20], rng.integers(0, rows, rows // 20)
    edits = rng.standard_normal((len(copies), dimensions), np.float32)
    _normalise(edits)
    vectors[copies] = vectors[originals] + edits * rng.uniform(0.02, 0.25, (len(copies), 1)).astype(np.float32)
    _normalise(vectors)
    return vectors


def _normalise(vectors: npt.NDArray[np.float32]) -> None:
    for start in range(0, len(vectors), BLOCK):
        part = vectors[start : start + BLOCK]
        part /= np.linalg.norm(part, axis=1, keepdims=True)
