"""Encoders equal the plain transformers pipeline, name themselves, and fail clearly."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from encoder_models import (
    TEXTS,
    pictures,
    plain_images,
    save_clip,
    save_dinov2,
    save_resnet,
    save_siglip,
    save_twice_normalised,
    save_vit,
)
from PIL import Image

from heritage_assets.curation.encoders import EncoderError, EncoderUnusableError, load_encoder, preprocessing
from heritage_assets.curation.encoders.backends import smallest_cosine
from heritage_assets.curation.encoders.batching import BatchSizer
from heritage_assets.curation.encoders.preprocessing import OwnProcessor, PlainRecipe
from heritage_assets.curation.resizing import resized_by_pillow

TOLERANCE = 2e-5


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("models")
    return {
        "clip": save_clip(root / "clip"),
        "siglip": save_siglip(root / "siglip"),
        "vit": save_vit(root / "vit"),
        "vit_classifier": save_vit(root / "vit_classifier", classifier=True),
        "resnet": save_resnet(root / "resnet"),
        "dinov2": save_dinov2(root / "dinov2"),
        "twice_normalised": save_twice_normalised(root / "twice_normalised"),
    }


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_kwargs: object) -> None:
        raise AssertionError("tried to reach the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.parametrize(
    ("name", "pool", "kind"),
    [
        ("clip", "features", PlainRecipe),
        ("siglip", "features", PlainRecipe),
        ("vit", "pooler", PlainRecipe),
        ("vit_classifier", "cls", PlainRecipe),
        ("dinov2", "pooler", PlainRecipe),
        ("resnet", "pooler", PlainRecipe),
        ("twice_normalised", "pooler", OwnProcessor),
    ],
)
def test_image_vectors_equal_the_plain_pipeline(
    models: dict[str, Path], no_network: None, monkeypatch: pytest.MonkeyPatch, name: str, pool: str, kind: type
) -> None:
    encoder = load_encoder(str(models[name]), "cpu")
    images = pictures()
    plain = plain_images(models[name], images, pool)
    assert smallest_cosine(encoder.encode_images(images), plain) > 0.9998
    monkeypatch.setattr(preprocessing, "resized", resized_by_pillow)
    vectors = encoder.encode_images(images)
    assert isinstance(encoder._preprocessing, kind)
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(images), encoder.image_dim)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert np.abs(vectors - plain).max() < TOLERANCE


def test_mobilenet_with_real_weights_equals_the_plain_pipeline(
    shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shared_data / "models" / "mobilenet_v2_1.0_224"
    encoder = load_encoder(str(folder), "cpu", backend="torch")
    assert (encoder.image_dim, encoder.text_dim, encoder.max_text_tokens) == (1280, None, None)
    assert encoder.id.startswith("mobilenet_v2@")
    photographs = [Image.open(path) for path in sorted((shared_data / "near_duplicates").rglob("*.jpg"))[:4]]
    assert photographs
    plain = plain_images(folder, photographs, "pooler")
    assert smallest_cosine(encoder.encode_images(photographs), plain) > 0.9999
    monkeypatch.setattr(preprocessing, "resized", resized_by_pillow)
    assert np.abs(encoder.encode_images(photographs) - plain).max() < TOLERANCE


@pytest.mark.parametrize("name", ["clip", "siglip"])
def test_text_vectors_equal_the_plain_pipeline_and_do_not_depend_on_company(
    models: dict[str, Path], no_network: None, name: str
) -> None:
    import torch
    from transformers import AutoModel, AutoTokenizer

    encoder = load_encoder(str(models[name]), "cpu")
    vectors = encoder.encode_texts(TEXTS)
    assert vectors.shape == (len(TEXTS), encoder.text_dim)
    tokenizer = AutoTokenizer.from_pretrained(models[name])
    model = AutoModel.from_pretrained(models[name]).eval()
    for text, vector in zip(TEXTS, vectors, strict=True):
        tokens = tokenizer(
            [text], padding="max_length", truncation=True, max_length=encoder.max_text_tokens, return_tensors="pt"
        )
        if name == "siglip":
            tokens.pop("attention_mask")  # it was trained without
        with torch.inference_mode():
            expected = torch.nn.functional.normalize(model.get_text_features(**tokens).pooler_output, dim=-1).numpy()[0]
        assert np.abs(vector - expected).max() < TOLERANCE
        assert np.abs(vector - encoder.encode_texts([text])[0]).max() < TOLERANCE


def test_empty_input_gives_empty_rows(models: dict[str, Path]) -> None:
    encoder = load_encoder(str(models["clip"]), "cpu")
    assert encoder.encode_images([]).shape == (0, 24)
    assert encoder.encode_texts([]).shape == (0, 24)


def test_batches_do_not_change_vectors(models: dict[str, Path]) -> None:
    encoder = load_encoder(str(models["clip"]), "cpu")
    images = pictures(70)
    whole = encoder.encode_images(images)
    single = np.concatenate([encoder.encode_images([image]) for image in images])
    assert np.abs(whole - single).max() < TOLERANCE


def test_image_only_encoder_refuses_text(models: dict[str, Path]) -> None:
    encoder = load_encoder(str(models["vit"]), "cpu")
    assert encoder.text_dim is None
    with pytest.raises(EncoderError, match="image-only"):
        encoder.encode_texts(["a"])


def test_extreme_strips_are_cut_about_the_centre(models: dict[str, Path]) -> None:
    strip = Image.new("RGB", (40_000, 2), (200, 30, 30))
    assert load_encoder(str(models["clip"]), "cpu").encode_images([strip]).shape == (1, 24)


def test_id_follows_weights_and_preprocessing(models: dict[str, Path], tmp_path: Path) -> None:
    encoder = load_encoder(str(models["clip"]), "cpu")
    name, rest = encoder.id.split("@")
    weights, preprocessing = rest.split("+")
    assert name == "clip"
    other_weights = load_encoder(str(save_clip(tmp_path / "a" / "clip", seed=9)), "cpu").id
    assert other_weights.startswith("clip@")
    assert other_weights.endswith(f"+{preprocessing}")
    assert weights not in other_weights
    copy = Path(shutil.copytree(models["clip"], tmp_path / "b" / "of another name"))
    assert load_encoder(str(copy), "cpu").id == encoder.id
    config = copy / "processor_config.json"
    config.write_text(config.read_text().replace("0.48145466", "0.5"))
    other_preprocessing = load_encoder(str(copy), "cpu").id
    assert other_preprocessing.startswith(f"clip@{weights}+")
    assert other_preprocessing != encoder.id


def test_loaded_once_per_process_until_the_files_change(tmp_path: Path) -> None:
    folder = save_clip(tmp_path / "clip")
    first = load_encoder(str(folder), "cpu")
    assert load_encoder(str(folder), "cpu") is first
    save_clip(folder, seed=5)
    assert load_encoder(str(folder), "cpu").id != first.id


def test_batch_is_halved_when_memory_runs_out(models: dict[str, Path], tmp_path: Path) -> None:
    import torch

    encoder = load_encoder(str(shutil.copytree(models["clip"], tmp_path / "clip")), "cpu")
    images = pictures(40)
    expected = encoder.encode_images(images)
    encoder.image_sizer = BatchSizer(32, 32)
    model = encoder._backend.image.model
    plain = model.get_image_features
    sizes = []

    def scarce(pixel_values: torch.Tensor) -> object:
        sizes.append(len(pixel_values))
        if len(pixel_values) > 10:
            raise torch.OutOfMemoryError("out of memory")
        return plain(pixel_values=pixel_values)

    model.get_image_features = scarce
    assert np.abs(encoder.encode_images(images) - expected).max() < TOLERANCE
    assert sizes == [32, 16, 8, 8, 8, 8, 8]
    assert encoder.image_sizer.size == 8
    model.get_image_features = lambda pixel_values: torch.full((1 << 60,), 0.0)
    with pytest.raises(EncoderUnusableError, match="no memory"):
        encoder.encode_images(images)


def test_vectors_that_are_not_finite_are_refused(models: dict[str, Path], tmp_path: Path) -> None:
    import torch

    encoder = load_encoder(str(shutil.copytree(models["clip"], tmp_path / "clip")), "cpu")
    with torch.no_grad():
        encoder._backend.image.model.visual_projection.weight.fill_(float("nan"))
    with pytest.raises(EncoderError, match="without direction"):
        encoder.encode_images(pictures(1))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("./not/here", "no such folder"),
        ("/not/here", "no such folder"),
        ("not a name", "neither 'demo'"),
        ("../../etc/passwd", "no such folder"),
        ("a/b/c", "neither 'demo'"),
    ],
)
def test_unknown_names_are_told_without_the_network(no_network: None, name: str, message: str) -> None:
    with pytest.raises(EncoderError, match=message):
        load_encoder(name)


def test_unreachable_hub_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(EncoderError, match="'demo' needs no download"):
        load_encoder("nobody/nothing")


def test_folders_without_the_needed_files_are_told(models: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(EncoderError, match=r"no config\.json"):
        load_encoder(str(tmp_path / "empty"))
    bare = Path(shutil.copytree(models["vit"], tmp_path / "bare"))
    (bare / "model.safetensors").unlink()
    with pytest.raises(EncoderError, match="no weights"):
        load_encoder(str(bare))
    broken = Path(shutil.copytree(models["vit"], tmp_path / "broken"))
    (broken / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(EncoderError, match="can't load encoder 'broken'"):
        load_encoder(str(broken))
    dumb = Path(shutil.copytree(models["vit"], tmp_path / "dumb"))
    (dumb / "preprocessor_config.json").unlink()
    with pytest.raises(EncoderError, match="can't load encoder 'dumb'"):
        load_encoder(str(dumb))


def test_weights_that_lack_layers_are_refused(models: dict[str, Path], tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = Path(shutil.copytree(models["vit"], tmp_path / "half"))
    tensors = load_file(folder / "model.safetensors")
    kept = {key: value for key, value in tensors.items() if "layers.1." not in key and "layer.1." not in key}
    assert len(kept) < len(tensors)
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(EncoderError, match="lack"):
        load_encoder(str(folder))


def test_unknown_device_is_told(models: dict[str, Path]) -> None:
    with pytest.raises(EncoderError, match="Use auto or cpu"):
        load_encoder(str(models["vit"]), "cuda:99")


def test_import_loads_neither_torch_nor_transformers() -> None:
    code = (
        "import sys, heritage_assets.curation.encoders, heritage_assets.curation.embeddings; "
        "print({'torch', 'transformers', 'huggingface_hub'} & set(sys.modules))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "set()"
