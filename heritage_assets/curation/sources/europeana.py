"""Europeana's Search API, read with cursors to the end of a query.

Documentation: Europeana Knowledge Base, "Search API" and "Accessing the APIs" (cursor pagination, ``profile=rich``, key).
The key travels in the ``X-Api-Key`` header, as documented; an endpoint that only knows the older ``wskey`` parameter answers
401, and then gets that.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from heritage_assets.curation.landing_lines import LandedRecord
from heritage_assets.curation.mapping import RecordMapping
from heritage_assets.curation.sources.base import Format, HarvestError, Page, StaleStateError, digest
from heritage_assets.curation.sources.politeness import BadQueryError, Politeness

if TYPE_CHECKING:
    from heritage_assets.curation.sources.polite_http import PoliteClient

ENDPOINT = "https://api.europeana.eu/record/v2/search.json"
KEY_VARIABLE = "HERITAGE_EUROPEANA_KEY"
ROWS = 100
"""The API's own upper limit."""
INDEX_LAG = timedelta(days=1)
"""A record's time of update is given when it is prepared; the index shows it later, so that much is asked for again."""
REUSABILITY = ("open", "restricted", "permission")


class EuropeanaSource:
    """All records that match a query.

    Args:
        query: in the API's query syntax, such as ``europeana_collectionName:90402*``.
        key: API key; default: the environment variable HERITAGE_EUROPEANA_KEY.
        endpoint: address of the Search API.
        qf: query refinements (facets), each sent as its own ``qf``.
        reusability: ``open``, ``restricted`` or ``permission``; None for all.
        max_records: stop after so many; the batch is then not complete.
        rows: records in one answer, at most 100.
        politeness: bounds of waiting and retrying.

    Memory: one answer (at most 64 MiB).

    Raises:
        HarvestError: an argument is not usable, or (while reading) the API refuses, or fails beyond the bounds.
    """

    kind = "europeana"
    format: Format = "europeana"
    mapping: RecordMapping | None = None
    image_root: str | None = None
    detects_withdrawals = True

    def __init__(
        self,
        query: str,
        *,
        key: str | None = None,
        endpoint: str = ENDPOINT,
        qf: Sequence[str] = (),
        reusability: str | None = None,
        max_records: int | None = None,
        rows: int = ROWS,
        politeness: Politeness | None = None,
    ) -> None:
        if not query.strip():
            raise HarvestError("the query is empty: use * for everything")
        if reusability is not None and reusability not in REUSABILITY:
            raise HarvestError(f"reusability {reusability!r} must be one of {', '.join(REUSABILITY)}")
        if max_records is not None and max_records < 1:
            raise HarvestError("max_records must be at least 1")
        if urlsplit(endpoint).scheme not in ("http", "https"):
            raise HarvestError(f"endpoint {endpoint!r} must be an http or https address")
        self.query = query
        self.endpoint = endpoint
        self.qf = [qf] if isinstance(qf, str) else list(qf)
        self.reusability = reusability
        self.max_records = max_records
        self.rows = max(1, min(rows, ROWS))
        self.since: datetime | None = None
        self._key = key or os.environ.get(KEY_VARIABLE)
        self._politeness = politeness or Politeness()
        self._total: int | None = None
        self._received = 0
        self._limited = False
        self._ended = False

    @property
    def reported_total(self) -> int | None:
        """The API's ``totalResults`` in its newest answer."""
        return self._total

    @property
    def complete(self) -> bool:
        """True when the cursor came to its end and no limit cut the listing."""
        return self._ended and not self._limited

    @property
    def warnings(self) -> Sequence[str]:
        """A total that does not match what came."""
        if self._total is None or not self.complete or self._total == self._received:
            return ()
        return (f"the API reported {self._total:,} records and listed {self._received:,}",)

    def fingerprint(self) -> str:
        """See :class:`Source`; the key is no part of it."""
        since = [] if self.since is None else [self.since.isoformat()]
        return digest(self.scope(), self.endpoint, self.max_records, self.rows, *since)

    def scope(self) -> str:
        """See :class:`Source`: query and facets."""
        return digest(self.kind, self.query, sorted(self.qf), self.reusability)

    def changed_since(self, moment: datetime) -> Self:
        """See :class:`IncrementalSource`: the index's ``timestamp_update``, from a day before on."""
        restricted = copy.copy(self)
        restricted.since = (moment - INDEX_LAG).astimezone(UTC)
        return restricted

    def origin(self) -> dict[str, Any]:
        """See :class:`Source`."""
        optional = {"qf": self.qf, "reusability": self.reusability, "max_records": self.max_records}
        return {"endpoint": self.endpoint, "query": self.query} | {
            name: value for name, value in optional.items() if value
        }

    def pages(self, state: Any) -> Iterator[Page]:
        """See :class:`Source`. One page is one answer of the API."""
        if not self._key:
            raise HarvestError(f"Europeana needs an API key: set {KEY_VARIABLE}, or give one")
        cursor: str | None = "*"
        self._received, self._total, self._limited, self._ended = 0, None, False, False
        if state is not None:
            cursor, self._received, self._total = state["cursor"], state["received"], state["total"]
            self._limited = state["limited"]
        # httpx takes a quarter of a second to import: only a harvest over HTTP pays for it.
        from heritage_assets.curation.sources.polite_http import PoliteClient

        with PoliteClient(self.endpoint, self._politeness, key=self._key) as client:
            while cursor is not None:
                answer = self._ask(client, cursor, resumed=state is not None and cursor == state["cursor"])
                items, following = self._understand(answer, cursor)
                self._received += len(items)
                cursor = following
                if self.max_records is not None and self._received >= self.max_records:
                    self._limited = following is not None or self._received > self.max_records
                    items = items[: len(items) - (self._received - self.max_records)]
                    cursor = None
                yield Page([_landed(item) for item in items], self._state(cursor))
        self._ended = True

    def _ask(self, client: PoliteClient, cursor: str, *, resumed: bool) -> dict[str, Any]:
        try:
            return client.get_json(self._parameters(cursor))
        except BadQueryError as error:
            if resumed:
                raise StaleStateError(f"the saved cursor is no longer accepted: {error}") from None
            raise

    def _state(self, cursor: str | None) -> dict[str, Any]:
        return {"cursor": cursor, "received": self._received, "total": self._total, "limited": self._limited}

    def _parameters(self, cursor: str) -> dict[str, Any]:
        parameters: dict[str, Any] = {"query": self.query, "profile": "rich", "rows": self.rows, "cursor": cursor}
        changed = [] if self.since is None else [f"timestamp_update:[{self.since:%Y-%m-%dT%H:%M:%S.000Z} TO *]"]
        if self.qf or changed:
            parameters["qf"] = [*self.qf, *changed]
        if self.reusability:
            parameters["reusability"] = self.reusability
        return parameters

    def _understand(self, answer: dict[str, Any], cursor: str) -> tuple[list[Any], str | None]:
        """Return the items of an answer and the next cursor (None at the end)."""
        if answer.get("success") is False:
            raise HarvestError(
                f"{self.endpoint} refused the query: {str(answer.get('error', 'no reason given'))[:300]}"
            )
        items = answer.get("items")
        if not isinstance(items, list):
            raise HarvestError(f"{self.endpoint} is no Europeana Search API: its answer has no list 'items'")
        total = answer.get("totalResults")
        if isinstance(total, int) and not isinstance(total, bool) and total >= 0:
            self._total = total
        following = answer.get("nextCursor")
        # A cursor that stands still, or leads to nothing, is at its end.
        if not isinstance(following, str) or following == cursor or not items:
            return items, None
        if self._total is not None and self._received > 2 * self._total + 10 * self.rows:
            raise HarvestError(f"{self.endpoint} goes in circles: {self._received:,} records of {self._total:,} came")
        return items, following


def _landed(item: Any) -> LandedRecord:
    if not isinstance(item, dict):
        return LandedRecord(None, str(item))
    guid = item.get("id") or item.get("guid")
    return LandedRecord(guid if isinstance(guid, str) else None, item)
