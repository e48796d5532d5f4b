"""The tables of the lake and the record batches that travel between steps.

Belongs here: names, columns, types and keys. Does not belong here: how a column is computed, or where a table is stored.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

TIMESTAMP = pa.timestamp("us", tz="UTC")
STRINGS = pa.list_(pa.string())
VECTOR = pa.list_(pa.float32())
BY_LANGUAGE = pa.map_(pa.string(), STRINGS)


@dataclass(frozen=True)
class TableSpec:
    """One Delta table: its name, schema, key, and whether a harvest batch owns a slice of it."""

    name: str
    schema: pa.Schema
    key: tuple[str, ...]
    partitioned: bool = True
    """True: rows belong to a harvest batch and are replaced batch by batch. False: global, merged by key."""


CLEANSED_RECORDS = TableSpec(
    "cleansed_records",
    pa.schema(
        [
            ("guid", pa.string()),
            ("batch", pa.string()),
            ("dataset", pa.string()),
            ("line", pa.int64()),
            ("title", pa.string()),
            ("title_by_language", BY_LANGUAGE),
            ("creator", pa.string()),
            ("subject", STRINGS),
            ("type", pa.string()),
            ("description", pa.string()),
            ("language", pa.string()),
            ("provider", pa.string()),
            ("data_provider", pa.string()),
            ("country", pa.string()),
            ("rights", pa.string()),
            ("rights_category", pa.string()),
            ("date", pa.string()),
            ("year_from", pa.int32()),
            ("year_to", pa.int32()),
            ("identifiers", STRINGS),
            ("is_shown_by", pa.string()),
            ("is_shown_at", pa.string()),
            ("iiif_service", pa.string()),
            ("content_hash", pa.string()),
            ("withdrawn", pa.bool_()),
            ("harvested_at", TIMESTAMP),
        ]
    ),
    ("guid", "batch"),
)
"""``content_hash``: sha256 over the cleansed fields, so an unchanged re-harvest is recognised. ``withdrawn``: a tombstone
(its provider withdrew the record; every descriptive field is null). ``identifiers``: inventory numbers, shelf marks."""

REJECTED_RECORDS = TableSpec(
    "rejected_records",
    pa.schema(
        [
            ("batch", pa.string()),
            ("dataset", pa.string()),
            ("line", pa.int64()),
            ("guid", pa.string()),
            ("reason", pa.string()),
            ("detail", pa.string()),
            ("raw", pa.string()),
        ]
    ),
    ("batch", "line"),
)

SOURCE_IMAGES = TableSpec(
    "source_images",
    pa.schema(
        [
            ("guid", pa.string()),
            ("batch", pa.string()),
            ("dataset", pa.string()),
            ("url", pa.string()),
            ("status", pa.string()),
            ("reason", pa.string()),
            ("detail", pa.string()),
            ("permanent", pa.bool_()),
            ("http_status", pa.int32()),
            ("attempts", pa.int32()),
            ("next_attempt_at", TIMESTAMP),
            ("fetched_at", TIMESTAMP),
            ("sha256", pa.string()),
            ("media_type", pa.string()),
            ("width", pa.int32()),
            ("height", pa.int32()),
            ("size_bytes", pa.int64()),
            ("perceptual_hash", pa.string()),
            ("original", pa.string()),
            ("derivative", pa.string()),
            ("thumbnail", pa.string()),
            ("etag", pa.string()),
            ("last_modified", pa.string()),
        ]
    ),
    ("guid", "batch"),
)
"""``status``: OK, NO_IMAGE (the record names no image) or FAILED. ``original``, ``derivative``, ``thumbnail``: keys in the
object store. ``perceptual_hash``: 64-bit DCT hash, 16 hexadecimal digits. ``width``/``height``: of the original, upright."""

CLIP_EMBEDDINGS = TableSpec(
    "clip_embeddings",
    pa.schema(
        [
            ("guid", pa.string()),
            ("batch", pa.string()),
            ("dataset", pa.string()),
            ("encoder", pa.string()),
            ("embedding_status", pa.string()),
            ("reason", pa.string()),
            ("prompt", pa.string()),
            ("image_sha256", pa.string()),
            ("embedding_image", VECTOR),
            ("embedding_text", VECTOR),
            ("combined", VECTOR),
            ("embedded_at", TIMESTAMP),
        ]
    ),
    ("guid", "batch", "encoder"),
)
"""Vectors are float32, unit length (``combined``: both halves unit length, concatenated). ``embedding_status``: OK (image
encoded), NO_IMAGE (text only) or FAILED (with a reason; the text vector is kept where there is one)."""

DUPLICATE_PAIRS = TableSpec(
    "duplicate_pairs",
    pa.schema(
        [
            ("guid_a", pa.string()),
            ("guid_b", pa.string()),
            ("encoder", pa.string()),
            ("image_cosine", pa.float32()),
            ("text_cosine", pa.float32()),
            ("hash_distance", pa.int32()),
            ("conflict", pa.string()),
            ("verdict", pa.string()),
            ("rule", pa.string()),
        ]
    ),
    ("guid_a", "guid_b", "encoder"),
    partitioned=False,
)
"""``guid_a < guid_b``. ``verdict``: duplicate, review or distinct; ``rule`` names what decided; ``conflict`` names the declared
metadata that speak against it, if any."""

CANONICAL_RECORDS = TableSpec(
    "canonical_records",
    pa.schema(
        [
            ("guid", pa.string()),
            ("canonical_id", pa.string()),
            ("is_representative", pa.bool_()),
            ("group_size", pa.int32()),
            ("weakest_similarity", pa.float32()),
            ("aliases", STRINGS),
            ("withdrawn", pa.bool_()),
            ("encoder", pa.string()),
            ("first_batch", pa.string()),
        ]
    ),
    ("guid",),
    partitioned=False,
)
"""``aliases``: canonical ids that were merged into this one. ``first_batch``: the batch in which the guid was first validated."""

REVIEW_DECISIONS = TableSpec(
    "review_decisions",
    pa.schema(
        [
            ("decision_id", pa.string()),
            ("guid_a", pa.string()),
            ("guid_b", pa.string()),
            ("decision", pa.string()),
            ("reviewer", pa.string()),
            ("note", pa.string()),
            ("undoes", pa.string()),
            ("decided_at", TIMESTAMP),
        ]
    ),
    ("decision_id",),
    partitioned=False,
)
"""Append-only. ``decision``: same, variant, page_of, different, or undo (``undoes`` then names the decision taken back)."""

CLUSTERS = TableSpec(
    "clusters",
    pa.schema(
        [
            ("cluster_id", pa.string()),
            ("label", pa.string()),
            ("terms", STRINGS),
            ("exemplar", pa.string()),
            ("size", pa.int32()),
            ("x", pa.float32()),
            ("y", pa.float32()),
            ("method", pa.string()),
            ("encoder", pa.string()),
        ]
    ),
    ("cluster_id",),
    partitioned=False,
)

CLUSTER_MEMBERS = TableSpec(
    "cluster_members",
    pa.schema(
        [
            ("guid", pa.string()),
            ("cluster_id", pa.string()),
            ("probability", pa.float32()),
            ("x", pa.float32()),
            ("y", pa.float32()),
            ("encoder", pa.string()),
        ]
    ),
    ("guid",),
    partitioned=False,
)

TABLES: dict[str, TableSpec] = {
    spec.name: spec
    for spec in (
        CLEANSED_RECORDS,
        REJECTED_RECORDS,
        SOURCE_IMAGES,
        CLIP_EMBEDDINGS,
        DUPLICATE_PAIRS,
        CANONICAL_RECORDS,
        REVIEW_DECISIONS,
        CLUSTERS,
        CLUSTER_MEMBERS,
    )
}

RAW_RECORDS = pa.schema([("line", pa.int64()), ("guid", pa.string()), ("deleted", pa.bool_()), ("raw", pa.string())])
"""What landing yields: 1-based line in the batch, the guid the source declared (or null), whether the source says that it is
withdrawn, and the untouched raw text (one JSON object, or one XML document)."""

IMAGE_TASKS = pa.schema(
    [
        ("guid", pa.string()),
        ("batch", pa.string()),
        ("dataset", pa.string()),
        ("url", pa.string()),
        ("iiif_service", pa.string()),
    ]
)
"""One row for each current, not withdrawn record of a batch; ``url`` null where the record names no image."""

EMBEDDING_TASKS = pa.schema(
    [
        ("guid", pa.string()),
        ("batch", pa.string()),
        ("dataset", pa.string()),
        ("prompt", pa.string()),
        ("image_status", pa.string()),
        ("image_sha256", pa.string()),
        ("derivative", pa.string()),
    ]
)
"""The join of a batch's records (their prompt) and images (status, hash, key of the derivative)."""

PICTURE_FILES = pa.schema(
    [("guid", pa.string()), ("path", pa.string()), ("content", pa.binary()), ("captions", STRINGS)]
)
"""``guid``: the file's path below its folder. ``content``: null where the file is too large to be read."""

PICTURE_EMBEDDINGS = TableSpec(
    "picture_embeddings",
    pa.schema(
        [
            ("guid", pa.string()),
            ("batch", pa.string()),
            ("path", pa.string()),
            ("encoder", pa.string()),
            ("status", pa.string()),
            ("reason", pa.string()),
            ("sha256", pa.string()),
            ("width", pa.int32()),
            ("height", pa.int32()),
            ("captions", STRINGS),
            ("embedding_image", VECTOR),
            ("embedding_text", VECTOR),
            ("caption_vectors", pa.list_(VECTOR)),
        ]
    ),
    ("guid", "batch"),
)
"""One row for each file. ``caption_vectors``: one for each caption, in their order; ``embedding_text``: their mean direction.
All are float32 of unit length. ``status``: OK, or FAILED with a reason; the vectors of the captions are kept then."""
