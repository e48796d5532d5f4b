"""IIIF Presentation API 2 and 3: the canvases, or the manifests, of one manifest or of a collection with all it leads to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urldefrag, urlsplit

from heritage_assets.curation.iiif import painted_image
from heritage_assets.curation.landing_lines import LandedRecord, unreadable_marker
from heritage_assets.curation.mapping import RecordMapping
from heritage_assets.curation.sources.base import (
    Format,
    HarvestError,
    Item,
    Page,
    StaleStateError,
    digest,
    paginate,
)
from heritage_assets.curation.sources.iiif_documents import (
    MAX_DEPTH,
    Level,
    canvas_record,
    canvases,
    children,
    description,
    document_kind,
    explained,
    following_page,
    info_address,
    manifest_record,
    with_info,
)
from heritage_assets.curation.sources.politeness import (
    BlockedAddressError,
    Politeness,
    RefusedError,
    UnavailableError,
)

if TYPE_CHECKING:
    from heritage_assets.curation.images.addresses import IPNetwork
    from heritage_assets.curation.sources.polite_http import PoliteClient

BY = ("canvas", "manifest")
MAX_BARREN = 1_000
"""Collections or pages in a row without one manifest that are read."""
MAX_UNAVAILABLE = 3
"""Documents in a row that a server fails to give, after all attempts for each, before the harvest stops."""
SIDE = 768
_ITEM_BYTES = 20_000


class IiifSource:
    """The canvases (or manifests) that a IIIF manifest or collection leads to, depth first, in the order of the lists.

    Args:
        url: address of a manifest or a collection.
        by: what is a record: "canvas" (default) or "manifest".
        max_records: stop after so many; the batch is then not complete.
        side: long side in pixels of the images that records point to.
        allowed_networks: private networks that manifests may point to (the host of ``url`` may be private anyway).
        politeness: bounds of waiting and retrying.

    A listed document that can't be read lands as a marker, so that it is rejected with a reason; unless it is gone (404, 410)
    the batch is then not complete. Memory: one document (at most 64 MiB) with its objects, the lists of the collections on
    the way to it, and about 200 bytes for each document read.

    Raises:
        HarvestError: an argument is not usable, or (while reading) the start can't be read, or a server fails on and on.
    """

    kind = "iiif"
    format: Format = "iiif"
    mapping: RecordMapping | None = None
    image_root: str | None = None
    reported_total: int | None = None
    detects_withdrawals = True

    def __init__(
        self,
        url: str,
        *,
        by: str = "canvas",
        max_records: int | None = None,
        side: int = SIDE,
        allowed_networks: Sequence[IPNetwork] = (),
        politeness: Politeness | None = None,
    ) -> None:
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            raise HarvestError(f"IIIF address {url!r} must be an http or https address")
        if by not in BY:
            raise HarvestError(f"by {by!r} must be one of {', '.join(BY)}")
        if max_records is not None and max_records < 1:
            raise HarvestError("max_records must be at least 1")
        self.url = urldefrag(url).url
        self.by = by
        self.max_records = max_records
        self.side = side
        self._allowed = tuple(allowed_networks)
        self._politeness = politeness or Politeness()
        self._begin()

    def _begin(self) -> None:
        self._levels: list[Level] = []
        self._order: list[str] = []
        self._seen: set[str] = set()
        self._canvas = 0
        self._received = 0
        self._problems: Counter[str] = Counter()
        self._barren = 0
        self._unavailable = 0
        self._ended = False

    @property
    def complete(self) -> bool:
        """True when everything that is listed was read, and no limit cut it."""
        return self._ended and not any(self._problems[problem] for problem in ("unread", "too deep", "cut"))

    @property
    def warnings(self) -> Sequence[str]:
        """Documents that could not be read, and what was left out."""
        return explained(self._problems)

    def fingerprint(self) -> str:
        """See :class:`Source`."""
        return digest(self.scope(), self.max_records, self.side)

    def scope(self) -> str:
        """See :class:`Source`: address, and what a record is."""
        return digest(self.kind, self.url, self.by)

    def origin(self) -> dict[str, Any]:
        """See :class:`Source`."""
        return {"url": self.url, "by": self.by} | ({"max_records": self.max_records} if self.max_records else {})

    def pages(self, state: Any) -> Iterator[Page]:
        """See :class:`Source`. A page holds canvases of one manifest, or one manifest."""
        # httpx takes a quarter of a second to import: only a harvest over HTTP pays for it.
        from heritage_assets.curation.sources.polite_http import PoliteClient

        self._begin()
        with PoliteClient(self.url, self._politeness, elsewhere=True, allowed_networks=self._allowed) as client:
            if state is None:
                self._levels = [Level("", [self.url], None)]
            else:
                self._take_up(client, state)
            while self._levels and not self._problems["cut"]:
                yield from self._step(client, self._levels[-1])
        self._ended = True

    def _step(self, client: PoliteClient, level: Level) -> Iterator[Page]:
        """Go on by one child of the innermost collection, or leave its page."""
        if level.index >= len(level.children):
            self._levels.pop()
            if level.following is not None and self._is_new(level.following):
                yield from self._open(client, level.following)
            return
        address = level.children[level.index]
        if self._canvas == 0 and not self._is_new(address):
            self._problems["again"] += 1
            level.index += 1
            return
        yield from self._open(client, address, level)

    def _open(self, client: PoliteClient, address: str, level: Level | None = None) -> Iterator[Page]:
        """Read a document: land a manifest, or go into a collection (``level`` None: as the next page of the last)."""
        try:
            document = client.get_json(url=address)
        except (RefusedError, BlockedAddressError, UnavailableError) as error:
            yield self._unread(address, error, level)
            return
        self._unavailable = 0
        kind = document_kind(document)
        if kind == "Manifest" and level is not None:
            self._barren = 0
            yield from self._manifest(client, document, address, level)
            return
        if level is not None:
            level.index += 1
        if kind == "Collection":
            self._enter(document, address)
        elif address == self.url:
            raise HarvestError(f"{address} is neither a IIIF manifest nor a collection of Presentation API 2 or 3")
        else:
            self._problems["other"] += 1

    def _enter(self, document: dict[str, Any], address: str) -> None:
        if len(self._levels) > MAX_DEPTH:
            self._problems["too deep"] += 1
            return
        self._barren += 1
        if self._barren > MAX_BARREN:
            raise HarvestError(f"{self.url} goes in circles: {MAX_BARREN:,} collections in a row hold no manifest")
        self._levels.append(Level(address, children(document, address), following_page(document, address)))

    def _unread(self, address: str, error: HarvestError, level: Level | None) -> Page:
        if address == self.url:
            raise error
        if isinstance(error, UnavailableError):
            self._unavailable += 1
            if self._unavailable >= MAX_UNAVAILABLE:
                raise error
        self._problems["gone" if isinstance(error, RefusedError) and error.status in (404, 410) else "unread"] += 1
        if level is not None:
            level.index += 1
        self._received += 1
        self._cut()
        return Page([unreadable_marker(address, str(error))], self._state())

    def _manifest(self, client: PoliteClient, document: dict[str, Any], address: str, level: Level) -> Iterator[Page]:
        listed, shared = canvases(document), description(document)
        if self.by == "manifest":
            first = next((canvas for canvas in listed if painted_image(canvas) is not None), None)
            level.index += 1
            self._received += 1
            record = manifest_record(shared, first, address, count=len(listed), side=self.side)
            self._cut()
            yield Page([self._with_info(client, record)], self._state())
            return
        if not listed:
            self._problems["empty"] += 1
        start = self._canvas
        room = len(listed) if self.max_records is None else self.max_records - self._received
        end = min(len(listed), start + room)

        def items() -> Iterator[Item]:
            for position in range(start, end):
                self._received += 1
                self._canvas = position + 1
                if self._canvas == end:  # now, so that the state of this page leads behind this manifest
                    self._leave(level, whole=end == len(listed))
                record = canvas_record(
                    listed[position], shared, address, position=position + 1, count=len(listed), side=self.side
                )
                yield Item(self._with_info(client, record), _ITEM_BYTES)

        if start >= end:
            self._leave(level, whole=True)
        yield from paginate(items(), self._state)

    def _leave(self, level: Level, *, whole: bool) -> None:
        """Go behind a manifest, unless the wanted number of records cuts it."""
        if whole:
            level.index, self._canvas = level.index + 1, 0
            self._cut()
        else:
            self._problems["cut"] += 1

    def _cut(self) -> None:
        """Stop when the wanted number of records is reached and more are listed."""
        more = any(one.index < len(one.children) or one.following for one in self._levels)
        if self.max_records is not None and self._received >= self.max_records and more:
            self._problems["cut"] += 1

    def _with_info(self, client: PoliteClient, record: LandedRecord) -> LandedRecord:
        """Add the ``info.json`` of a level 0 service that lists no sizes in the manifest: only there are they listed."""
        address = info_address(record)
        if address is None:
            return record
        try:
            info = client.get_json(url=address)
        except (RefusedError, BlockedAddressError) as error:
            info = {"error": str(error)[:300]}
        return with_info(record, info)

    def _is_new(self, address: str) -> bool:
        if address in self._seen:
            return False
        self._seen.add(address)
        self._order.append(address)
        return True

    def _state(self) -> dict[str, Any]:
        # The list of what was read only grows, so all states share it and each keeps its length.
        return {
            "path": [[level.url, level.known, level.index] for level in self._levels],
            "canvas": self._canvas,
            "received": self._received,
            "problems": dict(self._problems),
            "read": self._order,
            "read_count": len(self._order),
        }

    def _take_up(self, client: PoliteClient, state: dict[str, Any]) -> None:
        """Open the collections on the way to where a harvest was stopped.

        Raises:
            StaleStateError: one of them has changed since.
        """
        self._order = list(state["read"][: state["read_count"]])
        self._seen = set(self._order)
        self._canvas, self._received = state["canvas"], state["received"]
        self._problems = Counter(state["problems"])
        for url, known, index in state["path"]:
            level = self._reopened(client, url) if url else Level("", [self.url], None)
            if level.known != known:
                raise StaleStateError(f"collection {url} has changed since the harvest was stopped")
            level.index = index
            self._levels.append(level)

    def _reopened(self, client: PoliteClient, url: str) -> Level:
        try:
            document = client.get_json(url=url)
        except RefusedError as error:
            raise StaleStateError(f"collection {url} can't be read any more: {error}") from None
        return Level(url, children(document, url), following_page(document, url))
