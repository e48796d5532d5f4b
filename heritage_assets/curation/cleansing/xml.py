"""Reading the XML of one record, which may be an attack."""

from __future__ import annotations

import re

from lxml import etree

from heritage_assets.curation.cleansing.parsing import RejectionError, load_object

LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_DOCTYPE = re.compile(r"\ufeff?(?:\s+|<\?[^>]{0,2000}\?>|<!--[^>]{0,2000}-->){0,100}<!DOCTYPE", re.IGNORECASE)


def parse_xml(raw: str, expected: str) -> etree._Element:
    """Return the root element; no entities, no network, and libxml2's limits on depth and size hold.

    Raises :class:`RejectionError`: ``malformed_xml`` (also for a document type declaration: entities are an attack),
    ``not_a_record`` for JSON where ``expected`` should be, and the reasons of landing's markers.
    """
    if raw.lstrip("\ufeff \t\r\n").startswith("{"):
        load_object(raw)
        raise RejectionError("not_a_record", f"expected {expected}, found JSON")
    if _DOCTYPE.match(raw):
        raise RejectionError("malformed_xml", "a document type declaration is not allowed in a record")
    parser = etree.XMLParser(
        encoding="utf-8",  # the text is decoded already, whatever its declaration says
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(raw.removeprefix("\ufeff").encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError as error:
        raise RejectionError("malformed_xml", f"not XML: {error}") from error
