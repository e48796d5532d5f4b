"""Bad scans told by their pixels, and pages described as if the scanner had done better."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from heritage_assets.curation.pages.bad_scans import beside
from heritage_assets.curation.pages.colours import COLOUR_SIZE
from heritage_assets.curation.pages.ink_layout import LAYOUT_SIZE
from heritage_assets.curation.pages.schemas import MEASURES
from heritage_assets.curation.pages.signatures import signature
from heritage_assets.curation.pages.text_lines import line_pitch
from heritage_assets.curation.pages.views import upright_page
from heritage_assets.embedded.scan_archive import plan_archive
from heritage_assets.embedded.scan_archive.plan import Shot
from heritage_assets.embedded.scan_archive.scanner import scan

AREA, COLOUR = MEASURES.index("log_area"), slice(MEASURES.index("paper_l"), MEASURES.index("paper_b") + 1)


@pytest.fixture(scope="module")
def shots() -> list[Shot]:
    """Pages of text on a light and on a dark bed, from different documents."""
    found = [
        shot
        for shot in plan_archive().shots
        if shot.document and shot.document.pages[shot.position - 1].kind in ("text", "letter_first", "minutes_first")
    ]
    light = [shot for shot in found if shot.document and shot.document.style.bed[0] > 200]
    dark = [shot for shot in found if shot.document and shot.document.style.bed[0] < 200]
    return [light[0], light[-1], dark[0], dark[-1]]


def drawn(shot: Shot, defect: str | None) -> Image.Image:
    image = Image.open(io.BytesIO(scan(replace(shot, defect=defect)))).convert("RGB")
    image.thumbnail((1024, 1024))
    return image


@pytest.mark.parametrize("defect", ["black", "rotated", "truncated", "colour_card", "ruler"])
def test_each_defect_is_told(shots: list[Shot], defect: str) -> None:
    for shot in shots:
        image = drawn(shot, defect)
        _, _, names = upright_page(image, *image.size)
        assert names == [defect], shot.name


def test_good_scans_have_no_defect_and_blank_ones_are_blank(shots: list[Shot]) -> None:
    for shot in shots:
        image = drawn(shot, None)
        assert upright_page(image, *image.size)[2] == []
    chance = np.random.default_rng(3)
    paper = np.clip(chance.normal(225, 3, (900, 640, 3)), 0, 255).astype(np.uint8)
    assert upright_page(Image.fromarray(paper), 640, 900)[2] == ["blank"]


@pytest.mark.parametrize("defect", ["colour_card", "ruler"])
def test_what_lies_beside_a_page_is_left_out_of_its_features(shots: list[Shot], defect: str) -> None:
    """Two pages of different documents must not be alike because a card lies beside both."""
    for shot in shots:
        good, aided = drawn(shot, None), drawn(shot, defect)
        _, plain, _ = upright_page(good, *good.size)
        image, found, _ = upright_page(aided, *aided.size)
        whole = signature(aided, *aided.size)
        assert abs(found.measures[AREA] - plain.measures[AREA]) < abs(whole.measures[AREA] - plain.measures[AREA])
        assert np.abs(found.measures[COLOUR] - plain.measures[COLOUR]).max() < 2
        assert float(found.colour @ plain.colour) > 0.97
        assert image.width < aided.width or image.height < aided.height


def test_a_turned_page_is_described_as_it_is_read(shots: list[Shot]) -> None:
    for shot in shots:
        good, turned = drawn(shot, None), drawn(shot, "rotated")
        _, plain, _ = upright_page(good, *good.size)
        image, found, names = upright_page(turned, *turned.size)
        assert names == ["rotated"]
        assert image.height > image.width
        assert np.abs(found.measures[:2] - plain.measures[:2]).max() < 0.02


def test_one_mark_near_the_edge_is_no_pitch_of_lines() -> None:
    """Its profile has peaks of correlation that are all below nothing."""
    rows = np.exp(-(((np.arange(80) - 72) / 3) ** 2))
    assert line_pitch(rows, 80) == (0.0, 0.0)
    lines = np.tile(np.repeat([1.0, 0.0], [6, 10]), 40)
    pitch, regular = line_pitch(lines, len(lines))
    assert pitch * len(lines) == pytest.approx(16, abs=1)
    assert regular > 0.8


def test_painted_borders_are_no_colour_card() -> None:
    page = Image.new("RGB", (640, 900), (232, 222, 196))
    pen = ImageDraw.Draw(page)
    hues = [(190, 60, 54), (224, 140, 40), (70, 140, 70), (50, 120, 180), (120, 70, 140), (200, 90, 150)]
    chance = np.random.default_rng(0)
    for k in range(120):  # leaves of all sizes and hues around the page
        x, y, size = (int(chance.integers(*span)) for span in ((4, 70), (4, 860), (6, 60)))
        pen.ellipse((x, y, x + size, y + int(size * chance.uniform(0.3, 1))), fill=hues[k % 6])
    for y in range(120, 800, 22):
        for x in range(140, 560, 30):
            pen.line((x, y, x + int(chance.integers(8, 24)), y), fill=(50, 40, 36), width=4)
    assert upright_page(page, *page.size)[2] == []


def test_what_would_take_half_of_the_scan_stays() -> None:
    assert beside([(700, 50, 780, 900)], 800, 1_000) == (0, 0, 700, 1_000)
    assert beside([(0, 900, 800, 908)], 800, 1_000) == (0, 0, 800, 900)
    assert beside([(350, 0, 450, 1_000)], 800, 1_000) == (0, 0, 800, 1_000)
    assert beside([(700, 50, 780, 900), (0, 900, 800, 908)], 800, 1_000) == (0, 0, 700, 900)
    assert beside([], 800, 1_000) == (0, 0, 800, 1_000)


@settings(deadline=None, max_examples=40)
@given(
    width=st.integers(1, 260),
    height=st.integers(1, 260),
    ground=st.tuples(*[st.integers(0, 255)] * 3),
    noise=st.sampled_from([0, 2, 40]),
    period=st.integers(2, 60),
    seed=st.integers(0, 9),
)
def test_whatever_the_scanner_gives_is_described(
    width: int, height: int, ground: tuple[int, int, int], noise: int, period: int, seed: int
) -> None:
    """Nothing that decodes may break off the description of a batch; every number is finite."""
    chance = np.random.default_rng(seed)
    pixels = np.full((height, width, 3), ground, np.float64)
    pixels[:: period + 1] *= 0.4
    pixels += noise * chance.normal(size=(height, width, 1))
    image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    _, found, names = upright_page(image, width, height)
    assert found.layout.shape == (LAYOUT_SIZE,)
    assert found.colour.shape == (COLOUR_SIZE,)
    assert all(np.isfinite(part).all() for part in (found.layout, found.colour, found.measures))
    assert len(set(names)) == len(names)
