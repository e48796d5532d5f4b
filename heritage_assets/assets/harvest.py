"""harvest: asks the configured providers for records and seals what they send as batches."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import yaml
from pydantic import Field

from heritage_assets.resources.http_fetcher import HttpFetcherResource
from heritage_assets.resources.object_store import ObjectStoreResource

from .reporting import OWNERS

if TYPE_CHECKING:
    from datetime import datetime

    from heritage_assets.curation.images import FetchSettings
    from heritage_assets.curation.landing import LandingZone, Manifest


class HarvestConfig(dg.Config):
    """Which sources to harvest."""

    sources_file: str = "sources.yaml"
    sources: list[str] = Field([], description="Names from the file; all of them when empty.")


@dataclass(frozen=True)
class SourceOutcome:
    """What became of one source: its sealed batch (an earlier one of this run, when it is tried again), or an error."""

    name: str
    manifest: "Manifest | None"
    seconds: float
    error: str = ""
    permanent: bool = False
    """Whether only a person can help: the entry itself is wrong."""


def read_sources(path: Path, names: list[str]) -> list[dict[str, Any]]:
    """Read the entries of ``sources.yaml``.

    Raises:
        dg.Failure: no such file, not a list of named entries, an entry without dataset, a name twice, or a name that is not
            in it (asking again won't help).
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise dg.Failure(f"no sources file at {path}: copy sources.example.yaml there", allow_retries=False) from None
    except yaml.YAMLError as error:
        raise dg.Failure(f"{path} is not YAML: {error}", allow_retries=False) from None
    entries = document.get("sources") if isinstance(document, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) and "name" in entry for entry in entries):
        raise dg.Failure(f"{path} must hold `sources:`, a list of entries with a name each", allow_retries=False)
    listed = [str(entry["name"]) for entry in entries]
    faulty = [name for name, entry in zip(listed, entries, strict=True) if not entry.get("dataset")]
    if faulty:
        raise dg.Failure(f"{path}: {', '.join(faulty)} must name a dataset", allow_retries=False)
    if len(set(listed)) < len(listed):
        raise dg.Failure(f"{path}: each name may be given to one source only", allow_retries=False)
    unknown = set(names) - set(listed)
    if unknown:
        raise dg.Failure(f"{path} has no source named {', '.join(sorted(unknown))}", allow_retries=False)
    return [entry for entry in entries if not names or str(entry["name"]) in names]


def harvest_source(
    entry: dict[str, Any], folder: Path, zone: "LandingZone", fetch: "FetchSettings", *, sealed_after: "datetime | None"
) -> SourceOutcome:
    """Harvest one entry of the file. What a source can't do is its error, not that of the others.

    ``sealed_after``: a complete batch of the same source that was begun then or later is taken instead of a new harvest.
    """
    from heritage_assets.curation.landing import LandingError
    from heritage_assets.curation.sources import HarvestError, parse_since, source_from_config
    from heritage_assets.curation.sources import harvest as run_harvest
    from heritage_assets.curation.sources.incremental import batches_of, incremental

    name, dataset, started = str(entry["name"]), str(entry["dataset"]), time.perf_counter()

    def failed(error: Exception, *, permanent: bool) -> SourceOutcome:
        return SourceOutcome(name, None, time.perf_counter() - started, " ".join(str(error).split()), permanent)

    try:
        source = source_from_config(entry, folder=folder, fetch=fetch)
        since = parse_since(entry.get("since"))
        if since is not None:
            incremental(source)
    except (HarvestError, ValueError, OSError) as error:
        return failed(error, permanent=True)
    done = [
        one for one in batches_of(zone, dataset, source.scope()) if sealed_after and one.harvested_at >= sealed_after
    ]
    if done:
        return SourceOutcome(name, done[-1], 0.0)
    wanted = entry.get("detect_withdrawals")
    try:
        manifest = run_harvest(source, zone, dataset=dataset, detect_withdrawals=wanted, since=since)
    except (HarvestError, LandingError, ValueError, OSError) as error:
        return failed(error, permanent=False)
    return SourceOutcome(name, manifest, time.perf_counter() - started)


def outcome_table(outcomes: list[SourceOutcome]) -> dg.MetadataValue[Any]:
    """Show one row for each source: its batch and counts, or why there is none."""
    rows = []
    for outcome in outcomes:
        manifest = outcome.manifest
        rows.append(
            dg.TableRecord(
                {
                    "name": outcome.name,
                    "source": manifest.source if manifest else "",
                    "dataset": manifest.dataset if manifest else "",
                    "batch": manifest.batch if manifest else "",
                    "records": manifest.records if manifest else 0,
                    "withdrawn": manifest.withdrawn if manifest else 0,
                    "complete": manifest.complete if manifest else False,
                    "since": manifest.since.isoformat() if manifest and manifest.since else "",
                    "seconds": round(outcome.seconds, 1),
                    "notes": outcome.error or "; ".join(manifest.warnings if manifest else ()),
                }
            )
        )
    return dg.MetadataValue.table(rows)


@dg.asset(
    group_name="harvest",
    owners=OWNERS,
    kinds={"python"},
    code_version="2",
    retry_policy=dg.RetryPolicy(max_retries=3, delay=30, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS),
    pool="harvest",
)
def harvest(
    context: dg.AssetExecutionContext,
    config: HarvestConfig,
    object_store: ObjectStoreResource,
    http_fetcher: HttpFetcherResource,
) -> dg.MaterializeResult:
    """Harvest each configured source into one new sealed batch; a harvest killed half way goes on where it was.

    All sources are tried; when some fail, the step fails with the table of all, and a retry asks only these again.
    """
    path = Path(config.sources_file)
    entries = read_sources(path, config.sources)
    zone, fetch = object_store.landing(), http_fetcher.settings()
    run_began = context.instance.get_run_record_by_id(context.run.run_id) if context.retry_number else None
    sealed_after = run_began.create_timestamp if run_began else None
    outcomes = []
    for entry in entries:
        outcome = harvest_source(entry, path.parent, zone, fetch, sealed_after=sealed_after)
        outcomes.append(outcome)
        if outcome.manifest is None:
            context.log.error("%s: %s", outcome.name, outcome.error)
            continue
        context.log.info("%s: batch %s with %s records", outcome.name, outcome.manifest.batch, outcome.manifest.records)
        for warning in outcome.manifest.warnings:
            context.log.warning("%s: %s", outcome.name, warning)
    sealed = [outcome.manifest for outcome in outcomes if outcome.manifest is not None]
    failed = [outcome for outcome in outcomes if outcome.manifest is None]
    metadata: dict[str, Any] = {
        "batches": len(sealed),
        "records": sum(manifest.records for manifest in sealed),
        "withdrawn": sum(manifest.withdrawn for manifest in sealed),
        "failed_sources": len(failed),
        **({"sources": outcome_table(outcomes)} if outcomes else {}),
    }
    if failed:
        told = "; ".join(f"{outcome.name}: {outcome.error}" for outcome in failed)
        raise dg.Failure(
            f"{len(failed)} of {len(outcomes)} sources failed: {told}",
            metadata=metadata,
            allow_retries=not all(outcome.permanent for outcome in failed),
        )
    return dg.MaterializeResult(metadata=metadata)
