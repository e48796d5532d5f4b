"""Fixtures of the Dagster layer: a provider on a real socket, a small CLIP, and homes with real stores."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parent.parent / "curation"))  # the provider and the small encoders

from archive_site import Site
from hostile_provider import Provider
from museum_rows import ROUTES

from heritage_assets.settings import Settings


@pytest.fixture(scope="session", autouse=True)
def _no_settings_from_outside() -> Iterator[None]:
    """Variables of whoever runs the tests must not reach into them."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("HERITAGE_", "DAGSTER_")) and not name.startswith("HERITAGE_TEST_"):
                patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def provider() -> Iterator[Provider]:
    """A provider that serves the images of ``museum_rows``, well or badly as their names say."""
    with Provider(routes=dict(ROUTES)) as running:
        yield running


@pytest.fixture(scope="session")
def encoder_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CLIP of the true architecture with random weights: 48 pixels, 16 dimensions."""
    from encoder_models import save_clip

    return save_clip(tmp_path_factory.mktemp("encoder") / "small-clip", dim=16)


@pytest.fixture(scope="session")
def new_site(
    tmp_path_factory: pytest.TempPathFactory, encoder_folder: Path, provider: Provider
) -> Iterator[Callable[..., Site]]:
    """Make homes; the vector endpoints of all of them are stopped at the end."""
    made: list[Site] = []

    def make(**settings: object) -> Site:
        site = Site.create(tmp_path_factory.mktemp("home"), encoder_folder, provider.url(""), **settings)
        made.append(site)
        return site

    yield make
    for site in made:
        site.close()


@pytest.fixture
def site(new_site: Callable[..., Site]) -> Iterator[Site]:
    """A home of its own."""
    made = new_site()
    yield made
    made.close()


@pytest.fixture
def plain_settings(tmp_path: Path) -> Settings:
    """Settings of a home that nothing was ever done in."""
    return Settings(_env_file=None, home=tmp_path / "home")
