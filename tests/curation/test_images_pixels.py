"""From files of every kind to upright sRGB pixels, derivatives and hashes; broken files to a reason."""

from __future__ import annotations

import io
import struct
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import imagehash
import numpy as np
import pytest
import sample_images as samples
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageOps

from heritage_assets.curation.images import (
    FetchSettings,
    ImageError,
    ImageShelf,
    Reason,
    decode_image,
    hamming_distance,
    perceptual_hash,
)
from heritage_assets.curation.images.budgets import PixelBudget
from heritage_assets.stores.objects import FolderStore

LIMITS = {"max_pixels": 2_000_000, "max_frames": 100}


def pixels(data: bytes, side: int = 768) -> np.ndarray:
    decoded = decode_image(data, side, **LIMITS)
    assert decoded.pixels.mode == "RGB"
    return np.asarray(decoded.pixels, dtype=np.int32)


def reason(data: bytes, **limits: int) -> Reason | None:
    try:
        decode_image(data, 768, **{**LIMITS, **limits})
    except ImageError as error:
        return error.reason
    return None


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_is_turned_upright(orientation) -> None:
    data = samples.rotated_jpeg(orientation)
    decoded = decode_image(data, 768, **LIMITS)
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    assert decoded.pixels.size == (decoded.width, decoded.height) == expected.size
    assert np.array_equal(np.asarray(decoded.pixels), np.asarray(expected))


def test_transparency_lies_on_white() -> None:
    for data in (samples.transparent_png(), samples.encoded(Image.open(io.BytesIO(samples.transparent_png())), "WEBP")):
        image = pixels(data)
        assert np.abs(image[120, 80] - (0, 0, 255)).max() < 8
        assert image[120, 240].min() > 250
    image = pixels(samples.transparent_palette_png())
    assert tuple(image[120, 80]) == (0, 128, 0) and tuple(image[120, 240]) == (255, 255, 255)
    key_colour = samples.encoded(Image.new("RGB", (50, 50), (9, 9, 9)), "PNG", transparency=(9, 9, 9))
    assert pixels(key_colour).min() == 255


def test_scaled_transparency_has_no_dark_rim() -> None:
    image = pixels(samples.transparent_png(), side=97)
    assert image[:, :, 2].min() >= 250, "blue and white both have full blue: any less is the hidden red shining through"


def test_cmyk_keeps_its_colours() -> None:
    red = samples.encoded(Image.new("CMYK", (64, 64), (0, 255, 255, 0)), "JPEG")
    assert np.abs(pixels(red) - (255, 0, 0)).max() < 12


def test_sixteen_bit_grey_keeps_its_range() -> None:
    ramp = pixels(samples.grey16_png())[:, :, 0].ravel()
    assert ramp[0] == 0 and ramp[-1] == 255 and (np.diff(ramp) >= 0).all() and len(np.unique(ramp)) == 256


