"""EDM records: references resolved, proxies told apart, attacks refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from heritage_assets.curation.records import CLEANSING_OUTCOMES, CleansingContext, cleanse
from heritage_assets.curation.schemas import RAW_RECORDS

CONTEXT = CleansingContext("d", "b", "edm", None, datetime(2026, 1, 1, tzinfo=UTC))
HEAD = """<?xml version="1.0" encoding="ISO-8859-1"?>
<rdf:RDF xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/"
  xmlns:edm="http://www.europeana.eu/schemas/edm/" xmlns:ore="http://www.openarchives.org/ore/terms/"
  xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:skos="http://www.w3.org/2004/02/skos/core#"
  xmlns:svcs="http://rdfs.org/sioc/services#">"""
AGGREGATION = """
  <ore:Aggregation rdf:about="#agg"><edm:aggregatedCHO rdf:resource="#cho"/>
    <edm:dataProvider>Musée</edm:dataProvider><edm:provider>Aggregator</edm:provider>
    <edm:isShownBy rdf:resource="https://x.org/1.jpg"/><edm:isShownAt rdf:resource="https://x.org/1"/>
    <edm:rights rdf:resource="http://rightsstatements.org/vocab/CNE/1.0/"/></ore:Aggregation>"""


def document(body: str) -> str:
    return f"{HEAD}{body}</rdf:RDF>"


def one(raw: str) -> dict[str, Any]:
    batch = pa.RecordBatch.from_pylist([{"line": 1, "guid": None, "deleted": False, "raw": raw}], schema=RAW_RECORDS)
    return pa.Table.from_batches(cleanse([batch], CONTEXT), CLEANSING_OUTCOMES).to_pylist()[0]


def test_external_edm_with_references() -> None:
    row = one(
        document(f"""
  <edm:ProvidedCHO rdf:about="#cho">
    <dc:title xml:lang="fr">Vase &lt;b&gt;grec&lt;/b&gt;</dc:title><dc:title xml:lang="en">Greek vase</dc:title>
    <dc:creator rdf:resource="#agent"/><dc:creator rdf:resource="http://viaf.org/viaf/1"/>
    <dc:subject rdf:resource="#concept"/><dc:subject xml:lang="de">Mythos</dc:subject>
    <dc:type>PhysicalObject</dc:type><dc:type xml:lang="fr">céramique</dc:type>
    <dc:date><edm:TimeSpan><edm:begin>-0500</edm:begin><edm:end>-0450</edm:end></edm:TimeSpan></dc:date>
    <dc:identifier>G 103</dc:identifier><dc:language>fre</dc:language><edm:type>IMAGE</edm:type>
  </edm:ProvidedCHO>
  <edm:Agent rdf:about="#agent"><skos:prefLabel>Euphronios</skos:prefLabel></edm:Agent>
  <skos:Concept rdf:about="#concept"><skos:prefLabel xml:lang="en">myth</skos:prefLabel>
    <skos:prefLabel xml:lang="fr">mythe</skos:prefLabel></skos:Concept>{AGGREGATION}
  <edm:WebResource rdf:about="https://x.org/1.jpg"><svcs:has_service rdf:resource="https://x.org/iiif/1"/></edm:WebResource>""")
    )
    assert row["outcome"] == "cleansed", row["detail"]
    assert row["guid"] == "#cho"
    assert row["title"] == "Vase grec"
    assert row["title_by_language"] == [("fr", ["Vase grec"]), ("en", ["Greek vase"])]
    assert row["creator"] == "Euphronios"
    assert row["subject"] == ["mythe"]
    assert row["type"] == "céramique"
    assert (row["date"], row["year_from"], row["year_to"]) == ("-0500/-0450", -500, -450)
    assert row["identifiers"] == ["G 103"]
    assert (row["data_provider"], row["provider"], row["language"]) == ("Musée", "Aggregator", "fr")
    assert row["rights_category"] == "copyright_not_evaluated"
    assert (row["is_shown_by"], row["iiif_service"]) == ("https://x.org/1.jpg", "https://x.org/iiif/1")


def test_internal_edm_prefers_what_the_provider_says() -> None:
    row = one(
        document(f"""
  <edm:ProvidedCHO rdf:about="#cho"/>
  <ore:Proxy rdf:about="#europeana"><dc:title>Enriched</dc:title><dc:identifier>#cho</dc:identifier>
    <edm:europeanaProxy>true</edm:europeanaProxy><ore:proxyFor rdf:resource="#cho"/><edm:year>1850</edm:year></ore:Proxy>
  <ore:Proxy rdf:about="#provider"><dc:title>Vase</dc:title><dc:identifier>G 103</dc:identifier>
    <edm:europeanaProxy>false</edm:europeanaProxy><ore:proxyFor rdf:resource="#cho"/><edm:type>IMAGE</edm:type></ore:Proxy>
  {AGGREGATION}
  <edm:EuropeanaAggregation rdf:about="#e"><edm:aggregatedCHO rdf:resource="#cho"/><edm:provider>Europeana</edm:provider>
    <edm:country>France</edm:country><edm:language>fr</edm:language></edm:EuropeanaAggregation>""")
    )
    assert (row["title"], row["identifiers"], row["year_from"]) == ("Vase", ["G 103"], 1850)
    assert (row["provider"], row["country"], row["type"]) == ("Aggregator", "France", "IMAGE")


def test_typed_description_counts_as_what_its_type_says() -> None:
    body = """<rdf:Description rdf:about="#x"><rdf:type rdf:resource="http://www.europeana.eu/schemas/edm/ProvidedCHO"/>
      <dc:title>Vase</dc:title></rdf:Description>"""
    row = one(document(body))
    assert (row["guid"], row["title"]) == ("#x", "Vase")


def test_record_inside_an_envelope() -> None:
    inner = document('<edm:ProvidedCHO rdf:about="#x"/>').split("?>", 1)[1]
    assert one(f"<record><metadata>{inner}</metadata></record>")["guid"] == "#x"


def test_object_named_by_its_aggregation_alone() -> None:
    row = one(document(AGGREGATION))
    assert (row["outcome"], row["guid"], row["title"]) == ("cleansed", "#cho", None)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (document("<edm:ProvidedCHO/>"), "no_guid"),
        (document(""), "no_guid"),
        (document("<edm:ProvidedCHO"), "malformed_xml"),
        ("\n" + document(""), "malformed_xml"),
        ("plain text", "malformed_xml"),
        ("<html><body>503</body></html>", "not_a_record"),
        ('{"id": 1}', "not_a_record"),
        ("<a>" * 100_000, "malformed_xml"),
        ("<a b='" + "x" * 11_000_000 + "'/>", "malformed_xml"),
    ],
)
def test_reason_of_rejection(raw: str, reason: str) -> None:
    row = one(raw)
    assert (row["outcome"], row["reason"]) == ("rejected", reason)


@pytest.mark.parametrize(
    "subset",
    [
        '<!DOCTYPE rdf:RDF [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE rdf:RDF [<!ENTITY a "aaaaaaaaaa"><!ENTITY x "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        '<!-- first --> <!DOCTYPE rdf:RDF SYSTEM "http://127.0.0.1:9/x.dtd">',
    ],
)
def test_entities_are_refused(subset: str) -> None:
    declaration, rest = document('<edm:ProvidedCHO rdf:about="#x"><dc:title>&x;</dc:title></edm:ProvidedCHO>').split(
        "?>", 1
    )
    row = one(f"{declaration}?>{subset}{rest}")
    assert row["reason"] == "malformed_xml"
    assert "root:" not in str(row)
