"""The peers' own environment: a virtual environment that holds what this project must not depend on, made on first use."""

from __future__ import annotations

import subprocess
import venv
from pathlib import Path

PEERS = ("faiss-cpu==1.15.1", "imagededup==0.3.3.post2", "transformers")
"""transformers: imagededup's own weights are not in any package registry, so it is given the model that ours has."""


def peer_python(folder: Path) -> Path:
    """Return the interpreter of the environment in ``folder``."""
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    if subprocess.run(
        [python, "-c", "import faiss, imagededup, transformers"], capture_output=True, check=False
    ).returncode:
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PEERS], check=True)
    return python
