"""Evaluation: the tables of the archive against truth files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from heritage_assets.curation.duplicates.evaluation import evaluate_pairs
from heritage_assets.curation.evaluation import cluster_metrics, rank, retrieval_metrics
from heritage_assets.curation.schemas import CANONICAL_RECORDS, CLIP_EMBEDDINGS, CLUSTER_MEMBERS
from heritage_assets.search.truth import read_truth
from heritage_assets.stores.connect import Platform
from heritage_assets.stores.lake import text
from heritage_assets.stores.views import CurrentFilter, live_rows, matrix

GROUP_COLUMNS = ("group", "object", "canonical_id")
CLASS_COLUMNS = ("class", "label", "cluster", "group", "title")


def evaluate_duplicates(platform: Platform, truth_file: Path) -> dict[str, Any]:
    """Return ``precision``, ``recall`` and ``f1`` over pairs, and more of the same kind.

    Raises:
        ValueError: a truth file that can't be read or names no record; nothing canonicalized yet.
    """
    truth = read_truth(platform, truth_file, GROUP_COLUMNS)
    groups = platform.lake.read(CANONICAL_RECORDS, columns=["guid", "canonical_id"], where=~pc.field("withdrawn"))
    if groups.num_rows == 0:
        raise ValueError("nothing is canonicalized yet: run `heritage materialize`")
    predicted = dict(zip(groups["guid"].to_pylist(), groups["canonical_id"].to_pylist(), strict=True))
    return {**evaluate_pairs(predicted, truth.labels).to_dict(), "unmatched": truth.unmatched}


def evaluate_clusters(platform: Platform, truth_file: Path) -> dict[str, Any]:
    """Return ``adjusted_rand`` and more of the same kind, over the records that are in the truth and in a cluster.

    Raises:
        ValueError: a truth file that can't be read or names no record; nothing clustered yet.
    """
    truth = read_truth(platform, truth_file, CLASS_COLUMNS)
    members = platform.lake.read(CLUSTER_MEMBERS, columns=["guid", "cluster_id"])
    if members.num_rows == 0:
        raise ValueError("nothing is clustered yet: run `heritage materialize`")
    predicted = dict(zip(members["guid"].to_pylist(), members["cluster_id"].to_pylist(), strict=True))
    return {**cluster_metrics(predicted, truth.labels), "unmatched": truth.unmatched}


def evaluate_retrieval(platform: Platform, encoder: str, objects: dict[str, str]) -> dict[str, Any]:
    """Search every object's picture by its record's own words; return recall@k, mrr and map over objects.

    The query is the stored text vector of one record of each object (the one with the smallest guid), the ranking all pictures of
    ``objects`` by cosine; every copy of the object counts as found. Memory: the (objects, pictures) matrix of cosines, float32.

    Args:
        platform: the archive.
        encoder: id of the encoder whose vectors are compared.
        objects: the true object of each guid.
    """
    where = (text("encoder") == encoder) & (text("embedding_status") == "OK") & pc.field("embedding_text").is_valid()
    columns = ["guid", "batch", "embedding_image", "embedding_text"]
    current = CurrentFilter(live_rows(platform.lake))(platform.lake.scan(CLIP_EMBEDDINGS, columns=columns, where=where))
    rows = pa.Table.from_batches(
        list(current), schema=pa.schema([CLIP_EMBEDDINGS.schema.field(name) for name in columns])
    )
    rows = rows.filter(pc.is_in(rows["guid"], value_set=pa.array(sorted(objects), pa.string()))).sort_by("guid")
    guids: list[str] = rows["guid"].to_pylist()
    copies: dict[str, list[str]] = {}
    for guid in guids:
        copies.setdefault(objects[guid], []).append(guid)
    position = {guid: row for row, guid in enumerate(guids)}
    asking = np.array([position[group[0]] for group in copies.values()])
    images, texts = matrix(rows["embedding_image"]), matrix(rows["embedding_text"])
    rankings = dict(zip(copies, rank(texts[asking] @ images.T, guids, limit=10), strict=True))
    return retrieval_metrics(rankings, copies, ks=(1, 10))
