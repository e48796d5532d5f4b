"""Who has an encoder that CLIP's threshold does not fit is told to calibrate, until it is calibrated."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from heritage_assets.curation.duplicates import DuplicateSettings
from heritage_assets.embedded.vector_endpoint import stop_endpoint
from heritage_assets.settings import Settings
from heritage_assets.stores.calibrations import calibration_key, calibration_missing
from heritage_assets.stores.connect import Platform

IMAGE_ONLY = "mobilenet@1"
DUAL = "clip@1"


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    yield Platform(Settings(home=tmp_path))
    stop_endpoint(tmp_path)


def with_rules(platform: Platform, **rules: float) -> Platform:
    return Platform(Settings(home=platform.settings.home, duplicates=DuplicateSettings(**rules)))


def test_an_image_encoder_is_named_until_it_is_calibrated(platform: Platform) -> None:
    assert calibration_missing(platform) is None, "nothing is there yet"
    platform.vectors.ensure_collection(IMAGE_ONLY, {"embedding_image": 4})
    assert "run `heritage calibrate`" in (calibration_missing(platform) or "")
    assert calibration_missing(with_rules(platform, threshold=0.8)) is None, "whoever sets a threshold has decided"
    assert calibration_missing(with_rules(platform, hash_near=10)) is not None
    platform.objects.put(calibration_key(IMAGE_ONLY), b"{}")
    assert calibration_missing(platform) is None


def test_an_encoder_of_pictures_and_words_keeps_the_default(platform: Platform) -> None:
    platform.vectors.ensure_collection(DUAL, {"embedding_image": 4, "embedding_text": 4, "combined": 8})
    assert calibration_missing(platform) is None
    platform.vectors.ensure_collection(IMAGE_ONLY, {"embedding_image": 4})
    assert calibration_missing(platform) is None, "told by the collection in use"
