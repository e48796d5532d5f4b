"""The OAI-PMH client library (oaipmh-scythe), over this project's own HTTP and a strict XML parser.

The library builds the requests, follows the resumption tokens and names the protocol's errors. Its own transport is replaced,
because a harvest must not take half an answer for a whole one: it parses with recovery, so that a cut answer would look like
the end of the list; it reads answers of any size; and it understands no ``Retry-After`` but seconds on a 503.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn

from lxml import etree
from oaipmh_scythe import OAIResponse, Scythe
from oaipmh_scythe.exceptions import BadResumptionToken, NoRecordsMatch, OAIPMHException
from oaipmh_scythe.iterator import OAIResponseIterator

from heritage_assets.curation.landing_lines import LandedRecord
from heritage_assets.curation.sources.base import HarvestError
from heritage_assets.curation.sources.polite_http import PoliteClient, UnreadableAnswerError
from heritage_assets.curation.sources.politeness import RefusedError

__all__ = [
    "BadResumptionToken",
    "NoRecordsMatch",
    "OAIPMHException",
    "OAIResponseIterator",
    "PoliteScythe",
    "datestamps",
    "landed",
    "oai",
    "records_in",
]

_OAI = "{http://www.openarchives.org/OAI/2.0/}"


def oai(name: str) -> str:
    """Return the qualified name of an element of OAI-PMH."""
    return f"{_OAI}{name}"


class StrictResponse(OAIResponse):
    """An answer that is well-formed as a whole; parsed once."""

    def __init__(self, root: Any, params: dict[str, str]) -> None:
        self.params = params
        self._root = root

    @property
    def xml(self) -> Any:
        """Root element of the answer (``OAI-PMH``)."""
        return self._root

    @property
    def raw(self) -> str:
        """The answer as text."""
        return str(etree.tostring(self._root, encoding="unicode"))


class PoliteScythe(Scythe):
    """A Scythe whose answers come through a :class:`PoliteClient`."""

    def __init__(self, client: PoliteClient) -> None:
        super().__init__(client.endpoint)
        self._polite = client

    def harvest(self, query: dict[str, str]) -> OAIResponse:
        """Ask once and return the answer.

        Raises:
            OAIPMHException: an error of the protocol, also when it comes with a status of HTTP.
            HarvestError: refused, unavailable, hostile, or no OAI-PMH.
        """
        try:
            root = self._polite.get(self._understand, query)
        except RefusedError as refused:
            root = self._error_in(refused)
        response = StrictResponse(root, dict(query))
        response.raise_for_oaipmh_error()
        return response

    def _understand(self, body: bytes) -> Any:
        try:
            root = parse_answer(body)
        except etree.XMLSyntaxError as error:
            raise UnreadableAnswerError(f"an answer that is no whole XML: {error}") from None
        if root.getroottree().docinfo.doctype:
            raise HarvestError(f"{self.endpoint} sent a document type declaration: entities are an attack")
        if root.tag != oai("OAI-PMH"):
            raise HarvestError(f"{self.endpoint} is no OAI-PMH endpoint: it answered with {str(root.tag)[:100]}")
        return root

    def _error_in(self, refused: RefusedError) -> Any:
        """Return the answer in a refusal that holds an error of the protocol: some servers give both."""
        try:
            root = self._understand(refused.body)
        except (UnreadableAnswerError, HarvestError):
            self._refuse(refused)
        if root.find(oai("error")) is None:
            self._refuse(refused)
        return root

    @staticmethod
    def _refuse(refused: RefusedError) -> NoReturn:
        raise refused from None


def parse_answer(body: bytes) -> Any:
    """Parse without entities, network or recovery; libxml2's limits on depth and text hold. Raises XMLSyntaxError."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=False, remove_pis=True
    )
    return etree.fromstring(body, parser)


def records_in(root: Any) -> list[Any]:
    """Return the records of an answer to ListRecords."""
    return list(root.iterfind(f"{oai('ListRecords')}/{oai('record')}"))


def datestamps(root: Any) -> Iterator[str]:
    """Yield the datestamps of an answer's records, in order; "" where there is none."""
    for record in records_in(root):
        yield (record.findtext(f"{oai('header')}/{oai('datestamp')}") or "").strip()


def landed(record: Any) -> LandedRecord:
    """Return a record as its XML, with what its ancestors declare."""
    header = record.find(oai("header"))
    guid = (record.findtext(f"{oai('header')}/{oai('identifier')}") or "").strip() or None
    text = str(etree.tostring(record, encoding="unicode", with_tail=False))
    return LandedRecord(guid, text, deleted=header is not None and header.get("status") == "deleted")
