"""Fixtures of the search application: one small archive for all, and a client of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.append(str(Path(__file__).resolve().parent.parent / "curation"))  # small pictures and small encoders
sys.path.append(str(Path(__file__).resolve().parent.parent / "stores"))  # small proposals of documents

from encoder_models import save_clip
from small_archive import build_archive, open_client, wait_until

from heritage_assets.settings import Settings

if TYPE_CHECKING:
    from starlette.testclient import TestClient


@pytest.fixture(scope="session", autouse=True)
def _no_settings_from_outside() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("HERITAGE_", "DAGSTER_")) and not name.startswith("HERITAGE_TEST_"):
                patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """The settings of a home with a complete archive in it."""
    from heritage_assets.embedded.vector_endpoint import stop_endpoint

    folder = tmp_path_factory.mktemp("archive")
    settings = build_archive(folder, save_clip(folder / "small-clip", dim=16))
    yield settings
    stop_endpoint(settings.home)


@pytest.fixture(scope="session")
def client(archive: Settings) -> Iterator[TestClient]:
    """A client of an application over the archive, ready to search."""
    with open_client(archive) as opened:
        wait_until(lambda: opened.get("/readyz").status_code == 200)
        yield opened


@pytest.fixture
def get(client: TestClient):
    """Ask and return the JSON answer, which must be a success."""

    def ask(path: str, **params):
        answer = client.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return ask
