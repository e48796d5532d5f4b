"""The kinds of models that museums take, small and with random weights: their vectors are those of the plain pipeline."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from encoder_models import (
    pictures,
    plain_images,
    save_alt_clip,
    save_chinese_clip,
    save_dinov2,
    save_multilingual,
    save_resnet,
    save_resnet_50_wide,
    save_siglip,
    save_siglip_2,
    save_vit,
)
from PIL import Image

from heritage_assets.curation.encoders import load_encoder
from heritage_assets.curation.encoders.backends import smallest_cosine
from heritage_assets.curation.encoders.preprocessing import OwnProcessor, PlainRecipe, preprocessing_for
from heritage_assets.curation.resizing import resized, use_one_core

LEAST_COSINE = 0.9998
"""Of random weights, which make more of a grey level than trained ones (see the MobileNetV2 of test_encoders)."""
TEXTS = ["A Castle by the river", "Mühle", "", "coin " * 60]
Save = Callable[[Path], Path]


@pytest.mark.parametrize(
    ("save", "dims", "window"),
    [
        (save_siglip, (32, 32), 12),
        (save_siglip_2, (32, 32), 40),
        (save_alt_clip, (20, 20), 25),
        (save_chinese_clip, (20, 20), 24),
        (save_multilingual, (20, 20), 25),
    ],
)
def test_dual_encoders_equal_the_plain_pipeline(tmp_path: Path, save: Save, dims: tuple[int, int], window: int) -> None:
    folder = save(tmp_path / "model")
    encoder = load_encoder(str(folder), "cpu", backend="torch")
    assert ((encoder.image_dim, encoder.text_dim), encoder.max_text_tokens) == (dims, window)
    images = pictures()
    assert smallest_cosine(encoder.encode_images(images), plain_images(folder, images, "features")) > LEAST_COSINE
    assert smallest_cosine(encoder.encode_texts(TEXTS), plain_texts(folder, window)) > 1 - 1e-6


def plain_texts(folder: Path, window: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Text by text, as the publishers say: SigLIP padded to its window and without a mask, SigLIP 2 in lower case besides."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
    siglip = model.config.model_type == "siglip"
    rows = []
    for text in TEXTS:
        said = text.lower() if type(tokenizer).__name__ == "GemmaTokenizer" else text
        padding = "max_length" if siglip else False
        tokens = tokenizer([said], padding=padding, truncation=True, max_length=window, return_tensors="pt")
        if siglip:
            tokens.pop("attention_mask", None)
        with torch.inference_mode():
            rows.append(model.get_text_features(**tokens).pooler_output.numpy()[0])
    return np.array(rows)


@pytest.mark.parametrize(
    ("save", "pool", "dim"),
    [
        (save_resnet_50_wide, "pooler", 2048),
        (save_vit, "pooler", 32),
        (save_dinov2, "pooler", 32),
    ],
)
def test_image_encoders_equal_the_plain_pipeline(tmp_path: Path, save: Save, pool: str, dim: int) -> None:
    folder = save(tmp_path / "model")
    encoder = load_encoder(str(folder), "cpu", backend="torch")
    assert (encoder.image_dim, encoder.text_dim) == (dim, None)
    images = pictures()
    assert smallest_cosine(encoder.encode_images(images), plain_images(folder, images, pool)) > LEAST_COSINE


@pytest.mark.parametrize("side", [160, 384])
def test_pictures_for_resnets_are_resized_and_cropped_as_their_processor_does(tmp_path: Path, side: int) -> None:
    from transformers import AutoImageProcessor

    folder = save_resnet(tmp_path / "resnet", side=side)
    recipe = preprocessing_for(AutoImageProcessor.from_pretrained(folder, backend="pil"))
    assert isinstance(recipe, PlainRecipe)
    assert recipe.prepare(pictures(1)[0]).shape == (side, side, 3)


def test_a_crop_larger_than_the_picture_is_left_to_the_models_own_processor() -> None:
    from transformers import CLIPImageProcessorPil

    processor = CLIPImageProcessorPil(size={"shortest_edge": 40}, crop_size={"height": 48, "width": 48})
    assert isinstance(preprocessing_for(processor), OwnProcessor)


@pytest.mark.parametrize("resample", [Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS])
@pytest.mark.parametrize("size", [(48, 48), (31, 200), (300, 400), (1, 1)])
def test_resizing_is_pillows_but_for_a_grey_level_here_and_there(
    resample: Image.Resampling, size: tuple[int, int]
) -> None:
    grain = np.random.default_rng(1).integers(0, 256, (211, 157, 3), dtype=np.uint8)
    for image in (Image.fromarray(grain), *(picture.convert("RGB") for picture in pictures(4))):
        mine, theirs = resized(image, size, resample), np.asarray(image.resize(size, resample))
        assert (mine.shape, mine.dtype) == (theirs.shape, theirs.dtype)
        difference = np.abs(mine.astype(int) - theirs)
        assert difference.max() <= 2
        assert difference.mean() < 0.1


@pytest.mark.parametrize("extent", [(156.5, 211.0), (156.5, 210.5), (157.0, 210.5)])
def test_resizing_takes_a_part_that_ends_inside_the_last_column_as_pillow_does(extent: tuple[float, float]) -> None:
    grain = np.random.default_rng(1).integers(0, 256, (211, 157, 3), dtype=np.uint8)
    for image in (Image.fromarray(grain), sized(157, 211)):
        for size in ((48, 48), (125, 168), (31, 100)):
            mine = resized(image, size, Image.Resampling.BICUBIC, extent).astype(int)
            theirs = np.asarray(image.resize(size, Image.Resampling.BICUBIC, (0, 0, *extent)))
            assert mine.shape == theirs.shape
            assert np.abs(mine - theirs).max() <= 4
            assert np.abs(mine - theirs).mean() < 0.1


def sized(width: int, height: int) -> Image.Image:
    return pictures(1)[0].convert("RGB").resize((width, height), Image.Resampling.BICUBIC)


def test_large_images_which_lie_in_pieces_are_resized_too() -> None:
    image = Image.effect_noise((2500, 2500), 60).convert("RGB")
    mine = resized(image, (64, 64), Image.Resampling.BICUBIC).astype(int)
    assert np.abs(mine - np.asarray(image.resize((64, 64), Image.Resampling.BICUBIC))).max() <= 2


def test_threads_that_resize_take_one_core_each_and_leave_others_alone() -> None:
    import torch

    before = torch.get_num_threads()
    with ThreadPoolExecutor(1, initializer=use_one_core) as pool:
        assert pool.submit(torch.get_num_threads).result() == 1
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(torch.get_num_threads).result() == before
    assert torch.get_num_threads() == before
