"""The embedding stream: every task gets its row, nothing is encoded twice, one bad item harms no other."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from encoder_models import pictures, save_clip, save_vit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from heritage_assets.curation import derivative_reading
from heritage_assets.curation.embeddings import KnownVectors, build_prompts, embed
from heritage_assets.curation.encoders import EncoderUnusableError, load_encoder
from heritage_assets.curation.encoders.pretrained import PretrainedEncoder
from heritage_assets.curation.progress import listening
from heritage_assets.curation.prompts import PROMPT_CHARACTERS
from heritage_assets.curation.schemas import CLEANSED_RECORDS, CLIP_EMBEDDINGS, EMBEDDING_TASKS
from heritage_assets.stores.objects import FolderStore, S3Store

NOW = datetime(2024, 5, 1, tzinfo=UTC)


class Counting:
    """An encoder that counts what it is asked, and fails where it is told to."""

    def __init__(self, encoder: PretrainedEncoder) -> None:
        self.encoder = encoder
        self.id, self.image_dim, self.text_dim = encoder.id, encoder.image_dim, encoder.text_dim
        self.max_text_tokens = encoder.max_text_tokens
        self.images = 0
        self.texts: list[str] = []
        self.bad_pixels: bytes | None = None
        self.bad_text: str | None = None

    def prepare_image(self, image: Image.Image) -> np.ndarray:
        return self.encoder.prepare_image(image)

    def encode_prepared(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        if self.bad_pixels is not None and any(item.tobytes() == self.bad_pixels for item in prepared):
            raise RuntimeError("this picture upsets the model")
        self.images += len(prepared)
        return self.encoder.encode_prepared(prepared)

    def encode_images(self, images: Sequence[Image.Image]) -> np.ndarray:
        return self.encode_prepared([self.prepare_image(image) for image in images])

    def encode_texts(self, texts: Sequence[str]) -> np.ndarray:
        if self.bad_text in texts:
            raise RuntimeError("this text upsets the model")
        self.texts.extend(texts)
        return self.encoder.encode_texts(texts)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> PretrainedEncoder:
    return load_encoder(str(save_clip(tmp_path_factory.mktemp("clip"))), "cpu")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> FolderStore:
    store = FolderStore(tmp_path_factory.mktemp("objects"))
    for number, picture in enumerate(pictures(9)):
        data = io.BytesIO()
        picture.save(data, "PNG")
        store.put(f"derivatives/{number}.png", data.getvalue())
    store.put("derivatives/html.jpg", b"<html>not found</html>")
    store.put("derivatives/cut.png", store.get("derivatives/0.png")[:200])
    return store


def task(guid: str, image: str | int | None, prompt: str | None = "a coin", status: str = "OK") -> dict[str, object]:
    name = f"{image}.png" if isinstance(image, int) else image
    return {
        "guid": guid,
        "batch": "b1",
        "dataset": "d",
        "prompt": prompt,
        "image_status": status,
        "image_sha256": f"sha-{name}" if name else None,
        "derivative": f"derivatives/{name}" if name else None,
    }


def batches(tasks: list[dict[str, object]], size: int = 3) -> Iterator[pa.RecordBatch]:
    for start in range(0, len(tasks), size):
        yield pa.RecordBatch.from_pylist(tasks[start : start + size], schema=EMBEDDING_TASKS)


def run(
    tasks: list[dict[str, object]], encoder: object, store: FolderStore, **options: object
) -> list[dict[str, object]]:
    out = list(embed(batches(tasks), encoder, store, now=NOW, **options))
    for batch in out:
        assert batch.schema == CLIP_EMBEDDINGS.schema
        batch.validate(full=True)
    return [row for batch in out for row in batch.to_pylist()]


def test_rows_carry_vectors_of_image_and_text(clip: PretrainedEncoder, store: FolderStore) -> None:
    [row] = run([task("g", 3, "a castle")], clip, store)
    image = clip.encode_images([Image.open(io.BytesIO(store.get("derivatives/3.png")))])[0]
    text = clip.encode_texts(["a castle"])[0]
    assert np.allclose(row.pop("embedding_image"), image, atol=1e-6)
    assert np.allclose(row.pop("embedding_text"), text, atol=1e-6)
    assert np.allclose(row.pop("combined"), np.concatenate((image, text)), atol=1e-6)
    assert row == {
        "guid": "g",
        "batch": "b1",
        "dataset": "d",
        "encoder": clip.id,
        "embedding_status": "OK",
        "reason": None,
        "prompt": "a castle",
        "image_sha256": "sha-3.png",
        "embedded_at": NOW,
    }


def test_status_and_reason_of_every_case(clip: PretrainedEncoder, store: FolderStore) -> None:
    no_derivative = task("no derivative", None)
    unsafe = {**task("unsafe", 0), "image_sha256": "x", "derivative": "../../secret"}
    tasks = [
        task("ok", 0),
        task("no text", 1, None),
        task("no image", None, status="NO_IMAGE"),
        task("failed image", None, status="FAILED"),
        task("nothing", None, None, status="NO_IMAGE"),
        task("html", "html.jpg"),
        task("cut", "cut.png"),
        task("gone", "gone.png"),
        no_derivative,
        unsafe,
    ]
    rows = run(tasks, clip, store)
    seen = [
        (
            row["guid"],
            row["embedding_status"],
            row["reason"],
            *(row[name] is not None for name in ("embedding_image", "embedding_text", "combined")),
        )
        for row in rows
    ]
    assert seen == [
        ("ok", "OK", None, True, True, True),
        ("no text", "OK", None, True, False, False),
        ("no image", "NO_IMAGE", None, False, True, False),
        ("failed image", "NO_IMAGE", "image_failed", False, True, False),
        ("nothing", "NO_IMAGE", "nothing_to_embed", False, False, False),
        ("html", "FAILED", "derivative_undecodable", False, True, False),
        ("cut", "FAILED", "derivative_undecodable", False, True, False),
        ("gone", "FAILED", "derivative_missing", False, True, False),
        ("no derivative", "FAILED", "derivative_missing", False, True, False),
        ("unsafe", "FAILED", "derivative_missing", False, True, False),
    ]


def test_one_bad_image_and_one_bad_text_harm_no_other(clip: PretrainedEncoder, store: FolderStore) -> None:
    encoder = Counting(clip)
    encoder.bad_pixels = clip.prepare_image(Image.open(io.BytesIO(store.get("derivatives/4.png")))).tobytes()
    encoder.bad_text = "text 6"
    rows = run([task(f"g{n}", n, f"text {n}") for n in range(9)], encoder, store)
    failed = {row["guid"]: row["reason"] for row in rows if row["embedding_status"] == "FAILED"}
    assert failed == {"g4": "encoder_failed", "g6": "text_encoder_failed"}
    assert rows[4]["embedding_image"] is None
    assert rows[4]["embedding_text"] is not None
    assert rows[6]["embedding_image"] is not None
    assert sum(row["combined"] is not None for row in rows) == 7


def test_decompression_bombs_are_not_decoded(
    clip: PretrainedEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FolderStore(tmp_path)
    data = io.BytesIO()
    Image.new("1", (600, 600)).save(data, "PNG")
    store.put("derivatives/bomb.png", data.getvalue())
    monkeypatch.setattr(derivative_reading, "MAX_DERIVATIVE_PIXELS", 1000)
    [row] = run([task("g", "bomb.png")], clip, store)
    assert (row["embedding_status"], row["reason"]) == ("FAILED", "derivative_too_large")


def test_nothing_is_encoded_twice(clip: PretrainedEncoder, store: FolderStore) -> None:
    encoder = Counting(clip)
    tasks = [task(f"g{n}", n % 3, f"text {n % 2}") for n in range(30)]
    rows = run(tasks, encoder, store, chunk=4)
    assert encoder.images == 3
    assert sorted(encoder.texts) == ["text 0", "text 1"]
    assert rows[0]["embedding_image"] == rows[27]["embedding_image"]


def test_known_vectors_are_used_again(clip: PretrainedEncoder, store: FolderStore) -> None:
    tasks = [task(f"g{n}", n, f"text {n}") for n in range(5)]
    tasks.append(task("broken", "cut.png", None))
    first = list(embed(batches(tasks), clip, store, now=NOW))
    encoder = Counting(clip)
    known = KnownVectors.from_batches(iter(first), clip.id)
    assert (len(known.images), len(known.texts)) == (5, 5)
    again = list(embed(batches([*tasks, task("new", 7, "new")]), encoder, store, known=known, now=NOW))
    assert encoder.images == 1
    assert encoder.texts == ["new"]
    assert pa.Table.from_batches(again).slice(0, 6).equals(pa.Table.from_batches(first))
    assert KnownVectors.from_batches(iter(first), "another encoder") == KnownVectors()


def test_known_vectors_of_a_wrong_length_are_ignored(clip: PretrainedEncoder, store: FolderStore) -> None:
    known = KnownVectors({"sha-0.png": np.ones(3, np.float32)}, {"a coin": np.ones(3, np.float32)})
    [row] = run([task("g", 0)], clip, store, known=known)
    assert len(row["combined"]) == clip.image_dim + clip.text_dim


def test_image_only_encoders_leave_text_null(store: FolderStore, tmp_path: Path) -> None:
    encoder = load_encoder(str(save_vit(tmp_path / "vit")), "cpu")
    rows = run([task("g", 0), task("h", None, status="NO_IMAGE")], encoder, store)
    assert [row["embedding_status"] for row in rows] == ["OK", "NO_IMAGE"]
    assert [row["embedding_text"] for row in rows] == [None, None]
    assert [row["combined"] for row in rows] == [None, None]
    assert rows[0]["embedding_image"] is not None


def test_an_unreachable_store_is_an_error_not_a_verdict(clip: PretrainedEncoder, store: FolderStore) -> None:
    class Down(FolderStore):
        def get(self, key: str) -> bytes:
            raise ConnectionError("the store is down")

    with pytest.raises(ConnectionError, match="the store is down"):
        run([task("g", 0)], clip, Down(store.folder))


def test_an_unusable_encoder_stops_the_stream(clip: PretrainedEncoder, store: FolderStore) -> None:
    class Lost(Counting):
        def encode_prepared(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
            raise EncoderUnusableError("device lost")

    with pytest.raises(EncoderUnusableError):
        run([task("g", 0)], Lost(clip), store)


def test_streams_with_bounded_lookahead_and_leaves_no_threads(clip: PretrainedEncoder, store: FolderStore) -> None:
    taken = 0

    def endless() -> Iterator[pa.RecordBatch]:
        nonlocal taken
        while True:
            taken += 4
            yield pa.RecordBatch.from_pylist([task(f"g{taken}-{n}", n) for n in range(4)], schema=EMBEDDING_TASKS)

    stream = embed(endless(), clip, store, now=NOW, chunk=4)
    assert [next(stream).num_rows for _ in range(4)] == [1, 2, 4, 4]  # the encoder soon has work
    assert taken <= 20
    stream.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("decode")]


def test_a_server_is_read_by_more_threads_than_decode_and_a_folder_by_hardly_more_than_there_are_cores(
    store: FolderStore,
) -> None:
    server = S3Store("s3://bucket/images", {})
    assert derivative_reading.reading_threads(store, 2) == (3, 3)
    assert [derivative_reading.reading_threads(server, cores) for cores in (1, 8, 64)] == [(4, 1), (16, 8), (32, 64)]


def test_progress_counts_rows(clip: PretrainedEncoder, store: FolderStore) -> None:
    seen: list[tuple[str, int, int | None]] = []
    with listening(lambda *report: seen.append(report)):
        run([task(f"g{n}", n) for n in range(5)], clip, store, chunk=2)
    assert seen == [("clip_embeddings", done, None) for done in (0, 1, 3, 5)]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_rows_are_those_of_the_tasks_however_they_are_cut(
    clip: PretrainedEncoder, store: FolderStore, data: st.DataObject
) -> None:
    kinds = data.draw(st.lists(st.sampled_from([0, 1, 2, "cut.png", "gone.png", None]), max_size=14))
    tasks = [
        task(f"g{n}", kind, data.draw(st.sampled_from(["a", "b", None])), "OK" if kind is not None else "NO_IMAGE")
        for n, kind in enumerate(kinds)
    ]
    rows = [
        row
        for batch in embed(
            batches(tasks, data.draw(st.integers(1, 5))), clip, store, now=NOW, chunk=data.draw(st.integers(1, 6))
        )
        for row in batch.to_pylist()
    ]
    assert [row["guid"] for row in rows] == [item["guid"] for item in tasks]
    for item, row in zip(tasks, rows, strict=True):
        readable = isinstance(item["image_sha256"], str) and item["image_sha256"][4].isdigit()
        assert (row["embedding_image"] is not None) == readable
        assert (row["embedding_text"] is not None) == (item["prompt"] is not None)
        assert row["embedding_status"] == ("OK" if readable else "FAILED" if item["derivative"] else "NO_IMAGE")
        for name in ("embedding_image", "embedding_text"):
            assert row[name] is None or abs(np.linalg.norm(row[name]) - 1) < 1e-5


def prompts(*records: dict[str, object]) -> list[str | None]:
    return build_prompts(pa.RecordBatch.from_pylist(list(records), schema=CLEANSED_RECORDS.schema)).to_pylist()


def test_prompt_order_and_separators() -> None:
    record = {
        "title": " The  Mill.\n",
        "creator": "J. Constable",
        "type": "painting",
        "subject": ["mill", "river", None, ""],
        "description": "Oil\x1fon\u00a0canvas. ",
    }
    assert prompts(record) == ["The Mill. painting. J. Constable. mill, river. Oil on canvas"]


def test_prompt_of_partial_and_empty_records() -> None:
    assert prompts({"creator": "X"}, {}, {"title": " ", "subject": []}, {"subject": ["a"], "description": ""}) == [
        "X",
        None,
        None,
        "a",
    ]
    assert prompts() == []


def test_long_titles_leave_room_for_what_follows() -> None:
    [prompt] = prompts({"title": "t" * 5000, "type": "coin", "description": "d" * 5000})
    assert len(prompt) == PROMPT_CHARACTERS
    assert "coin" in prompt


field = st.one_of(st.none(), st.text(max_size=12))
record = st.fixed_dictionaries(
    {
        "title": field,
        "type": field,
        "description": field,
        "subject": st.lists(st.one_of(st.none(), st.text(max_size=5)), max_size=2),
    }
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(record, max_size=2))
def test_prompts_are_one_line_or_null(records: list[dict[str, object]]) -> None:
    found = prompts(*records)
    assert len(found) == len(records)
    for prompt in found:
        assert prompt is None or (prompt == prompt.strip() and prompt and len(prompt) <= PROMPT_CHARACTERS)
        assert prompt is None or not set(prompt) & set("\x1f\n\t\r")
