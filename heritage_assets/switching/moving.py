"""Moving an archive to the encoder whose collection is filled, and back.

What is told in which order: duplicate groups by the new encoder's pairs into the tables and onto the new points (an ordinary
run of the canonicalization, with its checks), clusters of the records onto the new points, the alias, the encoder in use.
Killed at any point, the archive is searched with the old or with the new encoder, never with both; the same command finishes
the rest.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from heritage_assets import execution
from heritage_assets.curation.schemas import CLUSTER_MEMBERS
from heritage_assets.registry.encoders import pinned
from heritage_assets.registry.tracking import Tracking
from heritage_assets.resources.encoder import ENCODER_TAG
from heritage_assets.stores.connect import Platform
from heritage_assets.stores.encoder_in_use import EncoderInUse, first_in_use, read_in_use, write_in_use
from heritage_assets.switching.filling import SwitchError, fill

if TYPE_CHECKING:
    from heritage_assets.curation.encoders import Encoder

_UNDER_WAY = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.QUEUED]
_MOST_ROUNDS = 5
MOST_WAITED = 1_800.0
"""Seconds that a switch waits for runs that are under way."""
_LOOK_SECONDS = 2.0


def state_or_first(platform: Platform) -> EncoderInUse:
    """Return what is in use; before the first switch that is the encoder of the settings."""
    found = None if platform.settings.encoder_is_set else read_in_use(platform.objects)
    return found or first_in_use(platform.encoder_name(), platform.encoder().id)


def wait_for_others(instance: dg.DagsterInstance, tell: Callable[[str], None], seconds: float = MOST_WAITED) -> None:
    """Wait until no other run writes groups and points with the encoder in use.

    After a filling by the daemon there may be such runs: its automation canonicalizes the filled batches once more, with the
    encoder in use, which changes nothing.

    Raises:
        SwitchError: runs are still under way when the time is over.
    """
    deadline = time.monotonic() + seconds
    told = False
    while others := _others(instance):
        if time.monotonic() > deadline:
            raise SwitchError(
                f"{len(others)} runs are under way ({others[0].job_name} {others[0].run_id}): run the same command again when "
                "they are done; what is filled and compared stays"
            )
        if not told:
            tell(f"waiting for {len(others)} runs that are under way")
            told = True
        time.sleep(_LOOK_SECONDS)


def _others(instance: dg.DagsterInstance) -> list[dg.DagsterRun]:
    mine = execution.process_mark()
    runs = instance.get_runs(filters=dg.RunsFilter(statuses=_UNDER_WAY), limit=100)
    return [run for run in runs if run.tags.get(execution.PROCESS_TAG) != mine]


def move(
    platform: Platform,
    defs: dg.Definitions,
    instance: dg.DagsterInstance,
    state: EncoderInUse,
    encoder: Encoder,
    tell: Callable[[str], None],
) -> None:
    """Search the archive with ``encoder`` from now on; ``state`` is what will be in use, its collection is filled.

    Records that arrive meanwhile, through the encoder that was in use, are filled in afterwards.

    Raises:
        SwitchError: other runs go on and on, or one of these failed.
    """
    name = state.current.name
    wait_for_others(instance, tell)
    _canonicalize(defs, instance, name, tell)
    collection = platform.vectors.on(platform.vectors.collection_for(encoder.id))
    _tell_clusters(platform, encoder)
    platform.vectors.activate(collection.collection)
    write_in_use(platform.objects, state)
    tell(f"in use: {encoder.id}")
    for _ in range(_MOST_ROUNDS):
        if not fill(platform, defs, instance, name, encoder, tell):
            break
        _canonicalize(defs, instance, name, tell)
    outcome = execution.run_clusters(defs, instance, tags={ENCODER_TAG: name})
    if not outcome.success:
        raise SwitchError(f"{encoder.id} is in use, but its clusters failed: {'; '.join(outcome.failures)}")


def _canonicalize(defs: dg.Definitions, instance: dg.DagsterInstance, name: str, tell: Callable[[str], None]) -> None:
    """Judge the whole archive by the encoder's vectors; ids that were given and what people decided stay."""
    done = sorted(instance.get_materialized_partitions(execution.LAST_STEP))
    if not done:
        raise SwitchError("nothing is canonicalized yet: run `heritage materialize` first")
    outcome = execution.run_rebuild(defs, instance, done[-1], tags={ENCODER_TAG: name})
    tell(f"duplicates judged  run {outcome.run_id}")
    if not outcome.success:
        raise SwitchError(
            f"the duplicates could not be judged: {'; '.join(outcome.failures)}. Run the same command again"
        )


def _tell_clusters(platform: Platform, encoder: Encoder) -> None:
    """Give the new points the clusters that the records have, so that they can be filtered by them from the first moment."""
    from heritage_assets.assets.clusters import tell_points

    members = platform.lake.read(CLUSTER_MEMBERS, columns=["guid", "cluster_id"])
    tell_points(platform.vectors.on(platform.vectors.collection_for(encoder.id)), members)


def pinned_name(platform: Platform, name: str) -> str:
    """Return a name that means the same encoder tomorrow and elsewhere: a folder in full, a registered one by its version.

    Raises:
        RegistryError: no such model, version or alias.
    """
    if Path(name).expanduser().is_dir():
        return str(Path(name).expanduser().resolve())
    return pinned(Tracking.of(platform.settings), name)
