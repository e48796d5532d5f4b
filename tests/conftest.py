"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest

PROJECT = Path(__file__).resolve().parent.parent

hypothesis.settings.register_profile("steady", derandomize=True, database=None, deadline=None)
hypothesis.settings.register_profile("explore", max_examples=2_000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))
"""The same examples in every run, so that a green run stays green; `HYPOTHESIS_PROFILE=explore` looks for new ones."""


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data; tests that need it skip by name where it is absent."""
    folder = Path(os.environ.get("HERITAGE_TEST_DATA", PROJECT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"real data is not at {folder} (set HERITAGE_TEST_DATA)")
    return folder


def pytest_configure(config: pytest.Config) -> None:
    """Let several processes take the files in the order of collection: the tests of the page must stay last in each."""
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of the page last: Playwright keeps an event loop running, beside which asyncio can start no other."""
    items.sort(key=lambda item: "page" in item.path.parent.parts)
