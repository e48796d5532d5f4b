"""Incremental harvests: since when a source must be asked, from what the landing zone holds.

The state of a source is its sealed batches, nothing else: a batch that is lost, or was never sealed, is asked for again.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Literal

from heritage_assets.curation.landing import LandingZone, Manifest
from heritage_assets.curation.sources.base import HarvestError, IncrementalSource, Source

LAST = "last"
Since = Literal["last"] | datetime


def parse_since(value: object) -> Since | None:
    """Return what ``--since`` or ``since:`` means: "last", or a date or time (UTC where it names no zone).

    Raises:
        HarvestError: it is neither.
    """
    if value is None or value == LAST:
        return value  # type: ignore[return-value]
    if isinstance(value, datetime):
        return _aware(value)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    try:
        return _aware(datetime.fromisoformat(str(value).strip()))
    except ValueError:
        raise HarvestError(
            f"since {value!r} must be 'last', a date such as 2026-03-01, or a time such as 2026-03-01T12:30:00Z"
        ) from None


def incremental(source: Source) -> IncrementalSource:
    """Return the source.

    Raises:
        HarvestError: it can't tell what changed.
    """
    if not isinstance(source, IncrementalSource):
        raise HarvestError(f"a source of kind {source.kind} can't tell what changed: leave since out")
    return source


def changed_since(source: Source, zone: LandingZone, dataset: str, since: Since) -> tuple[Source, tuple[str, ...]]:
    """Return the source restricted to what changed since then, and what a person should know.

    Without an earlier complete harvest "last" lists everything.

    Raises:
        HarvestError: the source can't tell what changed.
    """
    source = incremental(source)
    if isinstance(since, datetime):
        return source.changed_since(since), ()
    covered = covered_until(batches_of(zone, dataset, source.scope()))
    if covered is None:
        return source, ("everything was listed: there is no earlier complete harvest of this source",)
    return source.changed_since(covered), ()


def batches_of(zone: LandingZone, dataset: str, scope: str) -> list[Manifest]:
    """Return the sealed batches of one source, oldest harvest first."""
    return [manifest for manifest in zone.sealed() if manifest.dataset == dataset and manifest.scope == scope]


def covered_until(manifests: Iterable[Manifest]) -> datetime | None:
    """Return the moment up to which every change is landed; None when nothing is.

    ``manifests``: of one source, oldest harvest first. Only complete ones count, and of incremental ones those that begin
    before what is covered ends: behind a gap, changes would be missed for good.
    """
    covered: datetime | None = None
    for manifest in manifests:
        if manifest.complete and (manifest.since is None or covered is None or manifest.since <= covered):
            covered = manifest.harvested_at
    return covered


def _aware(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
