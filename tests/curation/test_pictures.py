"""Sheets and plots: they decode, stay small, and survive what providers send."""

from __future__ import annotations

import base64
import sys
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from heritage_assets.curation import pictures


def photo(colour=(200, 30, 30), size=(300, 200), kind="JPEG", **options) -> bytes:
    buffer = BytesIO()
    Image.new("RGB" if isinstance(colour, tuple) and len(colour) == 3 else "RGBA", size, colour).save(
        buffer, kind, **options
    )
    return buffer.getvalue()


def noise(seed: int) -> bytes:
    buffer = BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (256, 256, 3), dtype=np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def opened(content: bytes) -> Image.Image:
    picture = Image.open(BytesIO(content))
    picture.load()
    return picture.convert("RGB")


def test_sheet_shows_each_picture_in_its_place():
    sheet = opened(pictures.contact_sheet([(photo(), "red"), (photo((30, 30, 200)), "blue")], columns=2, tile=100))
    red, blue = sheet.getpixel((60, 60)), sheet.getpixel((170, 60))
    assert red[0] > 150 > red[2]
    assert blue[2] > 150 > blue[0]


@pytest.mark.parametrize("broken", [None, b"", b"<html>404</html>", photo()[:300], b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
def test_a_broken_picture_does_not_spoil_the_sheet(broken):
    sheet = opened(pictures.contact_sheet([(broken, "gone"), (photo(), "red")], columns=2, tile=100))
    assert sheet.getpixel((170, 60))[0] > 150


def test_a_bomb_is_not_decoded(monkeypatch):
    monkeypatch.setattr(pictures, "_MAX_SOURCE_PIXELS", 300 * 200 - 1)
    sheet = opened(pictures.contact_sheet([(photo(), "big")], tile=100))
    assert min(sheet.getpixel((30, 60))) > 200


def test_pictures_stand_upright_and_lie_on_white():
    exif = Image.Exif()
    exif[0x0112] = 6
    sheet = opened(pictures.contact_sheet([(photo(size=(400, 100), exif=exif), "tall")], tile=100))
    assert sheet.getpixel((60, 15))[0] > 150  # the long side now stands
    assert min(sheet.getpixel((15, 60))) > 230
    clear = opened(pictures.contact_sheet([(photo((0, 0, 0, 0), kind="PNG"), "clear")], tile=100))
    assert min(clear.getpixel((60, 60))) > 230


def test_the_sheet_stays_small_even_for_noise():
    content = pictures.contact_sheet([(noise(seed), f"no. {seed}") for seed in range(48)], columns=8)
    assert len(content) <= pictures.MAX_BYTES
    assert opened(content).width > 300
    with pytest.raises(ValueError, match="fewer images"):
        pictures.contact_sheet([(noise(0), "")], max_bytes=100)
    with pytest.raises(ValueError, match="needs images"):
        pictures.contact_sheet([])


@pytest.mark.parametrize(
    "caption", ["", "a" * 5000, "Ζωγραφική · Карта · Müller\n\tzwei\x00", "one two three four five six seven " * 9]
)
def test_captions_are_cut_to_their_tile(caption):
    font = pictures._font(11)
    lines = pictures._wrapped(caption, font, 144)
    assert len(lines) <= 2
    assert all(font.getlength(line) <= 144 for line in lines)
    assert (lines[-1].endswith("…") if len(caption) > 100 else True) if lines else caption == ""
    opened(pictures.contact_sheet([(photo(), caption)]))


def test_markdown_holds_the_picture_and_harmless_words():
    text = pictures.as_markdown(photo(), "a](x) <b>\nc")
    assert text.startswith("![a x b c](data:image/jpeg;base64,")
    assert base64.b64decode(text.rsplit(",", 1)[1].rstrip(")")) == photo()
    assert "image/png" in pictures.as_markdown(noise(0), "n")
    assert "image/webp" in pictures.as_markdown(pictures.contact_sheet([(photo(), "")]), "n")
    with pytest.raises(ValueError, match="not a PNG"):
        pictures.as_markdown(b"<svg/>", "n")


def test_plots_are_small_pictures_and_leave_matplotlib_alone():
    rng = np.random.default_rng(0)
    plots = [
        pictures.histogram(rng.normal(size=5000), 0.98, "scores", label="cosine", log=True),
        pictures.histogram([3, 0, 9], 0.5, edges=[0, 0.4, 0.8, 1]),
        pictures.histogram([]),
        pictures.histogram([np.nan, np.inf, 1.0]),
        pictures.bar_chart(
            {"too large": 3, "$x$ not found": 12, **{f"reason {at}": at for at in range(40)}}, "failures"
        ),
        pictures.bar_chart({"x" * 60 + "a": 1, "x" * 60 + "b": 2}),
        pictures.bar_chart({}),
        pictures.cluster_map_plot(*rng.normal(size=(2, 3000)), ["c-1", "c-2", None] * 1000, {"c-1": "coin $1"}, "map"),
        pictures.cluster_map_plot([], [], []),
    ]
    for plot in plots:
        assert plot.startswith(b"\x89PNG")
        assert len(plot) <= pictures.MAX_BYTES
        assert opened(plot).width >= 500
    assert "matplotlib.pyplot" not in sys.modules


def test_plots_refuse_what_does_not_fit():
    with pytest.raises(ValueError, match="3 counts need 4 edges"):
        pictures.histogram([1, 2, 3], edges=[0, 1])
    with pytest.raises(ValueError, match="one of each"):
        pictures.cluster_map_plot([1], [2], [])
