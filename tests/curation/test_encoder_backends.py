"""Backends: OpenVINO gives the vectors of torch, is kept on disk, and gives way where it does not; batch sizes; towers."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from encoder_models import (
    TEXTS,
    pictures,
    save_chinese_clip,
    save_clip,
    save_dinov2,
    save_multilingual,
    save_resnet,
    save_siglip,
    save_vit,
)

from heritage_assets.curation.encoders import (
    EncoderError,
    EncoderSpec,
    EncoderUnusableError,
    backends,
    load_encoder,
    openvino_backend,
    pretrained,
)
from heritage_assets.curation.encoders.architecture import Architecture
from heritage_assets.curation.encoders.backends import OutOfMemoryError, smallest_cosine
from heritage_assets.curation.encoders.batching import BatchSizer
from heritage_assets.curation.encoders.spec import Precision

SAVED = {
    "clip": save_clip,
    "siglip": save_siglip,
    "chinese_clip": save_chinese_clip,
    "multilingual": save_multilingual,
    "vit": save_vit,
    "resnet": save_resnet,
    "dinov2": save_dinov2,
}


@pytest.fixture(scope="module", params=SAVED)
def saved(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return SAVED[request.param](tmp_path_factory.mktemp("model") / request.param)


def test_openvino_gives_the_vectors_of_torch_under_the_same_id(saved: Path) -> None:
    plain = load_encoder(str(saved), "cpu", backend="torch")
    fast = load_encoder(str(saved), "cpu", backend="openvino")
    images = pictures(7)
    assert smallest_cosine(plain.encode_images(images), fast.encode_images(images)) > 0.99999
    if plain.text_dim is not None:
        assert smallest_cosine(plain.encode_texts(TEXTS), fast.encode_texts(TEXTS)) > 0.99999
    assert fast.id == plain.id
    assert fast.version.startswith(f"{fast.id}+openvino-")
    assert fast.version.endswith("-cpu-float32")
    assert plain.version.startswith(f"{plain.id}+torch-")


@pytest.mark.parametrize("save", [save_chinese_clip, save_multilingual])
def test_multilingual_texts_equal_the_plain_pipeline(tmp_path: Path, save: Callable[[Path], Path]) -> None:
    import torch
    from transformers import AutoModel, AutoTokenizer

    folder = save(tmp_path / "model")
    encoder = load_encoder(str(folder), "cpu", backend="torch")
    assert (encoder.image_dim, encoder.text_dim) == (20, 20)
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
    texts = ["a castle by the river", "Mühle", "画 " * 60]
    for text, vector in zip(texts, encoder.encode_texts(texts), strict=True):
        tokens = tokenizer([text], truncation=True, max_length=encoder.max_text_tokens, return_tensors="pt")
        with torch.inference_mode():
            features = model.get_text_features(**tokens).pooler_output
        assert smallest_cosine(features.numpy(), vector[None]) > 1 - 1e-6


def test_the_window_of_roberta_ends_before_its_positions(tmp_path: Path) -> None:
    assert load_encoder(str(save_multilingual(tmp_path / "m")), "cpu", backend="torch").max_text_tokens == 25


def test_a_converted_model_is_kept_and_serves_without_the_weights_being_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, cache = save_clip(tmp_path / "clip"), tmp_path / "cache"
    spec = EncoderSpec(str(folder), "cpu", pretrained.Backend.OPENVINO, cache=str(cache))
    first = spec.load().encode_texts(TEXTS)
    [kept] = cache.iterdir()
    assert {path.name for path in kept.iterdir()} == {"image.xml", "image.bin", "text.xml", "text.bin", "probe.npz"}

    reads = []
    towers = Architecture.towers
    monkeypatch.setattr(Architecture, "towers", lambda *given: reads.append(1) or towers(*given))
    files = pretrained.ModelFiles("clip", folder)
    again = pretrained.PretrainedEncoder(files, spec)
    assert not reads
    assert np.array_equal(again.encode_texts(TEXTS), first)

    (kept / "image.xml").write_text("<net")
    healed = pretrained.PretrainedEncoder(files, spec)
    assert reads == [1]
    assert smallest_cosine(healed.encode_texts(TEXTS), first) > 0.99999


def test_a_backend_that_disagrees_is_left_or_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = save_clip(tmp_path / "clip")
    monkeypatch.setitem(backends.LEAST_COSINE, Precision.FLOAT32, 1.5)
    monkeypatch.setattr(pretrained, "_WORTH_CONVERTING", 0)
    with pytest.raises(EncoderError, match=r"differs from torch.*auto or torch"):
        load_encoder(str(folder), "cpu", backend="openvino")
    assert "+torch-" in load_encoder(str(folder), "cpu").version


def test_auto_takes_torch_for_small_models_and_where_openvino_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "+torch-" in load_encoder(str(save_clip(tmp_path / "small")), "cpu").version
    monkeypatch.setattr(pretrained, "_WORTH_CONVERTING", 0)
    assert "+openvino-" in load_encoder(str(save_clip(tmp_path / "large", seed=3)), "cpu").version

    def missing() -> str:
        raise ImportError("no openvino")

    monkeypatch.setattr(openvino_backend, "version", missing)
    assert "+torch-" in load_encoder(str(save_clip(tmp_path / "other", seed=4)), "cpu").version


@pytest.mark.parametrize("backend", ["torch", "openvino"])
def test_reduced_precision_is_another_encoder_and_held_to_its_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, backend: str
) -> None:
    folder = str(save_clip(tmp_path / "clip"))
    exact = load_encoder(folder, "cpu", backend="torch")
    monkeypatch.setitem(backends.LEAST_COSINE, Precision.BFLOAT16, 0.99)
    reduced = load_encoder(folder, "cpu", backend=backend, precision="bfloat16")
    assert reduced.id == f"{exact.id}+bfloat16"
    assert reduced.version.endswith("-cpu-bfloat16")
    vectors = reduced.encode_images(pictures())
    assert vectors.dtype == np.float32
    assert smallest_cosine(exact.encode_images(pictures()), vectors) > 0.99
    monkeypatch.setitem(backends.LEAST_COSINE, Precision.BFLOAT16, 1.5)
    with pytest.raises(EncoderError, match="smallest cosine"):
        pretrained.PretrainedEncoder(pretrained.ModelFiles("clip", Path(folder)), reduced.spec)


def test_an_encoder_travels_as_its_spec_and_is_loaded_once(tmp_path: Path) -> None:
    encoder = load_encoder(str(save_clip(tmp_path / "clip")), "cpu", backend="torch")
    packed = pickle.dumps(encoder)
    assert len(packed) < 1_000
    assert pickle.loads(packed) is encoder


def test_copies_of_a_model_are_one_encoder(tmp_path: Path) -> None:
    one, other = (load_encoder(str(save_clip(tmp_path / name)), "cpu") for name in ("mine", "yours"))
    assert one.id == other.id
    (tmp_path / "yours" / "encoder_name.txt").write_text("museum/clip\n")
    assert load_encoder(str(tmp_path / "yours"), "cpu").id == one.id.replace("clip@", "museum/clip@")


def test_the_demo_encoder_keeps_its_id_wherever_it_lies() -> None:
    import shutil
    import tempfile

    from heritage_assets.curation.encoders.weights import find_model

    files = find_model("demo")
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copytree(files.folder, Path(folder) / "copied")
        assert find_model(str(copy)).name == files.name == "demo"
        assert find_model(str(copy)).weights_hash() == files.weights_hash()


class Machine:
    """Encodes at a given number of items a second by size of batch, on a clock of its own; memory ends at ``room``."""

    def __init__(self, rates: dict[int, float], room: int = 10**9) -> None:
        self.rates, self.room, self.now, self.sizes = rates, room, 0.0, []

    def encode(self, batch: list[int]) -> np.ndarray:
        self.sizes.append(len(batch))
        if len(batch) > self.room:
            raise OutOfMemoryError("no memory on cpu")
        self.now += len(batch) / self.rates.get(len(batch), 100.0)
        return np.asarray(batch, np.float32)[:, None]


@pytest.mark.parametrize(
    ("rates", "room", "found"),
    [
        ({8: 100, 16: 150, 32: 151}, 99, 16),
        ({8: 100, 16: 150, 32: 200, 64: 300}, 99, 64),
        ({8: 100, 16: 90}, 99, 8),
        ({8: 100, 16: 150, 32: 900}, 20, 16),
        ({}, 3, 2),
    ],
)
def test_the_batch_grows_while_it_pays_and_fits(
    monkeypatch: pytest.MonkeyPatch, rates: dict[int, float], room: int, found: int
) -> None:
    machine = Machine(rates, room)
    monkeypatch.setattr("time.perf_counter", lambda: machine.now)
    sizer = BatchSizer(8, 64)
    items = list(range(1_001))
    assert sizer.run(items, machine.encode)[:, 0].tolist() == items
    assert sizer.size == found
    assert sum(size > room for size in machine.sizes) <= 2


def test_no_memory_for_one_item_is_the_end() -> None:
    with pytest.raises(EncoderUnusableError, match="even for one item"):
        BatchSizer(8, 64).run([1, 2, 3], Machine({}, room=0).encode)
