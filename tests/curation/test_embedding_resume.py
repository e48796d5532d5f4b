"""Nothing is encoded twice: not after a run broke off in the middle of a batch, not for what another batch holds."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from encoder_models import pictures, save_clip

from heritage_assets.curation.embeddings import KnownVectors, VectorJournal, embed
from heritage_assets.curation.encoders import EncoderUnusableError, load_encoder
from heritage_assets.curation.encoders.pretrained import PretrainedEncoder
from heritage_assets.curation.schemas import CLIP_EMBEDDINGS, EMBEDDING_TASKS
from heritage_assets.stores.known_vectors import known_vectors
from heritage_assets.stores.lake import Lake
from heritage_assets.stores.objects import FolderStore

NOW = datetime(2024, 5, 1, tzinfo=UTC)
CHUNK = 4


class Mortal:
    """An encoder that counts what it encodes and dies at its n-th call for images."""

    def __init__(self, encoder: PretrainedEncoder, dies_at: int | None = None) -> None:
        self.encoder, self.left = encoder, dies_at
        self.images, self.texts = 0, 0

    def __getattr__(self, name: str) -> object:
        return getattr(self.encoder, name)

    def encode_prepared(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        if self.left is not None:
            self.left -= 1
            if self.left == 0:
                raise EncoderUnusableError("the device is lost")
        self.images += len(prepared)
        return self.encoder.encode_prepared(prepared)

    def encode_texts(self, texts: Sequence[str]) -> np.ndarray:
        self.texts += len(texts)
        return self.encoder.encode_texts(texts)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> PretrainedEncoder:
    return load_encoder(str(save_clip(tmp_path_factory.mktemp("clip"))), "cpu", backend="torch")


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    store = FolderStore(tmp_path / "objects")
    for number, picture in enumerate(pictures(16)):
        data = io.BytesIO()
        picture.save(data, "PNG")
        store.put(f"derivatives/{number}.png", data.getvalue())
    return store


def tasks(numbers: Sequence[int], batch: str = "b1", said: str = "text") -> pa.Table:
    rows = [
        {
            "guid": f"{batch}-{n}",
            "batch": batch,
            "dataset": "d",
            "prompt": f"{said} {n}",
            "image_status": "OK",
            "image_sha256": f"sha-{n}",
            "derivative": f"derivatives/{n}.png",
        }
        for n in numbers
    ]
    return pa.Table.from_pylist(rows, schema=EMBEDDING_TASKS)


def run(lake: Lake, store: FolderStore, work: pa.Table, encoder: Mortal) -> None:
    """What the step does with one batch: recall, embed, commit, clear."""
    batch = work["batch"][0].as_py()
    journal = VectorJournal(store, batch, encoder.id)
    known = known_vectors(lake, work, encoder.id)
    journal.recall(known)
    rows = embed(iter(work.to_batches()), encoder, store, known=known, journal=journal, now=NOW, chunk=CHUNK)
    lake.replace_batch(CLIP_EMBEDDINGS, batch, rows)
    journal.clear()


def test_a_run_that_broke_off_goes_on_where_it_stopped(
    tmp_path: Path, store: FolderStore, clip: PretrainedEncoder
) -> None:
    lake, whole = Lake((tmp_path / "tables").as_uri()), Lake((tmp_path / "undisturbed").as_uri())
    first, second, calm = Mortal(clip, dies_at=3), Mortal(clip), Mortal(clip)
    with pytest.raises(EncoderUnusableError):
        run(lake, store, tasks(range(16)), first)
    made = 1 + 2  # before it grows to CHUNK
    assert (first.images, lake.count(CLIP_EMBEDDINGS)) == (made, 0)

    run(lake, store, tasks(range(16)), second)
    assert first.images + second.images == 16
    assert first.texts + second.texts == 16
    assert list(store.list("checkpoints")) == []

    run(whole, store, tasks(range(16)), calm)
    assert lake.count(CLIP_EMBEDDINGS) == 16
    for name in ("embedding_image", "embedding_text"):
        one, other = (np.stack(lake_.read(CLIP_EMBEDDINGS).sort_by("guid")[name].to_numpy()) for lake_ in (lake, whole))
        assert np.abs(one - other).max() < 1e-6


def test_other_batches_and_changed_records_cost_only_what_is_new(
    tmp_path: Path, store: FolderStore, clip: PretrainedEncoder
) -> None:
    lake = Lake((tmp_path / "tables").as_uri())
    run(lake, store, tasks(range(8)), Mortal(clip))

    again = Mortal(clip)  # cleansing ran again and left images and prompts alone
    run(lake, store, tasks(range(8)), again)
    assert (again.images, again.texts) == (0, 0)

    reworded = Mortal(clip)
    run(lake, store, tasks(range(8), said="title"), reworded)
    assert (reworded.images, reworded.texts) == (0, 8)

    later = Mortal(clip)  # another batch, other guids: half of the pictures and of the prompts are known
    run(lake, store, tasks(range(4, 12), "b2", said="title"), later)
    assert (later.images, later.texts) == (4, 4)
    assert lake.count(CLIP_EMBEDDINGS) == 16


def test_rows_of_the_same_weights_by_another_name_serve_and_those_of_others_do_not(
    tmp_path: Path, store: FolderStore, clip: PretrainedEncoder
) -> None:
    lake = Lake((tmp_path / "tables").as_uri())
    renamed, other = Mortal(clip), Mortal(clip)
    renamed.id = clip.id.replace("clip@", "by-its-old-name@")
    run(lake, store, tasks(range(4)), renamed)
    assert len(known_vectors(lake, tasks(range(4)), clip.id).images) == 4
    other.id = clip.id.replace("@", "@0")
    assert known_vectors(lake, tasks(range(4)), other.id) == KnownVectors()
    assert known_vectors(lake, tasks(range(4)), f"{clip.id}+bfloat16") == KnownVectors()


def test_a_damaged_piece_is_passed_over(store: FolderStore) -> None:
    journal = VectorJournal(store, "b1", "clip@00000000+p1-0000")
    journal.record({"sha": np.array([0.6, 0.8], np.float32)}, {"a mill": np.array([1.0, 0.0, 0.0], np.float32)})
    [piece] = store.list("checkpoints")
    store.put(piece.key.replace(".arrow", "0.arrow"), store.get(piece.key)[:90])
    store.put(piece.key.replace(".arrow", "1.arrow"), b"no arrow")
    journal.record({}, {})
    known = KnownVectors()
    assert journal.recall(known) == 2
    assert known.images["sha"].tolist() == pytest.approx([0.6, 0.8])
    other = VectorJournal(store, "b1", "vit@00000000+p1-0000")
    assert other.recall(KnownVectors()) == 0
    journal.clear()
    assert list(store.list("checkpoints")) == []
