"""An archive of any size to search in: made-up records and vectors, a CLIP of the usual size with random weights.

What it finds means nothing; what a search costs is that of a real archive with ``openai/clip-vit-base-patch32``.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import qdrant_edge as edge

from benchmarks.duplicates.vectors import embedding_like
from benchmarks.filled_tables import filled
from heritage_assets.curation.schemas import CANONICAL_RECORDS, CLEANSED_RECORDS
from heritage_assets.embedded.vector_endpoint.catalog import Catalog
from heritage_assets.embedded.vector_endpoint.lifecycle import EndpointFiles, HomeLock
from heritage_assets.settings import Settings
from heritage_assets.stores.connect import Platform
from heritage_assets.stores.vector_schema import ALIAS, PAYLOAD_FIELDS, collection_for, point_id

DIMENSIONS = 512
BATCH = "benchmark-1"
AT_ONCE = 1_000
TYPES = ("painting", "coin", "map", "photograph", "vase", "textile")


def build(home: Path, rows: int) -> Settings:
    """Make a home with ``rows`` validated records, each with its three vectors; nothing is done where it is there already."""
    settings = Settings(_env_file=None, home=home, encoder=str(home / "clip"))
    if (home / "complete").exists():
        return settings
    shutil.rmtree(home, ignore_errors=True)
    _save_clip(home / "clip")
    _write_tables(settings, rows)
    _write_points(settings, rows)
    (home / "complete").write_text(str(rows))
    return settings


def guid(row: int) -> str:
    """Return the guid of a row."""
    return f"/benchmark/object_{row:07d}"


def _save_clip(folder: Path) -> None:
    import torch
    from transformers import AutoTokenizer, CLIPConfig, CLIPImageProcessorPil, CLIPModel, CLIPProcessor

    import heritage_assets.embedded

    demo = Path(heritage_assets.embedded.__file__).parent / "demo_encoder"
    tokenizer = AutoTokenizer.from_pretrained(demo)
    CLIPProcessor(CLIPImageProcessorPil(), tokenizer).save_pretrained(folder)
    torch.manual_seed(0)
    ends = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
    CLIPModel(CLIPConfig(text_config=ends)).save_pretrained(folder)


def _write_tables(settings: Settings, rows: int) -> None:
    lake = Platform(settings).lake
    guids = [guid(row) for row in range(rows)]
    lake.replace_batch(
        CLEANSED_RECORDS,
        BATCH,
        filled(
            CLEANSED_RECORDS,
            {
                "guid": guids,
                "batch": [BATCH] * rows,
                "dataset": ["benchmark"] * rows,
                "line": list(range(rows)),
                "title": [f"{TYPES[row % len(TYPES)].title()} number {row}" for row in range(rows)],
                "type": [TYPES[row % len(TYPES)] for row in range(rows)],
                "provider": [f"Museum {row % 40}" for row in range(rows)],
                "year_from": [1500 + row % 500 for row in range(rows)],
                "withdrawn": [False] * rows,
                "harvested_at": [datetime(2026, 1, 1, tzinfo=UTC)] * rows,
            },
        ).to_batches(max_chunksize=8_192),
    )
    canonical: dict[str, Sequence[object]] = {
        "guid": guids,
        "canonical_id": [f"c-{row}" for row in range(rows)],
        "is_representative": [True] * rows,
        "group_size": [1] * rows,
        "withdrawn": [False] * rows,
    }
    lake.merge(CANONICAL_RECORDS, filled(CANONICAL_RECORDS, canonical))


def _write_points(settings: Settings, rows: int) -> None:
    """Write points as the endpoint would, in this process: as fast as the engine takes them."""
    encoder = Platform(settings).encoder().id
    sizes = {"embedding_image": DIMENSIONS, "embedding_text": DIMENSIONS, "combined": 2 * DIMENSIONS}
    images, texts = embedding_like(rows, DIMENSIONS, seed=1), embedding_like(rows, DIMENSIONS, seed=2)
    files = EndpointFiles(settings.home)
    files.folder.mkdir(parents=True, exist_ok=True)
    with HomeLock(files.lock).held(wait=5):
        catalog = Catalog(files.folder)
        name = collection_for(encoder)
        catalog.create(name, {"vectors": {one: {"size": size, "distance": "Cosine"} for one, size in sizes.items()}})
        catalog.update_aliases({"actions": [{"create_alias": {"alias_name": ALIAS, "collection_name": name}}]})
        collection = catalog.get(name)
        for field, kind in PAYLOAD_FIELDS.items():
            schema = getattr(edge.PayloadSchemaType, kind.title())
            collection.update(edge.UpdateOperation.create_field_index(field, schema))
        for start in range(0, rows, AT_ONCE):
            points = [_point(row, images[row], texts[row]) for row in range(start, min(rows, start + AT_ONCE))]
            collection.update(edge.UpdateOperation.upsert_points(points))
        catalog.close()


def _point(row: int, image: np.ndarray, text: np.ndarray) -> edge.Point:
    vectors = {
        "embedding_image": image.tolist(),
        "embedding_text": text.tolist(),
        "combined": np.concatenate([image, text]).tolist(),
    }
    payload = {
        "id_object": guid(row),
        "status": "validated",
        "embedding_status": "OK",
        "batch": BATCH,
        "dataset": "benchmark",
        "type": TYPES[row % len(TYPES)],
        "provider": f"Museum {row % 40}",
        "year": 1500 + row % 500,
        "canonical_id": f"c-{row}",
    }
    return edge.Point(point_id(guid(row)), vectors, payload)
