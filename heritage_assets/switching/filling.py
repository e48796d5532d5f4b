"""Filling the collection of a new encoder: a Dagster backfill where a daemon runs, runs in this process otherwise.

Every run carries the tag that names the encoder; the steps are the ordinary ones, with their checks. What has its points is not
done again, so a filling that was stopped goes on where it was.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import dagster as dg

from heritage_assets import execution
from heritage_assets.curation.progress import Stage
from heritage_assets.partitions import harvest_batches
from heritage_assets.resources.encoder import ENCODER_TAG
from heritage_assets.stores.connect import Platform
from heritage_assets.switching.completeness import unfilled

if TYPE_CHECKING:
    from heritage_assets.curation.encoders import Encoder

STEPS = ("clip_embeddings", "pending_points")
_DAEMON = "BACKFILL"
_LOOK_SECONDS = 2.0
TITLE_LENGTH = 100


class SwitchError(RuntimeError):
    """The encoder can't be switched; the message says why and what to do."""


def fill(
    platform: Platform,
    defs: dg.Definitions,
    instance: dg.DagsterInstance,
    name: str,
    encoder: Encoder,
    tell: Callable[[str], None],
) -> int:
    """Embed every record with the encoder ``name`` and write its points, beside those of other encoders.

    Args:
        platform: the archive.
        defs: the code location.
        instance: the home's Dagster instance.
        name: the name that ``encoder`` is loaded by, also in other processes.
        encoder: the same, loaded.
        tell: shown one line for each step forward.

    Returns:
        How many batches there were to fill.

    Raises:
        SwitchError: a run failed, or points are still missing afterwards.
    """
    left = unfilled(platform, encoder)
    if not left:
        return 0
    if daemon_runs(instance):
        _backfill(defs, instance, name, left, tell)
    else:
        _fill_here(defs, instance, name, left, tell)
    still = unfilled(platform, encoder)
    if still:
        raise SwitchError(
            f"{len(still)} batches still lack points of {encoder.id} ({', '.join(still[:3])}): finish them with "
            "`heritage materialize`, then run the same command again"
        )
    return len(left)


def daemon_runs(instance: dg.DagsterInstance) -> bool:
    """Tell whether a daemon that runs backfills is alive (``dagster dev``, or a deployment)."""
    status = instance.get_daemon_statuses([_DAEMON]).get(_DAEMON)
    return status is not None and bool(status.healthy)


def _fill_here(
    defs: dg.Definitions, instance: dg.DagsterInstance, name: str, batches: Sequence[str], tell: Callable[[str], None]
) -> None:
    stage = Stage("filling", len(batches))
    for number, batch in enumerate(batches, start=1):
        outcome = execution.run_batch(defs, instance, batch, STEPS, tags={ENCODER_TAG: name})
        tell(f"{number} of {len(batches)}  {batch}  run {outcome.run_id}")
        if not outcome.success:
            raise SwitchError(
                f"batch {batch} could not be filled: {'; '.join(outcome.failures)}. The archive is searched as before; "
                "run the same command again to go on"
            )
        stage.advance(1)


def _backfill(
    defs: dg.Definitions, instance: dg.DagsterInstance, name: str, batches: Sequence[str], tell: Callable[[str], None]
) -> None:
    """Let the daemon fill, and watch it; a backfill of the same encoder that is under way is joined."""
    from dagster._core.execution.backfill import BulkActionStatus

    # The encoder in use has materialized these batches before: only what comes from now on counts.
    before = instance.event_log_storage.get_maximum_record_id() or 0
    backfill_id = _under_way(instance, name) or _submitted(defs, instance, name, batches)
    tell(f"backfill {backfill_id}: its progress is on the page of backfills of Dagster's interface")
    stage = Stage("filling", len(batches))
    while True:
        backfill = instance.get_backfill(backfill_id)
        if backfill is None:
            raise SwitchError(f"backfill {backfill_id} was deleted: run the same command again")
        filled = instance.get_materialized_partitions(dg.AssetKey(STEPS[-1]), after_cursor=before)
        done = len(filled & set(batches))
        stage.advance(max(0, min(done, len(batches)) - stage.done))
        if backfill.status == BulkActionStatus.COMPLETED_SUCCESS:
            return
        if backfill.status in (
            BulkActionStatus.COMPLETED_FAILED,
            BulkActionStatus.FAILED,
            BulkActionStatus.CANCELED,
        ):
            raise SwitchError(
                f"backfill {backfill_id} ended as {backfill.status.value}: see Dagster's interface, then run the same command "
                "again; the archive is searched as before"
            )
        time.sleep(_LOOK_SECONDS)


def _under_way(instance: dg.DagsterInstance, name: str) -> str | None:
    from dagster._core.execution.backfill import BULK_ACTION_TERMINAL_STATUSES

    for backfill in instance.get_backfills(limit=50):
        if backfill.tags.get(ENCODER_TAG) == name and backfill.status not in BULK_ACTION_TERMINAL_STATUSES:
            return str(backfill.backfill_id)
    return None


def _title(name: str) -> str:
    """Return a title that Dagster takes: no more than 100 characters, and none of three."""
    said = re.sub(r'[%*"]', "_", f"Fill the collection of {name}")
    return said if len(said) <= TITLE_LENGTH else f"{said[: TITLE_LENGTH - 1]}…"


def _submitted(defs: dg.Definitions, instance: dg.DagsterInstance, name: str, batches: Sequence[str]) -> str:
    from dagster._core.execution.backfill import PartitionBackfill
    from dagster._core.utils import make_new_backfill_id

    known = set(instance.get_dynamic_partitions(str(harvest_batches.name)))
    backfill = PartitionBackfill.from_asset_partitions(
        backfill_id=make_new_backfill_id(),
        asset_graph=defs.resolve_asset_graph(),
        partition_names=[batch for batch in batches if batch in known],
        asset_selection=[dg.AssetKey(step) for step in STEPS],
        backfill_timestamp=time.time(),
        tags={ENCODER_TAG: name},
        dynamic_partitions_store=instance,
        all_partitions=False,
        title=_title(name),
        description="A new encoder, beside the one in use.",
        run_config=None,
    )
    instance.add_backfill(backfill)
    return str(backfill.backfill_id)
