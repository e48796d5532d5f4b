"""The services of docker-compose.yml, started without a Docker engine, come out of a night and a bad day as they should."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from deployment_files import PROJECT
from translation import MissingError, require_programs

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1_600)]


@pytest.mark.parametrize(("engine", "seconds"), [("local", 420), ("spark", 1_500)])
def test_the_course_ends_with_equal_stores(engine: str, seconds: float) -> None:
    if os.environ.get("HERITAGE_TEST_NATIVE") != "1":
        pytest.skip(
            "runs on request, where HERITAGE_TEST_NATIVE=1: it costs four minutes of processor time, and more on Spark"
        )
    try:
        require_programs(spark=True)
    except MissingError as error:
        pytest.skip(str(error))
    command = [sys.executable, str(PROJECT / "deploy/native"), "course", "--engine", engine]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            told, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.terminate()  # it ends its services itself
            told, _ = process.communicate(timeout=40)
            pytest.fail(f"not done after {seconds} s\n{told}")
    assert process.returncode == 0, told
    assert "tables and points equal those of an embedded home" in told
