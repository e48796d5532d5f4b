"""Europeana's Search API over the demo museum: key, query, facets of reuse, cursors, and the moods of a real server.

Fields and behaviour follow the Europeana Knowledge Base, "Search API". Queries know ``*``, ``*:*``, words (all must occur) and
``field:value`` or ``field:"value"`` for the fields of :data:`_FIELDS`, joined by AND.
"""

from __future__ import annotations

import base64
import binascii
import re
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from heritage_assets.embedded.museum.dates import REUSABILITY
from heritage_assets.embedded.museum.items import item
from heritage_assets.embedded.museum.museum import Museum
from heritage_assets.embedded.museum.records import ProviderRecord

MAX_ROWS = 100
DEFAULT_ROWS = 12
_FACETS = {
    "TYPE": "type",
    "LANGUAGE": "language",
    "COUNTRY": "country",
    "RIGHTS": "rights",
    "DATA_PROVIDER": "dataProvider",
    "PROVIDER": "provider",
}
_FIELDS = {
    "edm_datasetname": "edmDatasetName",
    "europeana_collectionname": "europeanaCollectionName",
    "title": "title",
    "who": "dcCreator",
    "what": "dcSubjectLangAware",
    "europeana_id": "id",
    **{name.lower(): key for name, key in _FACETS.items()},
}
_TERM = re.compile(r'(?:(?P<field>\w+):)?(?:"(?P<quoted>[^"]*)"|(?P<word>[^\s"]+))')


@dataclass(frozen=True)
class Answer:
    """Status, JSON body and extra headers of one answer."""

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Addresses:
    """Where image, thumbnail and page of a record are; all three take the record and the round."""

    image: Callable[[ProviderRecord, int], str]
    preview: Callable[[ProviderRecord, int], str]
    page: Callable[[ProviderRecord, int], str]


class _RefusedError(Exception):
    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def _refused(status: int, key: str, error: str, headers: Mapping[str, str] | None = None) -> _RefusedError:
    return _RefusedError(Answer(status, {"apikey": key, "success": False, "error": error}, headers or {}))


class SearchApi:
    """Answers search requests; safe to call from many threads."""

    def __init__(self, museum: Museum, key: str, addresses: Addresses, *, moody: bool = True) -> None:
        self._museum, self._key, self._addresses, self._moody = museum, key, addresses, moody
        self._lock = threading.Lock()
        self._items: dict[int, list[dict[str, Any]]] = {}
        self._complained: set[tuple[int, str, int]] = set()

    def answer(self, number: int, parameters: Mapping[str, Sequence[str]], header_key: str | None) -> Answer:
        """Answer one request for a harvest round; ``parameters`` as in the URL, ``header_key`` from X-Api-Key."""
        try:
            return self._page(number, parameters, header_key or _one(parameters, "wskey"))
        except _RefusedError as refused:
            return refused.answer

    def _page(self, number: int, parameters: Mapping[str, Sequence[str]], key: str | None) -> Answer:
        if not key:
            raise _refused(401, "", "No API key provided. Please provide an API key (wskey).")
        if key != self._key:
            raise _refused(401, key, f"Invalid API key: {key}")
        query = _one(parameters, "query")
        if not query:
            raise _refused(400, key, "Missing query parameter")
        rows = _rows(_one(parameters, "rows"), key)
        cursor, reuse = _one(parameters, "cursor"), _one(parameters, "reusability")
        scope = f"{number}|{query}|{sorted(parameters.get('qf', ()))}|{reuse}"
        try:
            start = _offset(cursor, scope) if cursor else max(0, int(_one(parameters, "start") or 1) - 1)
        except ValueError:
            raise _refused(400, key, f"Invalid cursor or start value: {cursor or _one(parameters, 'start')}") from None
        self._complain(number, query, start)
        found = self._found(number, [query, *parameters.get("qf", ())], reuse)
        page = found[start : start + rows]
        body: dict[str, Any] = {
            "apikey": key,
            "success": True,
            "requestNumber": 999,
            "itemsCount": len(page),
            "totalResults": len(found),
            "items": page,
        }
        if cursor and start + rows < len(found):
            body["nextCursor"] = base64.urlsafe_b64encode(f"{start + rows}|{scope}".encode()).decode()
        if "facets" in (_one(parameters, "profile") or ""):
            body["facets"] = _facets(found)
        return Answer(200, body)

    def _complain(self, number: int, query: str, start: int) -> None:
        """Refuse the third page with 429 and the fifth with 503, once for each query and round."""
        mark = (number, query, start)
        with self._lock:
            if not self._moody or start not in (200, 400) or mark in self._complained:
                return
            self._complained.add(mark)
        if start == 200:
            raise _refused(429, self._key, "Too many requests", {"Retry-After": "1"})
        raise _refused(503, self._key, "Service temporarily unavailable")

    def _found(self, number: int, queries: Sequence[str], reusability: str | None) -> list[dict[str, Any]]:
        tests = [_test(query) for query in queries]
        found = [one for one in self._all(number) if all(test(one) for test in tests)]
        if reusability:
            found = [one for one in found if REUSABILITY.get(_first(one.get("rights"))) == reusability]
        return found

    def _all(self, number: int) -> list[dict[str, Any]]:
        with self._lock:
            if number not in self._items:
                where = self._addresses
                self._items[number] = [
                    item(
                        record,
                        number,
                        where.image(record, number),
                        where.preview(record, number),
                        where.page(record, number),
                    )
                    for record in self._museum.listed(number)
                ]
            return self._items[number]


