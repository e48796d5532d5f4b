"""The variables that `make env` draws."""

from __future__ import annotations

import subprocess
import sys

import pytest
from deployment_files import PROJECT, read_env


@pytest.fixture(scope="session")
def variables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What `make env` draws."""
    target = tmp_path_factory.mktemp("env") / ".env"
    subprocess.run([sys.executable, PROJECT / "scripts" / "make_env.py", target], check=True, capture_output=True)
    return read_env(target)
