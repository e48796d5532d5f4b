"""One small archive for the tests of this folder; they run in the order of the file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from switched_archive import TwoEncoders, build

from heritage_assets.embedded.vector_endpoint import stop_endpoint


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoEncoders]:
    """An archive of two batches, made with the first of two tiny encoders."""
    built = build(tmp_path_factory.mktemp("two-encoders"))
    yield built
    stop_endpoint(built.home)