def _one(parameters: Mapping[str, Sequence[str]], name: str) -> str | None:
    values = parameters.get(name)
    return values[0] if values else None


def _rows(text: str | None, key: str) -> int:
    if text is not None and not text.isdigit():
        raise _refused(400, key, f"Invalid value for parameter rows: {text}")
    return min(int(text), MAX_ROWS) if text is not None else DEFAULT_ROWS


def _first(value: Any) -> str:
    return str(value[0]) if isinstance(value, list) and value else str(value or "")


def _offset(cursor: str, scope: str) -> int:
    if cursor == "*":
        return 0
    try:
        number, _, told = base64.urlsafe_b64decode(cursor.encode()).decode().partition("|")
    except (binascii.Error, UnicodeError) as error:
        raise ValueError("not a cursor") from error
    if told != scope:
        raise ValueError("a cursor of another query")
    return int(number)


def _test(query: str) -> Callable[[dict[str, Any]], bool]:
    """Return the test of one query; its terms are joined by AND."""
    terms = [
        (match["field"], (match["quoted"] if match["quoted"] is not None else match["word"]).casefold())
        for match in _TERM.finditer(query)
        if match[0].upper() != "AND"
    ]

    def matches(one: dict[str, Any]) -> bool:
        for name, wanted in terms:
            if wanted in ("*", "*:*"):
                continue
            if name:
                values = [text.casefold() for text in _texts(one.get(_FIELDS.get(name.lower(), name)))]
                exact = name.lower() not in ("title", "what", "who")
                if not any(_same(value, wanted) if exact else wanted in value for value in values):
                    return False
            elif not any(
                wanted in text.casefold()
                for key in ("title", "dcDescription", "dcCreator")
                for text in _texts(one.get(key))
            ):
                return False
        return True

    return matches


def _same(value: str, wanted: str) -> bool:
    return value.startswith(wanted[:-1]) if wanted.endswith("*") else value == wanted


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for inner in value.values() for text in _texts(inner)]
    return [text for inner in value for text in _texts(inner)] if isinstance(value, list) else []


def _facets(found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    facets = []
    for name, key in _FACETS.items():
        counts = Counter(text for one in found for text in _texts(one.get(key)))
        facets.append(
            {"name": name, "fields": [{"label": label, "count": count} for label, count in counts.most_common(750)]}
        )
    return facets
