"""OAI-PMH 2.0: ListRecords with resumption tokens, sets, dates and deleted records, in Dublin Core or EDM.

Specification: "The Open Archives Initiative Protocol for Metadata Harvesting", version 2.0. The guid is the identifier in the
record's header whatever the format, because that is all that a deleted record still has.
"""

from __future__ import annotations

import copy
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from heritage_assets.curation.landing_lines import LandedRecord
from heritage_assets.curation.mapping import RecordMapping
from heritage_assets.curation.sources.base import Format, HarvestError, Page, StaleStateError, digest, plural
from heritage_assets.curation.sources.politeness import Politeness

if TYPE_CHECKING:
    from heritage_assets.curation.sources.oai_client import PoliteScythe

CLOCK_LAG = timedelta(hours=1)
"""How much earlier than the last harvest changes are asked for: clocks differ, and datestamps appear late."""
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\dZ)?")
_MAX_EMPTY_PAGES = 100


@dataclass
class _State:
    """Where a listing is. ``received``: records without those that came again; ``newest``: greatest datestamp so far,
    ``at_newest``: records that have it; ``ordered``: whether the datestamps never ran backwards.
    """

    token: str | None = None
    start: str | None = None
    received: int = 0
    total: int | None = None
    oldest: str | None = None
    newest: str | None = None
    at_newest: int = 0
    ordered: bool = True
    restarts: int = 0


