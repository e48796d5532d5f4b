"""A run killed with SIGKILL at any place, then run again, leaves the stores of an undisturbed run."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest
from archive_site import Site
from museum_rows import first_batch, second_batch
from store_snapshots import Points, Tables, differences

from heritage_assets import execution

CHILD = Path(__file__).with_name("killed_chain.py")
PLACES = (
    "between cleansed and rejected",
    "during images",
    "during embeddings",
    "during points",
    "between pairs and canonical rows",
    "before points are told",
    "before the journal is struck out",
    "between clusters and members",
)
POOLS = ("cleansed_records", "source_images", "gpu", "qdrant_write", "canonical_records", "clusters")

pytestmark = pytest.mark.slow


@dataclass
class Undisturbed:
    """A home whose chain ran without a fault."""

    site: Site
    tables: Tables
    points: Points


@pytest.fixture(scope="module")
def undisturbed(new_site: Callable[..., Site]) -> Undisturbed:
    site = new_site()
    site.land("museum-1", first_batch())
    site.land("museum-2", second_batch(), day=1, withdrawals=True)
    outcomes = site.run_as_the_command_does()
    assert [outcome.failures for outcome in outcomes] == [()] * 3
    found = Undisturbed(site, site.tables(), site.points())
    site.close()
    return found


def run_until_killed(site: Site, place: str) -> None:
    """Run the chain in another process until it dies at ``place``."""
    child = subprocess.run(
        [sys.executable, "-W", "ignore", str(CHILD), place],
        env=site.environment(),
        cwd=site.home,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert child.returncode == -signal.SIGKILL, f"it lived: {child.stdout[-1500:]}{child.stderr[-1500:]}"


@pytest.mark.parametrize("place", PLACES)
def test_running_again_leaves_what_an_undisturbed_run_leaves(site: Site, undisturbed: Undisturbed, place: str) -> None:
    site.take_landing_of(undisturbed.site)
    run_until_killed(site, place)
    outcomes = site.run_as_the_command_does()
    assert [outcome.failures for outcome in outcomes] == [()] * len(outcomes)
    assert differences(undisturbed.tables, site.tables()) == []
    assert differences(undisturbed.points, site.points()) == []
    assert [info.key for info in site.platform.objects.list("journal")] == []
    with execution.dagster_instance(site.settings) as instance:
        runs = instance.get_runs()
        statuses = [run.status for run in runs]
        assert statuses.count(dg.DagsterRunStatus.FAILURE) == 1
        assert statuses.count(dg.DagsterRunStatus.SUCCESS) == len(runs) - 1
        for pool in POOLS:
            info = instance.event_log_storage.get_concurrency_info(pool)
            assert (info.active_slot_count, info.pending_step_count) == (0, 0), pool
