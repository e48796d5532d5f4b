"""Fixtures of the engines: sources of every kind landed once, and Spark where the machine has what it needs."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parent.parent / "curation"))  # the small encoders
sys.path.append(str(Path(__file__).resolve().parent.parent / "dagster_layer"))  # tables as they are compared
sys.path.append(str(Path(__file__).resolve().parent.parent / "stores"))  # a MinIO

from landed_sources import Landed, land_everything
from spark_sessions import why_no_spark


@pytest.fixture(scope="session", autouse=True)
def _no_settings_from_outside() -> Iterator[None]:
    """Variables of whoever runs the tests must not reach into them."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("HERITAGE_", "DAGSTER_", "SPARK_")) and not name.startswith("HERITAGE_TEST_"):
                patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def spark_ready() -> None:
    """Skip by name where Spark can't run."""
    reason = why_no_spark()
    if reason:
        pytest.skip(reason)


@pytest.fixture(scope="session")
def spark_on_request(request: pytest.FixtureRequest) -> None:
    """Skip by name what costs too much processor time for every run of the tests."""
    if os.environ.get("HERITAGE_TEST_SPARK") != "1":
        pytest.skip("runs on request, where HERITAGE_TEST_SPARK=1: it costs a minute of processor time")
    request.getfixturevalue("spark_ready")


@pytest.fixture(scope="session")
def small_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CLIP of the true architecture with random weights: 48 pixels, 16 dimensions."""
    from encoder_models import save_clip

    return save_clip(tmp_path_factory.mktemp("encoder") / "small-clip", dim=16)


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Iterator[Landed]:
    """Batches of the demo museum, of a museum's JSON Lines and of EDM files; the demo museum's server runs."""
    with land_everything(tmp_path_factory.mktemp("landed"), shared_data) as sources:
        yield sources
