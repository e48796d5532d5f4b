"""Text, titles, languages, rights statements and addresses, one value at a time."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heritage_assets.curation.cleansing.languages import language_tag
from heritage_assets.curation.cleansing.rights import CATEGORIES, rights_category, rights_statement
from heritage_assets.curation.cleansing.text import plain_text
from heritage_assets.curation.cleansing.titles import is_placeholder, main_title, titles_by_language
from heritage_assets.curation.cleansing.urls import choose_image, iiif_service, image_address, web_address
from heritage_assets.curation.cleansing.values import Literal, literals, preferred_texts


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("View of Delft", "View of Delft"),
        ("  View \n of\tDelft  ", "View of Delft"),
        ("<p>View of <b>Delft</b></p>", "View of Delft"),
        ("View<br/>of<br>Delft", "View of Delft"),
        ("H<sub>2</sub>O", "H2O"),
        ("Müller &amp; Söhne", "Müller & Söhne"),
        ("M&uuml;ller", "Müller"),
        ("M&amp;uuml;ller &amp;amp; S&#246;hne", "Müller & Söhne"),
        ("&lt;i&gt;Das Kapital&lt;/i&gt;", "Das Kapital"),
        ("AT&T and R&D", "AT&T and R&D"),
        ("a < b and c > d", "a < b and c > d"),
        ("letter from <Anna> to <Karl>", "letter from <Anna> to <Karl>"),
        ("a<script>alert('x')</script>b", "a b"),
        ("a<!-- hidden -->b", "a b"),
        ("a<script>never closed", "a"),
        ("faÃ§ade", "façade"),
        ("DÃ¼rer", "Dürer"),
        ("faand#231;ade", "façade"),
        ("AL-DIMA\x8aQĪ", "AL-DIMAŠQĪ"),
        ("Cafe\u0301", "Café"),
        ("a\u200bb\ufeffc\u00add", "abcd"),
        ("bell\x07 and nul\x00", "bell and nul"),
        ("half \ud800 pair", "half \ufffd pair"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("plain\u200dlatin", "plainlatin"),
        ("l’église", "l’église"),
        ("<p>&nbsp;</p>", None),
        ("\u200b", None),
        ("", None),
    ],
)
def test_plain_text(raw: str, expected: str | None) -> None:
    assert plain_text(raw, 1_000) == expected


def test_long_text_is_cut_at_a_word() -> None:
    assert plain_text("word " * 100, 23) == "word word word word…"
    assert plain_text("x" * 100, 10) == "xxxxxxxxx…"


@pytest.mark.parametrize("unit", ["x", "<b ", "<script>", "&amp;", "é<", "<!--", "and#1;", " \u200c"])
def test_endless_text_takes_little_time(unit: str) -> None:
    started = time.process_time()
    cleaned = plain_text(unit * 3_000_000, 1_000)
    assert time.process_time() - started < 1
    assert cleaned is None or len(cleaned) <= 1_000


@given(st.text(), st.integers(2, 200))
def test_plain_text_is_clean_and_stays_so(raw: str, limit: int) -> None:
    cleaned = plain_text(raw, limit)
    if cleaned is not None:
        assert 0 < len(cleaned) <= limit
        assert cleaned == " ".join(cleaned.split())
        assert unicodedata.is_normalized("NFC", cleaned)
        assert not any(unicodedata.category(char) in ("Cc", "Cs") for char in cleaned)
        cleaned.encode()


@pytest.mark.parametrize(
    "title",
    [
        "[title not known]", "Untitled", "untitled.", "[blank]", "Blank", "[no title]", "Ohne Titel", "o. T.", "Sans titre",
        "Senza titolo", "Sin título", "Sem título", "Zonder titel", "Bez tytułu", "Без названия", "無題", "?", "---", "...",
        "[?]", "(Untitled)", "N/A", "none", "null", "Unknown", "Untitled. Verso: Untitled",
    ],
)  # fmt: skip
def test_placeholder_is_no_title(title: str) -> None:
    assert is_placeholder(title)
    assert main_title(titles_by_language([Literal("en", title)]), "en") is None


@pytest.mark.parametrize(
    "title",
    ["Untitled (Blue)", "Canto X: [no title]", "Blank Signature", "Untitled No. 3", "1917", "The Unknown Soldier", "Q"],
)
def test_title_that_says_something_stays(title: str) -> None:
    assert not is_placeholder(title)


def test_main_title_is_in_the_language_of_the_record_then_english_then_any() -> None:
    titles = titles_by_language([Literal("und", "a"), Literal("fr", "b"), Literal("en", "c"), Literal("de-AT", "d")])
    assert main_title(titles, "fr") == "b"
    assert main_title(titles, "de") == "d"
    assert main_title(titles, "pl") == "c"
    assert main_title({"und": ["a"], "fr": ["b"]}, None) == "b"
    assert main_title({"und": ["a"]}, "fr") == "a"
    assert main_title({}, "fr") is None


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("ger", "de"), ("deu", "de"), ("de", "de"), ("DE", "de"), ("German", "de"), ("Deutsch", "de"), ("fre", "fr"),
        ("français", "fr"), ("eng", "en"), ("en_gb", "en-GB"), ("English", "en"), ("lat", "la"), ("ota", "ota"), ("mul", "mul"),
        ("zxx", "zxx"), ("zh-latn-pinyin-x-notone", "zh-Latn-pinyin-x-notone"), ("de-xx-yy", "de"),
        ("http://id.loc.gov/vocabulary/iso639-2/fre", "fr"), ("slovenščina", "sl"),
        ("und", None), ("def", None), ("xx", None), ("", None), ("Klingonese", None), ("e" * 1_000, None),
    ],
)  # fmt: skip
def test_language_tag(text: str, tag: str | None) -> None:
    assert language_tag(text) == tag


@pytest.mark.parametrize(
    ("statement", "category"),
    [
        ("http://creativecommons.org/publicdomain/mark/1.0/", "public_domain"),
        ("https://creativecommons.org/publicdomain/zero/1.0/deed.de", "cc0"),
        ("http://creativecommons.org/licenses/by/3.0/", "cc_by"),
        ("http://creativecommons.org/licenses/by-sa/3.0/de/", "cc_by_sa"),
        ("https://creativecommons.org/licenses/by-nc-sa/4.0/deed.en", "cc_by_nc_sa"),
        ("http://creativecommons.org/licenses/by-nd-nc/1.0/", "cc_by_nc_nd"),
        ("http://rightsstatements.org/vocab/InC/1.0/", "in_copyright"),
        ("http://rightsstatements.org/vocab/InC-EDU/1.0/", "in_copyright"),
        ("http://rightsstatements.org/vocab/InC-OW-EU/1.0/", "orphan_work"),
        ("https://rightsstatements.org/page/NoC-OKLR/1.0/?language=en", "no_copyright_other"),
        ("http://rightsstatements.org/vocab/NKC/1.0/", "no_copyright_other"),
        ("http://rightsstatements.org/vocab/CNE/1.0/", "copyright_not_evaluated"),
        ("http://rightsstatements.org/vocab/UND/1.0/", "copyright_undetermined"),
        ("http://www.europeana.eu/rights/rr-f/", "in_copyright"),
        ("http://www.europeana.eu/rights/out-of-copyright-non-commercial/", "no_copyright_other"),
        ("CC BY-SA 4.0", "cc_by_sa"),
        ("CC-BY-NC", "cc_by_nc"),
        ("CC0", "cc0"),
        ("Creative Commons Namensnennung - Nicht-kommerziell", "cc_by_nc"),
        ("Public domain", "public_domain"),
        ("domaine public", "public_domain"),
        ("gemeinfrei", "public_domain"),
        ("Not in the public domain", "restricted"),
        ("© Tate", "in_copyright"),
        ("All rights reserved", "in_copyright"),
        ("Alle Rechte vorbehalten", "in_copyright"),
        ("No known copyright restrictions", "no_copyright_other"),
        ("Use only with permission", "restricted"),
        ("http://example.org/rights", "unknown"),
        ("?", "unknown"),
        (None, "unknown"),
    ],
)
def test_rights_category(statement: str | None, category: str) -> None:
    assert rights_category(statement) == category
    assert category in CATEGORIES


def test_the_statement_that_is_understood_counts() -> None:
    uri = "http://rightsstatements.org/vocab/InC/1.0/"
    assert rights_statement(["Ask the museum", uri]) == uri
    assert rights_statement(["http://example.org/terms", "CC BY"]) == "CC BY"
    assert rights_statement(["Ask the museum"]) == "Ask the museum"
    assert rights_statement([]) is None


@pytest.mark.parametrize(
    ("raw", "address"),
    [
        (" https://x.org/a.jpg\n", "https://x.org/a.jpg"),
        ("HTTP://x.org/a.jpg", "http://x.org/a.jpg"),
        ("//x.org/a.jpg", "https://x.org/a.jpg"),
        ("https://x.org/a b.jpg", "https://x.org/a%20b.jpg"),
        ("https://x.org/a%20b%5B1%5D.jpg?x=%26", "https://x.org/a%20b%5B1%5D.jpg?x=%26"),
        ("https://x.org/é.jpg", "https://x.org/%C3%A9.jpg"),
        ("https://x.org/?a=1&amp;b=2", "https://x.org/?a=1&b=2"),
        ("https://x.org:8080/a", "https://x.org:8080/a"),
        ("http://[::1]/a", "http://[::1]/a"),
        ("ftp://x.org/a.jpg", None),
        ("javascript:alert(1)", None),
        ("file:///etc/passwd", None),
        ("urn:soundcloud:515705553", None),
        ("data:image/png;base64,AAAA", None),
        ("https://", None),
        ("https:///a.jpg", None),
        ("https://x.org:99999/", None),
        ("https://[::1/", None),
        ("https://exa mple.org/", None),
        ("n/a", None),
        ("", None),
        ("https://x.org/" + "a" * 5_000, None),
    ],
)
def test_web_address(raw: str, address: str | None) -> None:
    assert web_address(raw) == address


def test_files_only_below_the_root() -> None:
    assert image_address("a/b c.png", "/data/images") == "file:///data/images/a/b%20c.png"
    assert image_address("file:///data/images/a.png", "/data/images") == "file:///data/images/a.png"
    assert image_address("file:///data/images/a%20b.png", "file:///data/images/") == "file:///data/images/a%20b.png"
    for outside in (
        "../secret", "a/../../secret", "/etc/passwd", "file:///etc/passwd", "file:///data/images/../x", "file:///data/images/%2e%2e/x",
        "file://host/data/images/a", "..\\secret", "/data/images-other/a.png", "c:\\x", "a\x00b", "", "gopher://x/a",
    ):  # fmt: skip
        assert image_address(outside, "/data/images") is None, outside
    assert image_address("a.png", None) is None


def test_the_likeliest_image_is_chosen() -> None:
    assert choose_image(["https://x.org/a.jpg"], ["https://x.org/t.jpg"], "IMAGE", None) == "https://x.org/a.jpg"
    assert choose_image(["https://x.org/a.pdf"], ["https://x.org/t.jpg"], "TEXT", None) == "https://x.org/t.jpg"
    assert choose_image(["https://x.org/film"], ["https://x.org/t.jpg"], "VIDEO", None) == "https://x.org/t.jpg"
    assert choose_image(["urn:x:1"], ["https://x.org/t.jpg"], "SOUND", None) == "https://x.org/t.jpg"
    assert choose_image(["https://x.org/a.pdf"], [], "TEXT", None) == "https://x.org/a.pdf"
    assert choose_image([], [], None, None) is None


def test_iiif_service() -> None:
    assert iiif_service(["https://x.org/iiif/1/info.json"], None) == "https://x.org/iiif/1"
    assert iiif_service([], "https://x.org/iiif/2/abc/full/!800,800/0/default.jpg") == "https://x.org/iiif/2/abc"
    assert iiif_service([], "https://x.org/full/a.jpg") is None
    assert iiif_service(["ftp://x"], None) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a", [("und", "a")]),
        (["a", "b", "a"], [("und", "a"), ("und", "b")]),
        ({"en": "a", "de": ["b", "c"]}, [("en", "a"), ("de", "b"), ("de", "c")]),
        ({"def": ["a"], "ger": ["b"]}, [("und", "a"), ("de", "b")]),
        ([{"@value": "a", "@language": "fr"}], [("fr", "a")]),
        ({"label": "a", "id": 5}, [("und", "a")]),
        ([{"def": "a"}, {"def": "b"}], [("und", "a"), ("und", "b")]),
        ({"id": 5, "url": "x"}, []),
        (["http://vocab.getty.edu/aat/300028569", "manuscript"], [("und", "manuscript")]),
        ("#3", [("und", "#3")]),
        (1850, [("und", "1850")]),
        (1850.0, [("und", "1850")]),
        (float("nan"), []),
        (True, []),
        (None, []),
        ([], []),
        ([[[[[[[[["too deep"]]]]]]]]], []),
    ],
)
def test_literals(value: object, expected: list[tuple[str, str]]) -> None:
    assert literals(value, 100) == expected


def test_texts_come_in_one_language() -> None:
    found = literals({"def": ["x"], "fr": ["vase"], "en": ["vase, Greek"], "de": ["Vase"]}, 100)
    assert preferred_texts(found, "de") == ["x", "Vase"]
    assert preferred_texts(found, None) == ["x", "vase, Greek"]
    assert preferred_texts(found, "pl") == ["x", "vase, Greek"]
