"""What the text of a page tells, and reading it: once an image, by the engine that runs here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from page_archive import PRINTED, printed_page
from PIL import Image

from heritage_assets.curation.pages.ocr import OcrError, ReadingCache, find_engine, tesseract_lines
from heritage_assets.curation.pages.reading import NOTHING, Line, language_of, number_value, page_number, read_lines
from heritage_assets.stores.objects import open_object_store


def line(text: str, top: float, left: float = 0.2, confidence: float = 0.9, height: float = 0.02) -> Line:
    return Line(text, confidence, left, top, min(left + 0.02 * len(text), 1.0), top + height)


BODY = [line("the report of the society was read and it was agreed that", 0.3 + 0.03 * k) for k in range(5)]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", "12"),
        ("- 7 -", "7"),
        ("Seite 104", "104"),
        ("fol. xiv", "xiv"),
        ("[3]", "3"),
        ("12 May", None),
        ("civil", None),
    ],
)
def test_printed_page_numbers_stand_alone_at_the_edge(text: str, number: str | None) -> None:
    assert page_number([*BODY, line(text, 0.95)]) == number
    assert page_number([*BODY, line(text, 0.5)]) is None


def test_arabic_numbers_win_and_roman_ones_count() -> None:
    assert page_number([line("iv", 0.03), *BODY, line("12", 0.95)]) == "12"
    assert [number_value(one) for one in ("9", "iv", "XLII", "iiii", "vx", None)] == [9, 4, 42, 4, None, None]


def test_a_running_head_stands_apart_and_has_no_number() -> None:
    found = read_lines([line("ANNUAL REPORT 1903", 0.04), line("17", 0.04, left=0.8), *BODY])
    assert (found.running_head, found.page_number) == ("annual report", "17")
    assert read_lines(BODY).running_head is None
    close = [line("the first line of a page without a head", 0.05), line("the second line of it", 0.075), *BODY]
    assert read_lines(close).running_head is None


def test_a_reading_by_hand() -> None:
    found = read_lines(
        [line("de la", 0.5, confidence=1.0), line("abcde", 0.2, confidence=0.5, height=0.04), line("  ", 0.1)]
    )
    assert found.text == "abcde\nde la"
    assert found.confidence == pytest.approx(0.75)
    assert found.font_size == pytest.approx(30.0)
    assert found.language is None
    assert read_lines([]) == NOTHING


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Der Bericht und die Rechnung des Vereins sind von dem Kassier zu prüfen", "de"),
        ("the accounts of the society and the report that was read", "en"),
        ("les comptes de la société et le rapport qui est dans les mains du président", "fr"),
        ("in principio erat verbum et verbum erat apud deum non est quod ut ex", "la"),
        ("1 2 3 4", None),
        ("Müller, Maier", None),
    ],
)
def test_languages(text: str, code: str | None) -> None:
    assert language_of(text) == code


def test_words_of_tesseract_become_lines() -> None:
    head = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext"
    words = [
        "5\t1\t1\t1\t1\t1\t10\t20\t30\t10\t90\tdear",
        "5\t1\t1\t1\t1\t2\t50\t18\t50\t14\t70\tsir",
        "4\t1\t1\t1\t2\t0\t0\t0\t9\t9\t-1\t",
    ]
    (found,) = tesseract_lines("\n".join([head, *words]), 200, 100)
    assert (found.text, found.confidence) == ("dear sir", pytest.approx(0.8))
    assert (found.left, found.top, found.right, found.bottom) == (0.05, 0.18, 0.5, 0.32)


def test_an_engine_that_is_not_there_is_asked_for_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    from heritage_assets.curation.pages import ocr

    monkeypatch.setattr(ocr, "find_spec", lambda _: None)
    monkeypatch.setattr(ocr.shutil, "which", lambda _: None)
    assert find_engine("auto") is None
    assert find_engine("off") is None
    for name in ("rapidocr", "tesseract"):
        with pytest.raises(OcrError, match="HERITAGE_PAGES__OCR=off"):
            find_engine(name)  # type: ignore[arg-type]


def test_a_printed_page_is_read_once(tmp_path: Path) -> None:
    """RapidOCR on a drawn page: words, number and head are found; the second time nothing is read, by its hash."""
    pytest.importorskip("rapidocr")
    engine = find_engine("rapidocr")
    assert engine is not None
    page = printed_page(PRINTED, "17")
    asked: list[int] = []

    def image() -> Image.Image:
        asked.append(1)
        return page

    cache = ReadingCache(open_object_store(tmp_path.as_uri()), engine)
    first, again = cache.lines("ab" * 32, image), cache.lines("ab" * 32, image)
    assert first == again
    assert len(asked) == 1
    found = read_lines(first)
    assert found.text is not None
    assert "society met" in found.text
    assert (found.language, found.page_number, found.running_head) == ("en", "17", "annual report")
    assert found.confidence is not None
    assert found.confidence > 0.8
    assert np.isfinite(found.font_size or np.nan)
