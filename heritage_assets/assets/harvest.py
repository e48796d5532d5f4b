"""harvest: asks the configured providers for records and seals what they send as batches."""

from pathlib import Path
from typing import Any

import dagster as dg
import yaml
from pydantic import Field

from heritage_assets.resources.object_store import ObjectStoreResource

from .reporting import OWNERS


class HarvestConfig(dg.Config):
    """Which sources to harvest."""

    sources_file: str = "sources.yaml"
    sources: list[str] = Field([], description="Names from the file; all of them when empty.")


def read_sources(path: Path, names: list[str]) -> list[dict[str, Any]]:
    """Read the entries of ``sources.yaml``.

    Raises:
        dg.Failure: no such file, not a list of named entries, or a name that is not in it (asking again won't help).
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
    unknown = set(names) - {entry["name"] for entry in entries}
    if unknown:
        raise dg.Failure(f"{path} has no source named {', '.join(sorted(unknown))}", allow_retries=False)
    return [entry for entry in entries if not names or entry["name"] in names]


@dg.asset(
    group_name="harvest",
    owners=OWNERS,
    kinds={"python"},
    code_version="1",
    retry_policy=dg.RetryPolicy(max_retries=3, delay=30, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS),
    pool="harvest",
)
def harvest(
    context: dg.AssetExecutionContext, config: HarvestConfig, object_store: ObjectStoreResource
) -> dg.MaterializeResult:
    """Harvest each configured source into one new sealed batch; a harvest killed half way goes on where it was."""
    from heritage_assets.curation.sources import harvest as run_harvest
    from heritage_assets.curation.sources import source_from_config

    zone, path = object_store.landing(), Path(config.sources_file)
    sealed = []
    for entry in read_sources(path, config.sources):
        source = source_from_config(entry, folder=path.parent)
        wanted = entry.get("detect_withdrawals")
        manifest = run_harvest(source, zone, dataset=str(entry["dataset"]), detect_withdrawals=wanted)
        context.log.info("%s: sealed batch %s with %s records", entry["name"], manifest.batch, manifest.records)
        for warning in manifest.warnings:
            context.log.warning("%s: %s", entry["name"], warning)
        sealed.append(manifest)
    records = [
        dg.TableRecord(
            {
                "batch": manifest.batch,
                "dataset": manifest.dataset,
                "source": manifest.source,
                "records": manifest.records,
                "warnings": "; ".join(manifest.warnings),
            }
        )
        for manifest in sealed
    ]
    return dg.MaterializeResult(
        metadata={
            "batches": len(sealed),
            "records": sum(manifest.records for manifest in sealed),
            **({"sealed": dg.MetadataValue.table(records)} if records else {}),
        }
    )
