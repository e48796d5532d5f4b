"""Dublin Core records as endpoints really send them, and as attackers would."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heritage_assets.curation.cleansing.dublin_core import parse
from heritage_assets.curation.cleansing.fields import normalise
from heritage_assets.curation.cleansing.parsing import RejectionError
from heritage_assets.curation.records import CleansingContext

RECORD = """<record xmlns="http://www.openarchives.org/OAI/2.0/"><header><identifier> oai:lib:7 </identifier>
<datestamp>2025-01-01</datestamp></header><metadata>
<oai_dc:dc xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:title xml:lang="fr">Vue de Paris</dc:title><dc:title xml:lang="en">View of Paris</dc:title>
<dc:creator>Meryon, Charles</dc:creator><dc:subject>bridges</dc:subject><dc:coverage>Paris</dc:coverage>
<dc:type>StillImage</dc:type><dc:type>etching</dc:type><dc:language>fre</dc:language><dc:description/>
<dc:date>1852</dc:date><dc:coverage>19th century</dc:coverage>
<dc:rights>http://creativecommons.org/publicdomain/mark/1.0/</dc:rights>
<dc:identifier>https://lib.example.org/item/7</dc:identifier><dc:identifier>Est. 1234</dc:identifier>
<dc:identifier>https://lib.example.org/images/7.JPG?download=1</dc:identifier>
<dc:relation>https://lib.example.org/thumbs/7.jpg</dc:relation>
</oai_dc:dc></metadata></record>"""


def test_a_record_becomes_fields():
    fields = parse(RECORD)
    assert fields["guid"] == "oai:lib:7"
    row = normalise(fields, None)
    assert (row["title"], row["creator"], row["type"], row["language"]) == (
        "Vue de Paris",
        "Meryon, Charles",
        "etching",
        "fr",
    )
    assert (row["date"], row["year_from"], row["year_to"]) == ("1852", 1852, 1852)
    assert row["subject"] == ["bridges", "Paris", "19th century"]
    assert row["identifiers"] == ["Est. 1234"]
    assert row["rights_category"] == "public_domain"
    assert row["is_shown_by"] == "https://lib.example.org/images/7.JPG?download=1"
    assert row["is_shown_at"] == "https://lib.example.org/item/7"


def wrapped(inner, root="oai_dc:dc"):
    return (
        f'<{root} xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/" xmlns:qdc="http://x.org/qdc" '
        f'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/">{inner}</{root}>'
    )


def test_a_thumbnail_serves_where_nothing_else_does_and_image_services_are_known():
    thumb = normalise(
        parse(wrapped("<dc:title>a</dc:title><dc:relation>https://x.org/thumb/1.jpg</dc:relation>")), None
    )
    assert thumb["is_shown_by"] == "https://x.org/thumb/1.jpg"
    served = "https://x.org/iiif/1/full/full/0/default.jpg"
    row = normalise(parse(wrapped(f"<dc:title>a</dc:title><dc:identifier>{served}</dc:identifier>")), None)
    assert (row["is_shown_by"], row["iiif_service"], row["is_shown_at"]) == (served, "https://x.org/iiif/1", None)


def test_qualified_dublin_core_is_read():
    inner = "<dcterms:created>1720</dcterms:created><dc:date>2019-05-01</dc:date><dcterms:alternative>b</dcterms:alternative>"
    row = normalise(parse(wrapped(inner, root="qdc:record")), None)
    assert (row["year_from"], row["title"]) == (1720, "b")


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("<a", "malformed_xml"),
        ("<a/>", "not_a_record"),
        ('{"title": 1}', "not_a_record"),
        ('{"oversized": true}', "too_large"),
        ('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "malformed_xml"),
        ("<a>" * 3000 + "</a>" * 3000, "malformed_xml"),
    ],
)
def test_what_is_no_record_is_refused_with_a_reason(raw, reason):
    with pytest.raises(RejectionError) as caught:
        parse(raw)
    assert caught.value.reason == reason


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["title", "date", "identifier", "type", "rights", "coverage"]), st.text()), max_size=9
    )
)
def test_any_text_gives_a_row_or_a_reason(elements):
    from xml.sax.saxutils import escape

    try:
        row = normalise(
            parse(wrapped("".join(f"<dc:{name}>{escape(text)}</dc:{name}>" for name, text in elements))), None
        )
    except RejectionError as rejection:
        assert rejection.reason in ("malformed_xml", "not_a_record", "empty", "guid_too_long")
    else:
        assert len(row["content_hash"]) == 64


def test_the_format_is_known_to_cleansing():
    assert CleansingContext("d", "b", "oai_dc", None, datetime(2026, 1, 1, tzinfo=UTC)).format == "oai_dc"