def test_sixteen_bit_colour_keeps_its_upper_byte() -> None:
    colours = np.array([[[0xFFFF, 0x8000, 0x01FF], [0x1234, 0, 0xFE00]]], ">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in colours)
    header = struct.pack(">IIBBBBB", 2, 1, 16, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    png = b"\x89PNG\r\n\x1a\n" + b"".join(samples.png_chunk(*chunk) for chunk in chunks)
    assert pixels(png).tolist() == [[[255, 128, 1], [18, 0, 254]]]
    grey = samples.encoded(Image.open(io.BytesIO(samples.grey16_png())), "JPEG2000", irreversible=False)
    assert np.array_equal(pixels(grey), pixels(samples.grey16_png()))


@pytest.mark.parametrize(
    ("kind", "options", "most"),
    [
        ("WEBP", {"quality": 95}, 3.0),
        ("WEBP", {"lossless": True}, 0.0),
        ("AVIF", {"quality": 95}, 3.0),
        ("JPEG2000", {}, 0.0),
        ("JPEG2000", {"no_jp2": True}, 0.0),
        ("TIFF", {"compression": "tiff_lzw"}, 0.0),
        ("TIFF", {"compression": "tiff_adobe_deflate"}, 0.0),
        ("BMP", {}, 0.0),
        ("PNG", {}, 0.0),
        ("JPEG", {"quality": 95, "progressive": True}, 3.0),
    ],
)
def test_each_format_shows_its_picture(kind, options, most) -> None:
    """``most``: mean difference to the picture that was encoded, of 255."""
    found = pixels(samples.encoded(samples.picture(), kind, **options))
    assert np.abs(found - np.asarray(samples.picture(), dtype=np.int32)).mean() <= most


def test_heic_is_refused_by_name() -> None:
    with pytest.raises(ImageError, match=r"unsupported_media_type.*HEIC"):
        decode_image(samples.HEIC, 768, **LIMITS)


def test_of_several_frames_or_pages_the_first_is_shown() -> None:
    first = np.asarray(samples.picture(0, (64, 48)), dtype=np.int32)
    assert np.array_equal(pixels(samples.multipage_tiff()), first)
    assert np.abs(pixels(samples.animated_gif()) - first).mean() < 12


def test_floating_point_is_stretched_and_not_a_number_is_black() -> None:
    values = np.linspace(-3, 5, 64 * 64, dtype=np.float32).reshape(64, 64)
    values[0, 5] = np.nan
    image = pixels(samples.encoded(Image.fromarray(values), "TIFF"))
    assert image[0, 0, 0] == 0 and image[63, 63, 0] == 255 and image[0, 5, 0] == 0


def test_an_embedded_profile_is_applied_and_a_broken_one_ignored() -> None:
    image = Image.new("RGB", (64, 64), (255, 0, 0))
    assert np.abs(pixels(samples.encoded(image, "PNG", icc_profile=samples.swapping_profile())) - (0, 255, 0)).max() < 6
    assert tuple(pixels(samples.encoded(image, "PNG", icc_profile=b"not a profile" * 20))[0, 0]) == (255, 0, 0)
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert tuple(pixels(samples.encoded(image, "PNG", icc_profile=srgb))[0, 0]) == (255, 0, 0)


def test_lab_becomes_srgb() -> None:
    lab = Image.new("LAB", (32, 32), (255, 128, 128))
    assert np.abs(pixels(samples.encoded(lab, "TIFF")) - 255).max() < 4


@pytest.mark.parametrize("side", [200, 532])
def test_reduced_decoding_moves_pixels_little(side) -> None:
    data = samples.jpeg(size=(1600, 1200))
    full = Image.open(io.BytesIO(data)).resize((side, side * 3 // 4), Image.Resampling.BICUBIC)
    difference = np.abs(pixels(data, side=side) - np.asarray(full, dtype=np.int32))
    assert difference.mean() < 0.5


def test_small_images_are_not_enlarged() -> None:
    assert pixels(samples.jpeg(size=(31, 17))).shape == (17, 31, 3)
    assert pixels(samples.jpeg(size=(1500, 3))).shape == (2, 768, 3)


@pytest.mark.parametrize(
    ("data", "limits", "expected"),
    [
        (samples.bomb_png(), {}, Reason.TOO_MANY_PIXELS),
        (samples.bomb_png(), {"max_pixels": 10**12}, Reason.TOO_MANY_PIXELS),
        (samples.jpeg(), {"max_pixels": 76_799}, Reason.TOO_MANY_PIXELS),
        (samples.jpeg(), {"max_pixels": 76_800}, None),
        (samples.animated_gif(7), {"max_frames": 6}, Reason.TOO_MANY_FRAMES),
        (samples.animated_gif(7), {"max_frames": 7}, None),
        (samples.multipage_tiff(4), {"max_frames": 3}, Reason.TOO_MANY_FRAMES),
        (samples.multipage_tiff(4), {"max_frames": 4}, None),
        (samples.jpeg(progressive=True) + b"\xff\xda" * 600, {}, Reason.TOO_MANY_FRAMES),
        (
            samples.jpeg().replace(b"\xff\xda\x00\x0c\x03", b"\xff\xda\x00\x0c\x01") + b"\xff\xda" * 600,
            {},
            Reason.TOO_MANY_FRAMES,
        ),
        (samples.jpeg() + b"\xff\xda" * 600, {}, None),  # its one scan holds all: the decoder stops behind it
        (samples.jpeg() + samples.HTML, {}, None),
        (samples.HTML, {}, Reason.HTML_INSTEAD_OF_IMAGE),
        (b"\xef\xbb\xbf \n<html>", {}, Reason.HTML_INSTEAD_OF_IMAGE),
        (b"<?xml version='1.0'?><!DOCTYPE html><html>", {}, Reason.HTML_INSTEAD_OF_IMAGE),
        (samples.SVG, {}, Reason.UNSUPPORTED_MEDIA_TYPE),
        (b"GIF89a", {}, Reason.CORRUPT),
        (b"\xff\xd8\xff", {}, Reason.CORRUPT),
        (b"BM not a bitmap at all", {}, Reason.NOT_AN_IMAGE),
        (b"", {}, Reason.NOT_AN_IMAGE),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n(exec) pop", {}, Reason.UNSUPPORTED_MEDIA_TYPE),
    ],
)
def test_limits_and_kinds(data, limits, expected) -> None:
    assert reason(data, **limits) == expected


SEEDS = [
    samples.jpeg(size=(64, 48)),
    samples.encoded(samples.picture(size=(64, 48)), "JPEG", progressive=True),
    samples.encoded(samples.picture(size=(32, 24)), "PNG"),
    samples.animated_gif(3),
    samples.multipage_tiff(2)[:9000],
    samples.encoded(samples.picture(size=(64, 48)), "TIFF", compression="tiff_lzw"),
    samples.encoded(samples.picture(size=(64, 48)), "WEBP"),
    samples.encoded(samples.picture(size=(64, 48)), "AVIF"),
    samples.encoded(samples.picture(size=(64, 48)), "JPEG2000"),
    samples.encoded(samples.picture(size=(32, 24)), "BMP"),
]


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=8)), max_size=6),
    st.floats(0, 1),
)
def test_damaged_files_decode_or_fail_with_a_reason(seed, edits, keep) -> None:
    data = bytearray(seed)
    for place, new in edits:
        start = int(place * len(data))
        data[start : start + len(new)] = new
    reason(bytes(data[: int(len(data) * keep) + 1]))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
