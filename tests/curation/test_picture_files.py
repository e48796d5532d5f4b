"""Files with captions become one row each: what is no image fails alone, and every caption keeps its place."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from encoder_models import save_clip, save_vit
from PIL import Image

from heritage_assets.curation.encoders import Encoder
from heritage_assets.curation.encoders.spec import Backend, EncoderSpec
from heritage_assets.curation.images import FetchSettings
from heritage_assets.curation.picture_files import embed_files
from heritage_assets.curation.schemas import PICTURE_EMBEDDINGS, PICTURE_FILES


def png(colour: tuple[int, int, int]) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (60, 40), colour).save(buffer, "PNG")
    return buffer.getvalue()


FILES = [
    {"guid": "a.png", "path": "file:/x/a.png", "content": png((200, 0, 0)), "captions": ["red", "a red field", "red"]},
    {"guid": "b.png", "path": "file:/x/b.png", "content": b"<html>gone</html>", "captions": ["lost"]},
    {"guid": "c.png", "path": "file:/x/c.png", "content": None, "captions": None},
    {"guid": "d.png", "path": "file:/x/d.png", "content": png((0, 0, 200)), "captions": []},
    {"guid": "e.png", "path": "file:/x/e.png", "content": png((200, 0, 0)), "captions": ["blue"]},
]


def embedded(encoder: Encoder, size: int) -> pa.Table:
    table = pa.Table.from_pylist(FILES, schema=PICTURE_FILES)
    rows = list(embed_files(iter(table.to_batches(max_chunksize=size)), encoder, batch="s", settings=FetchSettings()))
    assert all(part.schema.equals(PICTURE_EMBEDDINGS.schema) for part in rows)
    return pa.Table.from_batches(rows)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    folder = save_clip(tmp_path_factory.mktemp("clip") / "small", dim=16)
    return EncoderSpec(str(folder), "cpu", Backend.TORCH).load()


@pytest.mark.parametrize("size", [1, 5])
def test_each_file_has_its_row_and_each_caption_its_vector(clip: Encoder, size: int) -> None:
    table = embedded(clip, size)
    rows = {row["guid"]: row for row in table.to_pylist()}
    assert table["guid"].to_pylist() == [file["guid"] for file in FILES]
    assert {guid: (row["status"], row["reason"]) for guid, row in rows.items()} == {
        "a.png": ("OK", None),
        "b.png": ("FAILED", "html_instead_of_image"),
        "c.png": ("FAILED", "too_large"),
        "d.png": ("OK", None),
        "e.png": ("OK", None),
    }
    assert [len(row["caption_vectors"]) for row in rows.values()] == [3, 1, 0, 0, 1]
    first = rows["a.png"]
    assert first["caption_vectors"][0] == first["caption_vectors"][2] != first["caption_vectors"][1]
    mean = np.mean(first["caption_vectors"], axis=0)
    np.testing.assert_allclose(first["embedding_text"], mean / np.linalg.norm(mean), atol=1e-5)
    np.testing.assert_allclose(first["caption_vectors"], clip.encode_texts(FILES[0]["captions"]), atol=1e-5)
    np.testing.assert_allclose(first["embedding_image"], rows["e.png"]["embedding_image"], atol=1e-5)
    assert (first["width"], first["height"], first["sha256"]) == (60, 40, rows["e.png"]["sha256"])
    assert rows["b.png"]["embedding_image"] is None
    assert rows["d.png"]["embedding_text"] is None
    assert rows["c.png"]["captions"] is None


def test_an_encoder_of_images_alone_keeps_captions_as_text(tmp_path: Path) -> None:
    encoder = EncoderSpec(str(save_vit(tmp_path / "vit")), "cpu", Backend.TORCH).load()
    rows = embedded(encoder, 5).to_pylist()
    assert rows[0]["captions"] == FILES[0]["captions"]
    assert (rows[0]["caption_vectors"], rows[0]["embedding_text"]) == ([], None)
    assert [row["embedding_image"] is not None for row in rows] == [True, False, False, True, True]
