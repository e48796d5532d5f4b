"""Images as the chain keeps them, and the tables that the step of embeddings reads."""

from __future__ import annotations

import hashlib
import io
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.filled_tables import filled
from heritage_assets.curation.schemas import CLEANSED_RECORDS, SOURCE_IMAGES
from heritage_assets.stores.lake import Lake
from heritage_assets.stores.objects import FolderStore

BATCH = "benchmark-1"
SIZE = (768, 576)
QUALITY = 92
"""Long side and quality of the platform's derivatives."""


def write_pictures(folder: Path, count: int) -> list[Path]:
    """Write JPEGs like photographs: structure at several scales and a little grain, all different; kept ones serve again."""
    kept = sorted(folder.glob("*.jpg"))
    if len(kept) >= count:
        return kept[:count]
    random = np.random.default_rng(5)
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for number in range(count):
        total = np.zeros((SIZE[1], SIZE[0], 3), np.float32)
        for cells, strength in ((6, 110.0), (24, 50.0), (96, 30.0)):
            noise = random.integers(0, 256, (cells * 3 // 4, cells, 3), dtype=np.uint8)
            layer = Image.fromarray(noise).resize(SIZE, Image.Resampling.BICUBIC)
            total += np.asarray(layer, np.float32) * (strength / 190)
        total += random.standard_normal((SIZE[1], SIZE[0], 1), dtype=np.float32) * 3
        written = io.BytesIO()
        Image.fromarray(total.clip(0, 255).astype(np.uint8)).save(written, "JPEG", quality=QUALITY)
        file = folder / f"{number:06d}.jpg"
        file.write_bytes(written.getvalue())
        files.append(file)
    return files


def copied(files: Sequence[Path], folder: Path) -> list[Path]:
    """Return copies of these files in a folder that holds nothing else."""
    folder.mkdir()
    return [Path(shutil.copy(file, folder)) for file in files]


def write_tables(root: Path, files: Sequence[Path]) -> Lake:
    """Write what ``clip_embeddings`` reads: one record without words a picture, so that images alone are encoded."""
    lake = Lake(root.as_uri())
    count = len(files)
    named = {
        "guid": [file.stem for file in files],
        "batch": [BATCH] * count,
        "dataset": ["benchmark"] * count,
    }
    records = {**named, "line": list(range(count)), "withdrawn": [False] * count}
    images = {
        **named,
        "status": ["OK"] * count,
        "sha256": [hashlib.sha256(file.read_bytes()).hexdigest() for file in files],
        "derivative": [file.name for file in files],
    }
    for table, columns in ((CLEANSED_RECORDS, records), (SOURCE_IMAGES, images)):
        lake.replace_batch(table, BATCH, filled(table, columns).to_batches())
    return lake


def store_of(folder: Path) -> FolderStore:
    """Return the object store whose derivatives are the pictures."""
    return FolderStore(folder)
