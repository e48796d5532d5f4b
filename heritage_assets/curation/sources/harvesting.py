"""A harvest: from a source to one sealed batch, with tombstones for what the source no longer lists."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from heritage_assets.curation.landing import LandedRecord, LandingZone, Manifest
from heritage_assets.curation.landing_writer import BatchWriter, Outcome, open_batch
from heritage_assets.curation.progress import Stage
from heritage_assets.curation.sources.base import Source, StaleStateError
from heritage_assets.curation.sources.incremental import Since, batches_of, changed_since


def harvest(
    source: Source,
    zone: LandingZone,
    *,
    dataset: str,
    batch: str | None = None,
    now: datetime | None = None,
    detect_withdrawals: bool | None = None,
    since: Since | None = None,
) -> Manifest:
    """Harvest ``source`` into one batch and seal it; goes on where the same harvest was killed before.

    Args:
        source: where the records come from.
        zone: where the batch lands.
        dataset: the dataset's name.
        batch: key of the batch; default ``<dataset>-<YYYYMMDDtHHMMSS>``.
        now: start of the harvest (aware); default: the present.
        detect_withdrawals: land a tombstone for each guid that the newest earlier complete batch of the same dataset and
            scope listed and this one does not; default: what the source says. Only complete harvests of everything are
            compared.
        since: list only what changed since a moment (aware), or since the last complete harvest of the same dataset and
            scope ("last"); default: everything.

    Memory: one part (16 MiB), one page of the source, and for withdrawals the guids of the earlier batch (about 120 bytes
    each).

    Raises:
        HarvestError: the source can't be read, or can't tell what changed; what came is kept for the next run.
        LandingError: the batch can't be written.
        ValueError: ``batch`` is no valid key, or ``dataset`` is empty.
    """
    if not dataset.strip():
        raise ValueError("the dataset needs a name")
    began = now or datetime.now(UTC)
    notes: tuple[str, ...] = ()
    if since is not None:
        source, notes = changed_since(source, zone, dataset, since)
    listed_since = getattr(source, "since", None)
    writer = open_batch(zone, dataset=dataset, fingerprint=source.fingerprint(), now=began, batch=batch)
    outcome = writer.outcome or _read_all(source, writer)
    warnings = [*notes, *outcome.warnings]
    withdrawn = 0
    judged = source.detects_withdrawals if detect_withdrawals is None else detect_withdrawals
    if judged and listed_since is None:
        withdrawn = _land_withdrawals(zone, writer, outcome, dataset=dataset, scope=source.scope(), warnings=warnings)
    if not writer.stored:
        warnings.append("no records came")
    manifest = Manifest(
        dataset=dataset,
        batch=writer.batch,
        source=source.kind,
        format=source.format,
        origin=source.origin(),
        scope=source.scope(),
        mapping=None if source.mapping is None else source.mapping.model_dump(mode="json", exclude_none=True),
        image_root=source.image_root,
        harvested_at=writer.started_at,
        since=listed_since,
        parts=writer.parts,
        records=writer.stored,
        withdrawn=withdrawn,
        reported_total=outcome.reported_total,
        complete=outcome.complete,
        warnings=tuple(warnings),
    )
    return writer.seal(manifest)


def _read_all(source: Source, writer: BatchWriter) -> Outcome:
    try:
        _read_from(source, writer)
    except StaleStateError:
        writer.restart()
        _read_from(source, writer)
    outcome = Outcome(reported_total=source.reported_total, complete=source.complete, warnings=tuple(source.warnings))
    writer.end(outcome)
    return outcome


def _read_from(source: Source, writer: BatchWriter) -> None:
    stage = Stage("harvest")
    stage.advance(writer.stored)
    state: Any = writer.state
    for page in source.pages(state):
        writer.add(page.records, page.state, before=state)
        state = page.state
        stage.total = source.reported_total
        stage.advance(len(page.records))


def _land_withdrawals(
    zone: LandingZone, writer: BatchWriter, outcome: Outcome, *, dataset: str, scope: str, warnings: list[str]
) -> int:
    """Land tombstones; returns how many. A listing that may be short is not compared: that would withdraw what is there."""
    if not outcome.complete:
        return 0
    earlier, last = _listed_before(zone, dataset, scope, writer.started_at)
    if not earlier:
        return 0
    if writer.stored == 0:
        warnings.append(f"withdrawals not judged: nothing was listed, {len(earlier):,} records were before")
        return 0
    if outcome.reported_total is not None and outcome.reported_total > writer.stored:
        warnings.append("withdrawals not judged: the listing is shorter than the source's own total")
        return 0
    for record in writer.listed():
        earlier.discard(record.guid or "")
    return writer.add_tombstones(_tombstones(sorted(earlier), last))


def _listed_before(zone: LandingZone, dataset: str, scope: str, before: datetime) -> tuple[set[str], str]:
    """Return the guids that were listed at last, and the batch that says so.

    That is the newest complete batch of everything, and what partial ones of the same scope added after it.
    """
    same = [manifest for manifest in batches_of(zone, dataset, scope) if manifest.harvested_at < before]
    whole = (number for number, manifest in enumerate(same) if manifest.complete and manifest.since is None)
    newest = max(whole, default=None)
    if newest is None:
        return set(), ""
    guids: set[str] = set()
    for manifest in same[newest:]:
        for rows in zone.read(manifest.batch):
            for guid, deleted in zip(rows["guid"].to_pylist(), rows["deleted"].to_pylist(), strict=True):
                if deleted:
                    guids.discard(guid)
                elif guid:
                    guids.add(guid)
    return guids, same[newest].batch


def _tombstones(guids: list[str], last_listed_in: str) -> Iterator[LandedRecord]:
    for guid in guids:
        yield LandedRecord(guid, {"guid": guid, "withdrawn": True, "last_listed_in": last_listed_in}, deleted=True)