@example(b"RIFF\0\0\0\0WEBP")
@example(b"\0\0\0\x18ftypavif")
@example(b"II*\0\x08\0\0\0\0\0")
def test_any_bytes_fail_with_a_reason(data) -> None:
    assert reason(data) is not None


@pytest.mark.parametrize("seed", range(20))
def test_the_hash_is_that_of_imagehash(seed) -> None:
    small, large = samples.picture(seed, (90, 60 + 9 * seed)), samples.picture(seed, (300 + 17 * seed, 240))
    assert perceptual_hash(small) == str(imagehash.phash(small))
    assert hamming_distance(perceptual_hash(large), str(imagehash.phash(large))) <= 4
    image = small
    assert hamming_distance(perceptual_hash(image), f"{2**64 - 1 - int(perceptual_hash(image), 16):016x}") == 64


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_hamming_distance_counts_bits(first, second) -> None:
    assert hamming_distance(f"{first:016x}", f"{second:016x}") == bin(first ^ second).count("1")


def test_an_image_is_stored_once_with_what_is_derived_from_it(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    shelf = ImageShelf(store, FetchSettings())
    exif = Image.Exif()
    exif[0x010E] = "the owner's address"
    data = samples.jpeg(size=(1200, 900), exif=exif)
    image = shelf.keep(data)
    assert (image.width, image.height, image.size_bytes) == (1200, 900, len(data))
    assert store.get(image.original) == data
    derivative, thumbnail = (Image.open(io.BytesIO(store.get(key))) for key in (image.derivative, image.thumbnail))
    assert (derivative.size, thumbnail.size) == ((768, 576), (256, 192))
    assert derivative.format == thumbnail.format == "JPEG"
    assert not derivative.getexif() and not thumbnail.getexif()
    assert [layer[1:3] for layer in derivative.layer] == [(2, 2), (1, 1), (1, 1)], "4:2:0"
    assert hamming_distance(perceptual_hash(derivative), image.perceptual_hash) <= 4
    before = list(store.list())
    assert shelf.keep(data) == image and list(store.list()) == before


def test_many_threads_may_keep_the_same_image(tmp_path: Path) -> None:
    shelf = ImageShelf(FolderStore(tmp_path), FetchSettings())
    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(shelf.keep, [samples.jpeg()] * 40))) == 1


def test_the_pixel_budget_is_never_exceeded() -> None:
    budget, held, most, lock = PixelBudget(100), 0, 0, threading.Lock()

    def hold(size: int) -> None:
        nonlocal held, most
        with budget.held(size):
            with lock:
                held += size
                most = max(most, held)
            time.sleep(0.001)
            with lock:
                held -= size

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(hold, [30, 100, 1, 60, 45, 70] * 10))
    assert 60 < most <= 100


def test_real_scans_and_photographs_are_accepted(shared_data: Path, tmp_path: Path) -> None:
    shelf = ImageShelf(FolderStore(tmp_path), FetchSettings())
    files = sorted((shared_data / "page_scans").rglob("*.jpg"))[:10]
    files += sorted((shared_data / "near_duplicates").rglob("*.jpg"))[:20]
    assert files
    for file in files:
        image = shelf.keep(file.read_bytes())
        with Image.open(file) as original:
            upright = ImageOps.exif_transpose(original)
        assert (image.width, image.height) == upright.size
