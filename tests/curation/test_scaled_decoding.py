"""JPEGs are decoded at half their size only where enough remains, and a query's picture is seen as the archive's own are."""

from __future__ import annotations

import io
from pathlib import Path
from threading import Semaphore

import numpy as np
import pytest
import sample_images
from encoder_models import plain_images, save_clip, save_twice_normalised
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from heritage_assets.curation.derivative_reading import DerivativeReader
from heritage_assets.curation.encoders import load_encoder
from heritage_assets.curation.encoders.backends import smallest_cosine
from heritage_assets.curation.encoders.preprocessing import PlainRecipe
from heritage_assets.curation.encoders.pretrained import PretrainedEncoder
from heritage_assets.curation.encoders.scaled_decoding import MARGIN
from heritage_assets.curation.fine_tuning.pairs import Pair
from heritage_assets.curation.fine_tuning.training import prepared_picture
from heritage_assets.curation.images import FetchSettings, ImageShelf
from heritage_assets.curation.query_pictures import prepare_query, through_a_file
from heritage_assets.stores.objects import FolderStore
from heritage_assets.stores.training_pairs import picture_of

PLAIN = {"resample": Image.Resampling.BICUBIC, "scale": 1.0, "mean": (0.0,) * 3, "std": (1.0,) * 3}
RECIPES = [
    PlainRecipe(shortest_edge=32, size=None, crop=(32, 32), **PLAIN),
    PlainRecipe(shortest_edge=32, size=None, crop=(28, 28), **PLAIN),
    PlainRecipe(shortest_edge=None, size=(32, 32), crop=None, **PLAIN),
    PlainRecipe(shortest_edge=None, size=(40, 24), crop=None, **PLAIN),
]
LEAST_COSINE = 0.985
"""Of MobileNetV2 on pages of print at the margin, which is where most is lost (docs/encoders.md)."""


def opened(width: int, height: int, seed: int = 0) -> Image.Image:
    return Image.open(io.BytesIO(sample_images.jpeg(seed, (width, height))))


@settings(max_examples=150, deadline=None)
@given(
    st.integers(1, 200), st.integers(1, 200), st.sampled_from([1, 1, 1, 25]), st.sampled_from(RECIPES), st.booleans()
)
def test_half_is_decoded_just_where_the_margin_is_kept(
    short: int, long: int, strip: int, recipe: PlainRecipe, upright: bool
) -> None:
    full = (short, long * strip) if upright else (long * strip, short)
    image = opened(*full)
    wanted = recipe.resized_size(full)
    prepared = recipe.prepare(image)
    assert prepared.shape == (*(recipe.crop or recipe.size)[::-1], 3)
    enough = all(have / 2 >= MARGIN * want for have, want in zip(full, wanted, strict=True))
    assert image.size == (tuple((side + 1) // 2 for side in full) if enough else full)
    if enough:
        assert all(have >= MARGIN * want for have, want in zip(image.size, wanted, strict=True))


@pytest.mark.parametrize(
    "recipe",
    [
        PlainRecipe(shortest_edge=160, size=None, crop=(160, 160), **PLAIN),
        PlainRecipe(shortest_edge=160, size=None, crop=(140, 140), **PLAIN),
        PlainRecipe(shortest_edge=None, size=(160, 160), crop=None, **PLAIN),
    ],
)
@pytest.mark.parametrize("size", [(480, 400), (479, 401), (401, 601), (403, 455)])
def test_half_shows_what_the_whole_picture_shows_in_the_same_place(recipe: PlainRecipe, size: tuple[int, int]) -> None:
    half, whole = opened(*size), opened(*size)
    whole.load()
    ours, theirs = recipe.prepare(half).astype(int), recipe.prepare(whole).astype(int)
    assert half.size != whole.size
    assert np.abs(ours - theirs).mean() < 0.8, "half a column that is counted in costs 2.0, a crop one pixel aside 6"


def test_what_is_decoded_already_or_no_jpeg_stays_whole() -> None:
    loaded = opened(300, 300)
    loaded.load()
    png = Image.open(io.BytesIO(sample_images.encoded(sample_images.picture(), "PNG")))
    for image in (loaded, png, sample_images.picture()):
        size = image.size
        RECIPES[0].prepare(image)
        assert image.size == size


def test_a_models_own_processor_gets_the_whole_picture(tmp_path: Path) -> None:
    image = opened(640, 480)
    load_encoder(str(save_twice_normalised(tmp_path / "model")), "cpu").prepare_image(image)
    assert image.size == (640, 480)


def test_mobilenet_on_pages_at_the_margin_stays_near_the_plain_pipeline(shared_data: Path) -> None:
    folder = shared_data / "models" / "mobilenet_v2_1.0_224"
    encoder = load_encoder(str(folder), "cpu", backend="torch")
    pages = []
    for path in sorted((shared_data / "page_scans" / "images").iterdir())[:10]:
        with Image.open(path) as image:  # the short edge is 640: 2 × 1.25 × 256
            pages.append(through_a_file(image.convert("RGB").resize((640, round(640 * image.height / image.width)))))
    plain = plain_images(folder, [page.copy() for page in map(_again, pages)], "pooler")
    vectors = encoder.encode_images(pages)
    assert {page.width for page in pages} == {320}
    assert smallest_cosine(vectors, plain) > LEAST_COSINE


def _again(page: Image.Image) -> Image.Image:
    """Open the file of a picture once more."""
    page.fp.seek(0)
    return Image.open(io.BytesIO(page.fp.read()))


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> PretrainedEncoder:
    return load_encoder(str(save_clip(tmp_path_factory.mktemp("models") / "clip")), "cpu")


@pytest.mark.parametrize(
    "data",
    [
        sample_images.jpeg(1, (1200, 900)),
        sample_images.jpeg(2, (301, 455)),
        sample_images.jpeg(3, (60, 50)),
        sample_images.rotated_jpeg(6),
        sample_images.encoded(sample_images.picture(4), "PNG"),
        sample_images.encoded(sample_images.picture(5).convert("CMYK"), "TIFF"),
    ],
)
def test_a_query_is_prepared_as_the_archives_own_picture_is(
    clip: PretrainedEncoder, tmp_path: Path, data: bytes
) -> None:
    fetch, store = FetchSettings(), FolderStore(tmp_path)
    kept = ImageShelf(store, fetch).keep(data)
    archived = DerivativeReader(clip, store, Semaphore(1))(kept.derivative)
    assert np.array_equal(prepare_query(data, clip, fetch), archived)


def test_a_damaged_picture_is_left_out_of_training(clip: PretrainedEncoder, tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    data = sample_images.jpeg(1, (320, 240))
    for name, content in (("whole", data), ("cut", data[: len(data) // 3]), ("html", b"<html>")):
        store.put(f"{name}.jpg", content)
    found = [
        prepared_picture(
            lambda one: picture_of(store, one), Pair(name, name, "a", "a", f"{name}.jpg"), clip.prepare_image
        )
        for name in ("whole", "cut", "html", "gone")
    ]
    assert [one is not None for one in found] == [True, False, False, False]
