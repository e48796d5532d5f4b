"""Filling the collection of a new encoder by a running daemon: a backfill with progress, and nothing else changes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from archive_site import Site
from encoder_models import save_clip
from museum_rows import first_batch, second_batch
from running_dagster import running_dagster
from store_snapshots import differences

from heritage_assets import execution
from heritage_assets.curation.progress import listening
from heritage_assets.resources.encoder import ENCODER_TAG
from heritage_assets.switching.completeness import unfilled
from heritage_assets.switching.filling import daemon_runs, fill
from heritage_assets.switching.moving import wait_for_others

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def test_a_daemon_fills_by_a_backfill_and_leaves_the_archive_as_it_was(
    new_site: Callable[..., Site], tmp_path: Path
) -> None:
    site = new_site()
    site.land("museum-1", first_batch())
    site.land("museum-2", second_batch(), day=1)
    assert all(outcome.success for outcome in site.run_as_the_command_does())
    platform, before = site.platform, (site.tables(), site.points())
    other = save_clip(tmp_path / "other", seed=7, dim=16)
    encoder = platform.encoder(str(other))
    assert unfilled(platform, encoder) == ["museum-1", "museum-2"]
    told: list[str] = []
    shares: list[tuple[int, int | None]] = []
    with running_dagster(site), execution.dagster_instance(site.settings) as instance:
        assert daemon_runs(instance)
        with listening(lambda name, done, total: shares.append((done, total)) if name == "filling" else None):
            assert fill(platform, site.definitions(), instance, str(other), encoder, told.append) == 2
        wait_for_others(instance, told.append, 120)
        assert fill(platform, site.definitions(), instance, str(other), encoder, told.append) == 0
        (backfill,) = instance.get_backfills()
        assert backfill.tags[ENCODER_TAG] == str(other)
        runs = [run for run in instance.get_runs() if run.tags.get("dagster/backfill") == backfill.backfill_id]
        assert runs and {run.tags[ENCODER_TAG] for run in runs} == {str(other)}
        assert told[0].startswith(f"backfill {backfill.backfill_id}")
    assert (shares[0], shares[-1]) == ((0, 2), (2, 2))
    assert unfilled(platform, encoder) == []
    tables = site.tables()
    own = tables["clip_embeddings"]
    tables["clip_embeddings"] = {key: own[key] for key in before[0]["clip_embeddings"]}
    assert len(own) == 2 * len(tables["clip_embeddings"])
    assert differences(before[0], tables) == []
    assert differences(before[1], site.points()) == []
