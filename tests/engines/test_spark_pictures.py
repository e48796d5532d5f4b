"""A folder of captioned pictures goes through Spark into Delta, Parquet and the vector store, as docs/cluster.md has it."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from command_in_process import Done, run_heritage
from landed_sources import Archive
from spark_sessions import SECONDS, SMALL, killed_after

from heritage_assets.curation.encoders.spec import Backend, EncoderSpec
from heritage_assets.curation.schemas import CLIP_EMBEDDINGS, PICTURE_EMBEDDINGS
from heritage_assets.curation.sources import DirectorySource, harvest
from heritage_assets.embedded.vector_endpoint import stop_endpoint
from heritage_assets.engines.local import LocalEngine
from heritage_assets.engines.spark.jvm import end_jvm
from heritage_assets.stores.lake import Lake
from heritage_assets.stores.objects import open_object_store
from heritage_assets.stores.vectors import VectorStore

PICTURES, EACH = 12, 5
pytestmark = pytest.mark.usefixtures("spark_ready")


@dataclass(frozen=True)
class Encoded:
    """A folder of pictures that was encoded by the command, and what it said."""

    folder: Path
    home: Path
    encoder: Path
    told: dict[str, Any]

    def heritage(self, *words: str) -> Done:
        return run(self.folder, self.home, self.encoder, *words)


def run(folder: Path, home: Path, encoder: Path, *words: str) -> Done:
    environment = {
        "HERITAGE_HOME": str(home),
        "HERITAGE_ENCODER": str(encoder),
        "HERITAGE_ENCODER_BACKEND": "torch",
        "HERITAGE_ENCODER_DEVICE": "cpu",
        "HERITAGE_SPARK__MASTER": "local[2]",
        "HERITAGE_SPARK__PARTITIONS": "2",
        "HERITAGE_SPARK__CONF": json.dumps(SMALL),
    }
    return run_heritage(*words, folder=folder, environment=environment)


@pytest.fixture(scope="module")
def encoded(tmp_path_factory: pytest.TempPathFactory, shared_data: Path, small_encoder: Path) -> Iterator[Encoded]:
    folder, home = tmp_path_factory.mktemp("pictures"), tmp_path_factory.mktemp("home")
    (folder / "a folder" / "below").mkdir(parents=True)
    chosen = sorted((shared_data / "captioned_images" / "images").iterdir())[:: 400 // PICTURES][:PICTURES]
    for number, file in enumerate(chosen):
        shutil.copy(file, folder / "a folder" / ("below" if number % 2 else ".") / file.name)
    (folder / "a folder" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 and no more")
    (folder / "a folder" / "notes.txt").write_text("no picture")
    with (folder / "captions.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, delimiter="|")
        rows.writerow(["image_name", " comment_number", " comment"])
        for picture in names(folder)[1:]:
            rows.writerows([picture, f" {number}", f' caption {number} of "{picture}"'] for number in range(EACH))
        rows.writerow(["no-such.png", " 0", " nothing"])
        rows.writerow([names(folder)[1], " 9"])  # as one line of Flickr30k's table is
    command = ["encode-folder", "a folder", "--batch", "set'1", "--captions", "captions.csv", "--separator", "|"]
    command += ["--picture-column", "image_name", "--caption-column", "comment", "--parquet", "out", "--json"]
    with killed_after(SECONDS):
        done = run(folder, home, small_encoder, *command)
        assert done.returncode == 0, done.stderr
        yield Encoded(folder, home, small_encoder, json.loads(done.stdout))
        end_jvm()
    stop_endpoint(home)


def names(folder: Path) -> list[str]:
    found = (file.relative_to(folder / "a folder").as_posix() for file in (folder / "a folder").rglob("*.png"))
    return sorted(found)


def test_every_picture_has_a_row_with_its_captions(encoded: Encoded) -> None:
    rows = {
        row["guid"]: row for row in Lake((encoded.home / "lake/tables").as_uri()).read(PICTURE_EMBEDDINGS).to_pylist()
    }
    pictures = names(encoded.folder)
    assert sorted(rows) == sorted([*pictures, "broken.jpg"])
    assert (rows["broken.jpg"]["status"], rows["broken.jpg"]["embedding_image"]) == ("FAILED", None)
    assert {rows[name]["status"] for name in pictures} == {"OK"}
    assert all(
        row["path"].startswith("file:") and row["path"].endswith(f"/a folder/{guid}") for guid, row in rows.items()
    )
    assert rows[pictures[0]]["captions"] is None
    for name in pictures[1:]:
        assert rows[name]["captions"] == [f'caption {number} of "{name}"' for number in range(EACH)]
        vectors = np.array(rows[name]["caption_vectors"])
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)
        mean = vectors.mean(axis=0)
        assert np.allclose(rows[name]["embedding_text"], mean / np.linalg.norm(mean), atol=1e-4)


def test_the_vectors_are_those_of_the_chain(encoded: Encoded, tmp_path: Path) -> None:
    archive = Archive(open_object_store(tmp_path.as_uri()), Lake((tmp_path / "tables").as_uri()))
    source = DirectorySource(encoded.folder / "a folder")
    harvest(source, archive.zone, dataset="d", batch="d-1", now=datetime(2026, 1, 1, tzinfo=UTC))
    archive.cleanse(LocalEngine(), "d-1")
    archive.fetch(LocalEngine(), "d-1")
    archive.embed(LocalEngine(), "d-1", encoded.encoder)
    rows = archive.lake.read(CLIP_EMBEDDINGS).to_pylist()
    chain = {row["image_sha256"]: row["embedding_image"] for row in rows if row["embedding_image"]}
    ours = Lake((encoded.home / "lake/tables").as_uri()).read(PICTURE_EMBEDDINGS).to_pylist()
    found = {row["sha256"]: row["embedding_image"] for row in ours if row["embedding_image"]}
    assert found.keys() == chain.keys()
    assert all(np.allclose(found[key], chain[key], atol=1e-4) for key in found)


def test_parquet_and_the_collection_hold_the_same(encoded: Encoded) -> None:
    written = pq.read_table(encoded.folder / "out")
    assert written.num_rows == encoded.told["pictures"] == PICTURES + 1
    assert encoded.told["points"] == PICTURES
    home = VectorStore.embedded(encoded.home)
    store = home.on(encoded.told["collection"])
    assert home.active() is None, "the archive's own collection is chosen by the chain alone"
    assert store.count() == PICTURES
    model = EncoderSpec(str(encoded.encoder), "cpu", Backend.TORCH).load()
    sought = names(encoded.folder)[3]
    (vector,) = model.encode_texts([f'caption 2 of "{sought}"'])
    hits = store.search(vector, "embedding_text", limit=PICTURES)
    assert sought in [hit.guid for hit in hits]
    assert len(next(hit for hit in hits if hit.guid == sought).payload["captions"]) == EACH


def test_a_missing_column_is_named(encoded: Encoded) -> None:
    done = encoded.heritage(
        "encode-folder", "a folder", "--batch", "b", "--captions", "captions.csv", "--separator", "|"
    )
    assert done.returncode == 1
    assert "has no column 'image'; it has: image_name, comment_number, comment" in done.stderr
