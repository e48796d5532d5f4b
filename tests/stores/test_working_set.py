"""The working set says what the lake says, whatever happened to its files."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from heritage_assets.curation.duplicates import DuplicateSettings, find_pairs
from heritage_assets.curation.schemas import CLEANSED_RECORDS, CLIP_EMBEDDINGS, SOURCE_IMAGES, TableSpec
from heritage_assets.stores.archive import LakeArchive
from heritage_assets.stores.lake import Lake
from heritage_assets.stores.working_archive import WorkingArchive
from heritage_assets.stores.working_set import WorkingSet

ENCODER = "test@1"
DIM = 8


def fill(lake: Lake, batch: str, first: int, count: int, *, day: int, withdrawn: tuple[int, ...] = ()) -> None:
    """Write a batch of records; every fifth has no picture, every seventh no vector."""
    rng = np.random.default_rng(day)
    rows = []
    for number in range(first, first + count):
        vector = rng.standard_normal(2 * DIM).astype(np.float32).reshape(2, DIM)
        vector /= np.linalg.norm(vector, axis=1, keepdims=True)
        seen = number % 5 > 0
        embedded = seen and number % 7 > 0
        rows.append(
            {
                "guid": f"/t/{number:04d}",
                "batch": batch,
                "dataset": "t",
                "line": number,
                "title": f"Thing {number}",
                "withdrawn": number in withdrawn,
                "harvested_at": dt.datetime(2024, 1, day, tzinfo=dt.UTC),
                "status": "OK" if seen else "HTTP_ERROR",
                "sha256": f"{number:064x}" if seen else None,
                "perceptual_hash": f"{int(rng.integers(2**63)):016x}" if seen else None,
                "width": 10 if seen else None,
                "height": 20 if seen else None,
                "encoder": ENCODER,
                "embedding_status": "OK" if embedded else "NO_IMAGE",
                "embedding_image": vector[0].tolist() if embedded else None,
                "embedding_text": vector[1].tolist(),
            }
        )
    for table in (CLEANSED_RECORDS, SOURCE_IMAGES, CLIP_EMBEDDINGS):
        lake.replace_batch(table, batch, slice_of(table, rows))


def slice_of(table: TableSpec, rows: list[dict[str, object]]) -> list[pa.RecordBatch]:
    named = [{name: row.get(name) for name in table.schema.names} for row in rows]
    return pa.Table.from_pylist(named, schema=table.schema).to_batches()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake = Lake(tmp_path_factory.mktemp("lake").as_uri())
    fill(lake, "001", 0, 60, day=1)
    fill(lake, "002", 40, 40, day=2, withdrawn=(41, 50))
    return lake


@pytest.fixture
def cache(filled: Lake, tmp_path: Path) -> Iterator[Path]:
    """A folder with the files of the working set, short forms and projection included."""
    shorts(opened(filled, tmp_path))
    yield tmp_path
    assert not list(tmp_path.glob("*/.*")), "a temporary file was left"


def opened(lake: Lake, folder: Path) -> WorkingArchive:
    return WorkingArchive(lake, ENCODER, WorkingSet.open(lake, ENCODER, folder))


def shorts(archive: WorkingArchive) -> dict[str, list[float]]:
    """Return the short form of each guid."""
    found = {}
    prepared = archive.prepared(0.9)
    for guids, rows in prepared.blocks:
        found.update(zip(guids.to_pylist(), rows.short.tolist(), strict=True))
    return found


def by_guid(batches) -> list[dict[str, object]]:
    rows = [row for batch in batches for row in batch.to_pylist()]
    return sorted(rows, key=lambda row: row["guid"])


def equals_the_lake(archive: WorkingArchive, lake: Lake) -> None:
    truth = LakeArchive(lake, ENCODER)
    some = [f"/t/{number:04d}" for number in range(0, 90, 3)]
    assert by_guid(archive.images()) == by_guid(truth.images())
    assert by_guid(archive.vectors()) == by_guid(truth.vectors())
    assert by_guid([archive.evidence(some)]) == by_guid([truth.evidence(some)])
    for batches in (None, ["001"], ["002"], ["001", "002"], ["none"], []):
        assert by_guid([archive.records(batches)]) == by_guid([truth.records(batches)])
    kept = {row["guid"]: row["embedding_image"] for row in by_guid(truth.vectors())}
    short = shorts(archive)
    assert short.keys() == kept.keys()
    basis = archive.working.reduction(0.9)[0].basis
    for guid, row in short.items():
        assert row[:-1] == pytest.approx((np.array(kept[guid]) @ basis).tolist(), abs=1e-6)


def files(cache: Path, pattern: str) -> dict[Path, int]:
    return {file: file.stat().st_ino for file in cache.glob(f"*/{pattern}")}


def test_says_what_the_lake_says(filled: Lake, cache: Path) -> None:
    archive = opened(filled, cache)
    equals_the_lake(archive, filled)
    alive, gone = archive.current(["002"])
    assert gone == ["/t/0041", "/t/0050"] and len(alive) == 38
    assert len(archive.current()[0]) == 78
    records = archive.records(["002"])
    pairs = [
        find_pairs(records, one, DuplicateSettings(threshold=0.6), ENCODER)
        for one in (archive, LakeArchive(filled, ENCODER))
    ]
    assert len(pairs[0].merge) and by_guid_pairs(pairs[0].merge) == by_guid_pairs(pairs[1].merge)


def by_guid_pairs(table: pa.Table) -> list[dict[str, object]]:
    return sorted(table.to_pylist(), key=lambda row: (row["guid_a"], row["guid_b"]))


def test_files_are_made_once(filled: Lake, cache: Path) -> None:
    before = files(cache, "*")
    shorts(opened(filled, cache))
    assert files(cache, "*") == before and len(before) == 5


def cut(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def empty(file: Path) -> None:
    file.write_bytes(b"")


def zeros(file: Path) -> None:
    """As after a power failure: the size reached the disk, the pages did not."""
    size = file.stat().st_size
    file.write_bytes(file.read_bytes()[: size // 4] + bytes(size // 2) + file.read_bytes()[-(size // 4) :])


def foreign(file: Path) -> None:
    """Another of the kind under this name."""
    other = next(one for one in file.parent.glob(f"*{file.suffix}") if one != file and not one.name.startswith("."))
    shutil.copy(other, file)


def text(file: Path) -> None:
    file.write_text("not what it seems", encoding="utf-8")


DAMAGE = [
    (damage, pattern)
    for pattern in ("*.arrow", "*.npy", "projection.npz")
    for damage in (cut, empty, zeros, text, foreign)
    if (damage, pattern) != (foreign, "projection.npz")  # there is only one
]


@pytest.mark.parametrize(("damage", "pattern"), DAMAGE)
def test_damaged_files_are_made_again(damage, pattern: str, filled: Lake, cache: Path) -> None:
    harmed = sorted(files(cache, pattern))[0]
    whole = harmed.stat().st_ino
    damage(harmed)
    equals_the_lake(opened(filled, cache), filled)
    # Made beside it and moved there, never written in place: another run may have it mapped.
    assert harmed.stat().st_ino != whole


def test_whoever_doubts_the_files_has_them_made_anew(filled: Lake, cache: Path) -> None:
    list(opened(filled, cache).prepared(0.9).blocks)
    damaged = next(file for file in cache.glob("*/*.arrow") if b"Thing 3" in file.read_bytes())
    whole = damaged.read_bytes()
    damaged.write_bytes(whole.replace(b"Thing 3", b"Thong 3"))  # what no look at the vectors tells
    assert "Thong 3" in {row["title"] for row in opened(filled, cache).records().to_pylist()}
    anew = WorkingArchive(filled, ENCODER, WorkingSet.open(filled, ENCODER, cache, anew=True))
    equals_the_lake(anew, filled)
    assert damaged.read_bytes() == whole


def test_a_projection_that_is_not_orthonormal_is_made_again(filled: Lake, cache: Path) -> None:
    file = next(iter(files(cache, "projection.npz")))
    with np.load(file) as stored:
        values = dict(stored)
    np.savez(file, **{**values, "basis": values["basis"] * 1.01})
    equals_the_lake(opened(filled, cache), filled)


def test_another_threshold_has_another_projection(filled: Lake, cache: Path) -> None:
    archive = opened(filled, cache)
    _, name = archive.working.reduction(0.9)
    archive.working.reduction(0.5)
    with np.load(next(iter(files(cache, "projection.npz")))) as stored:
        assert float(stored["threshold"]) == 0.5
    assert archive.working.reduction(0.9)[1] == name


def test_another_state_of_the_lake_has_other_files(tmp_path: Path) -> None:
    lake, cache = Lake((tmp_path / "lake").as_uri()), tmp_path / "cache"
    fill(lake, "001", 0, 30, day=1)
    fill(lake, "002", 30, 30, day=2)
    shorts(opened(lake, cache))
    first = files(cache, "*.arrow")
    fill(lake, "002", 30, 20, day=3)
    archive = opened(lake, cache)
    equals_the_lake(archive, lake)
    second = files(cache, "*.arrow")
    assert len(second) == 2 and len(first.keys() & second.keys()) == 1
    assert len(files(cache, "*.npy")) == 2
    other = WorkingSet.open(lake, "another@1", cache)
    assert other.vectors == 0 and files(cache, "*.arrow").keys() > second.keys()


def test_files_that_others_are_writing_stay(filled: Lake, cache: Path) -> None:
    folder = next(cache.iterdir())
    writing = [folder / name for name in (".tmpabc.arrow", ".tmpabc.npy")]
    left = [folder / name for name in (".tmpold.arrow", ".tmpold.npy")]
    for file in [*writing, *left]:
        file.write_bytes(b"half")
    for file in left:
        os.utime(file, (time.time() - 100_000,) * 2)
    shorts(opened(filled, cache))
    assert all(file.exists() for file in writing) and not any(file.exists() for file in left)
    for file in writing:
        file.unlink()


def test_two_at_once_write_the_same_files(filled: Lake, tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: shorts(opened(filled, tmp_path)), range(4)))
    assert all(one == found[0] for one in found) and len(files(tmp_path, "*")) == 5


def test_an_empty_lake_has_nothing(tmp_path: Path) -> None:
    lake = Lake((tmp_path / "lake").as_uri())
    archive = opened(lake, tmp_path / "cache")
    assert archive.current() == ([], []) and archive.prepared(0.9) is None
    assert len(archive.evidence(["x"])) == len(archive.records()) == 0
