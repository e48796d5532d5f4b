"""How near the scores of an encoder crowd to 1: measured in every run, because such an encoder must not merge an archive."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from heritage_assets.curation.duplicates.attributes import vector_rows
from heritage_assets.curation.duplicates.hashes import parse_hashes
from heritage_assets.curation.duplicates.settings import DuplicateSettings

CROWDED_MEDIAN = 0.95
"""An encoder whose typical nearest *different* neighbour is so near cannot tell pictures apart by its score."""
SAMPLED = 100
AGAINST = 2_000
FEWEST = 50
"""Among fewer pictures a neighbour says nothing."""


def crowding(records: pa.Table, settings: DuplicateSettings) -> float | None:
    """Return the median cosine of the nearest different picture, over a sample of the records at hand; None for too few.

    Different are pictures of different files whose hashes, where both are known, are not near. Neighbours are looked for among
    ``AGAINST`` records; in the whole archive there are nearer ones, so what is found here is a lower bound.

    Args:
        records: :data:`~.archive.RECORDS`.
        settings: which hashes are near.

    Memory and time: ``SAMPLED`` by ``AGAINST`` cosines, whatever the number of records.
    """
    seen = np.flatnonzero(pc.is_valid(records["embedding_image"]).to_numpy())
    if len(seen) < FEWEST:
        return None
    some = records.select(["image_sha256", "perceptual_hash", "embedding_image"])
    if len(records) > min(AGAINST, len(seen)):
        chosen = seen[np.unique(np.linspace(0, len(seen) - 1, min(AGAINST, len(seen))).astype(np.int64))]
        some = some.take(pa.array(chosen))
    vectors = vector_rows(some["embedding_image"])
    hashes, known = parse_hashes(some["perceptual_hash"])
    files = some["image_sha256"].combine_chunks().dictionary_encode(null_encoding="encode").indices.to_numpy()
    rows = np.unique(np.linspace(0, len(vectors) - 1, min(SAMPLED, len(vectors))).astype(np.int64))
    near = np.bitwise_count(hashes[rows, None] ^ hashes[None]) <= settings.hash_near
    same = (files[rows, None] == files[None]) | (near & known[rows, None] & known[None])
    nearest = np.where(same, -np.inf, vectors[rows] @ vectors.T).max(axis=1)
    different = nearest[np.isfinite(nearest)]
    return float(np.median(different)) if len(different) else None