class OaiPmhSource:
    """All records that an OAI-PMH endpoint lists.

    Args:
        endpoint: base URL.
        prefix: metadata prefix; one that names EDM is read as EDM, one that names DC as Dublin Core.
        set_: setSpec; None for everything.
        from_: first datestamp to list (YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ).
        until: last datestamp to list; the batch then is not complete.
        politeness: bounds of waiting and retrying.

    When a resumption token is no longer accepted, the listing goes on from the last datestamp if the records came in the order
    of their datestamps, else from its beginning. What is out of order would be hidden then, so the batch is complete only if
    the endpoint counts its list and as many came. Memory: one answer (at most 64 MiB) with its tree, and 16 bytes a page.

    Raises:
        HarvestError: an argument is not usable, or (while reading) the endpoint refuses, or fails beyond the bounds.
    """

    kind = "oai-pmh"
    mapping: RecordMapping | None = None
    image_root: str | None = None
    detects_withdrawals = True

    def __init__(
        self,
        endpoint: str,
        *,
        prefix: str = "oai_dc",
        set_: str | None = None,
        from_: str | None = None,
        until: str | None = None,
        politeness: Politeness | None = None,
    ) -> None:
        if urlsplit(endpoint).scheme not in ("http", "https") or not urlsplit(endpoint).hostname:
            raise HarvestError(f"endpoint {endpoint!r} must be an http or https address")
        self.endpoint = endpoint.split("?", maxsplit=1)[0] if "verb=" in endpoint else endpoint
        self.prefix = prefix
        self.format: Format = _format_of(prefix)
        self.set = set_ or None
        self.until = _checked_date("until", until)
        first = _checked_date("from", from_)
        if first and self.until and (first > self.until or len(first) != len(self.until)):
            raise HarvestError(f"from {first} and until {self.until} must be in order, and both dates or both times")
        self._from = first
        self.since: datetime | None = None if first is None else datetime.fromisoformat(first).replace(tzinfo=UTC)
        self._politeness = politeness or Politeness()
        self._state = _State(start=first)
        self._ended = False

    @property
    def reported_total(self) -> int | None:
        """The greatest ``completeListSize`` that was given."""
        return self._state.total

    @property
    def complete(self) -> bool:
        """True when the list came to its end and is not cut by ``until``; after a lost token, if all came that were counted."""
        state = self._state
        counted = state.total is not None and state.received >= state.total
        return self._ended and self.until is None and (counted or not state.restarts)

    @property
    def warnings(self) -> Sequence[str]:
        """Lists that the endpoint dropped, and a size that does not match what came."""
        state = self._state
        found = []
        if state.restarts:
            times = plural(state.restarts, "time")
            found.append(f"the endpoint dropped its list {times}; it was taken up from the last datestamp")
        if self._ended and state.restarts and not self.complete:
            found.append("whether all records came is not sure: what is out of the order of datestamps is missing")
        if self._ended and state.total is not None and state.received < state.total:
            found.append(f"the endpoint reported {state.total:,} records and listed {state.received:,}")
        return found

    def fingerprint(self) -> str:
        """See :class:`Source`."""
        return digest(self.scope(), self._from, self.until)

    def scope(self) -> str:
        """See :class:`Source`: endpoint, set and prefix."""
        return digest(self.kind, self.endpoint, self.set, self.prefix)

    def origin(self) -> dict[str, Any]:
        """See :class:`Source`."""
        optional = {"set": self.set, "from": self._from, "until": self.until}
        return {"endpoint": self.endpoint, "prefix": self.prefix} | {k: v for k, v in optional.items() if v}

    def changed_since(self, moment: datetime) -> Self:
        """See :class:`IncrementalSource`. Dates, not times: every endpoint must understand these."""
        day = f"{(moment - CLOCK_LAG).astimezone(UTC):%Y-%m-%d}"
        if self._from:
            raise HarvestError("give since or from, not both")
        if self.until and day > self.until:
            raise HarvestError(f"since {day} must be before until {self.until}")
        restricted = copy.copy(self)
        restricted._from = day if self.until is None or len(self.until) == len(day) else f"{day}T00:00:00Z"
        restricted.since = datetime.fromisoformat(day).replace(tzinfo=UTC)
        return restricted

    def pages(self, state: Any) -> Iterator[Page]:
        """See :class:`Source`. One page is one answer."""
        self._state = _State(start=self._from) if state is None else _State(**state)
        self._ended = state is not None and self._state.token is None
        if self._ended:
            return
        # httpx takes a quarter of a second to import: only a harvest over HTTP pays for it.
        from heritage_assets.curation.sources.oai_client import BadResumptionToken, PoliteScythe
        from heritage_assets.curation.sources.polite_http import PoliteClient

        with PoliteClient(self.endpoint, self._politeness) as client:
            scythe = PoliteScythe(client)
            while not self._ended:
                try:
                    yield from self._list(scythe)
                except BadResumptionToken as error:
                    self._take_up(str(error))

    def _list(self, scythe: PoliteScythe) -> Iterator[Page]:
        """Yield the pages from the token or the start date on, until the list ends."""
        from heritage_assets.curation.sources.oai_client import (
            BadResumptionToken,
            NoRecordsMatch,
            OAIPMHException,
            OAIResponseIterator,
            datestamps,
            landed,
            records_in,
        )

        seen: set[bytes] = set()
        empty = 0
        try:
            answers = OAIResponseIterator(scythe, self._query())
            for answer in answers:
                records = [landed(element) for element in records_in(answer.xml)]
                token = answers.resumption_token
                self._note(records, datestamps(answer.xml), token)
                empty = 0 if records else empty + 1
                key = _page_key(self._state.token, records)
                if self._state.token and (key in seen or empty > _MAX_EMPTY_PAGES):
                    raise HarvestError(
                        f"{self.endpoint} goes in circles: the same page came again, after {self._state.received:,} records"
                    )
                seen.add(key)
                yield Page(records, asdict(self._state))
        except BadResumptionToken:
            raise
        except NoRecordsMatch:
            self._state.token = None
        except OAIPMHException as error:
            raise HarvestError(self._explained(error, scythe)) from None
        self._ended = True

    def _query(self) -> dict[str, str]:
        if self._state.token:
            return {"verb": "ListRecords", "resumptionToken": self._state.token}
        given = {"metadataPrefix": self.prefix, "set": self.set, "from": self._state.start, "until": self.until}
        return {"verb": "ListRecords"} | {name: value for name, value in given.items() if value}

    def _note(self, records: list[LandedRecord], stamps: Iterator[str], token: Any) -> None:
        state = self._state
        state.token = (token.token or "").strip() or None if token is not None else None
        state.received += len(records)
        size = token.complete_list_size if token is not None else None
        if size is not None and size.isascii() and size.isdigit():
            state.total = max(state.total or 0, int(size[:12]))
        for stamp in filter(_DATE.fullmatch, stamps):
            state.ordered = state.ordered and (state.newest is None or stamp >= state.newest)
            state.oldest = min(state.oldest or stamp, stamp)
            if state.newest is None or stamp > state.newest:
                state.newest, state.at_newest = stamp, 0
            state.at_newest += stamp == state.newest

    def _take_up(self, said: str) -> None:
        """Go on from the last datestamp after the endpoint dropped its list.

        Raises:
            StaleStateError: that would not be safe, or would not get further: the listing must begin again.
        """
        state = self._state
        start = state.newest
        if start and self.until:
            start = start[: len(self.until)]
        begun = state.start or state.oldest
        if not state.ordered or start is None or not _DATE.fullmatch(start) or start == begun:
            raise StaleStateError(
                f"{self.endpoint} dropped its list (badResumptionToken{_quoted(said)}); harvest again"
            )
        state.token, state.start = None, start
        state.received -= state.at_newest  # these come again
        state.at_newest = 0
        state.restarts += 1

    def _explained(self, error: Exception, scythe: PoliteScythe) -> str:
        name, said = type(error).__name__, _quoted(str(error))
        code = name[:1].lower() + name[1:]
        start = f"{self.endpoint} refused: {code}{said}"
        if code == "cannotDisseminateFormat":
            return f"{start}; prefix {self.prefix!r} is not offered, but {self._prefixes(scythe)}"
        if code == "noSetHierarchy":
            return f"{start}; it has no sets: leave the set out"
        return start

    def _prefixes(self, scythe: PoliteScythe) -> str:
        from heritage_assets.curation.sources.oai_client import OAIPMHException, oai

        try:
            root = scythe.harvest({"verb": "ListMetadataFormats"}).xml
        except (OAIPMHException, HarvestError) as error:
            return f"which ones are could not be asked ({error})"
        names = [str(found.text)[:50] for found in root.iter(oai("metadataPrefix")) if found.text]
        return ", ".join(names[:20]) or "nothing is listed"


def _format_of(prefix: str) -> Format:
    name = prefix.lower()
    if "edm" in name:
        return "edm"
    if "dc" in name:
        return "oai_dc"
    raise HarvestError(
        f"prefix {prefix!r} is neither Dublin Core nor EDM: ask for oai_dc, or the endpoint's name of EDM"
    )


def _checked_date(name: str, value: str | None) -> str | None:
    text = None if value is None else str(value)
    try:
        valid = text is None or (_DATE.fullmatch(text) is not None and bool(datetime.fromisoformat(text)))
    except ValueError:
        valid = False
    if not valid:
        raise HarvestError(f"{name} {text!r} must be a date such as 2026-03-01, or a time such as 2026-03-01T12:30:00Z")
    return text


def _page_key(token: str | None, records: list[LandedRecord]) -> bytes:
    """Identify a page. Not by its token alone: some servers keep one token while they move on."""
    ends = [str(record.guid) for record in (records[:1] + records[-1:])]
    return hashlib.blake2b("\n".join([token or "", *ends]).encode("utf-8", "replace"), digest_size=16).digest()


def _quoted(said: str) -> str:
    text = " ".join(said.split())[:300]
    return f": {text}" if text else ""
