"""clip-retrieval in an environment of its own, over the same torch as the platform, so that no other torch decides."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

PACKAGES = (
    "clip-retrieval==2.45.0", "all-clip==1.3.0", "transformers<5", "huggingface-hub<1", "tokenizers<0.23", "open_clip_torch",
    "clip-anytorch", "torchvision", "sentence-transformers<6", "timm", "webdataset", "wandb", "fire", "termcolor", "fsspec",
    "braceexpand", "h5py", "regex", "xxhash", "faiss-cpu", "autofaiss", "embedding_reader", "img2dataset", "flask",
    "flask_restful", "flask_cors", "aniso8601", "pytz", "werkzeug", "itsdangerous", "blinker", "multilingual-clip",
    "exifread-nocycle",
)  # fmt: skip
"""Without what they ask for: its own pins (numpy < 2, pyarrow < 16) are older than the torch that both shall share. It needs
transformers before 5, whose models answer with tensors."""


def make(folder: Path) -> Path:
    """Make the environment where it is not there yet; returns its Python."""
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", "--no-deps", *PACKAGES], check=True)
    ours = sysconfig.get_path("purelib")
    theirs = subprocess.run(
        [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip
    (Path(theirs) / "zz_shared.pth").write_text(ours + "\n")
    return python


def run(python: Path, model: Path, pictures: Path, batch: int, workers: int) -> float:
    """Run its inference once; returns the seconds.

    Raises:
        RuntimeError: it failed; with its last words.
    """
    with tempfile.TemporaryDirectory() as output:
        command = [
            str(python),
            str(Path(__file__).with_name("clip_retrieval_run.py")),
            str(model),
            str(pictures),
            output,
        ]
        done = subprocess.run(
            [*command, str(batch), str(workers)], capture_output=True, text=True, timeout=900, check=False
        )
    if done.returncode:
        raise RuntimeError(f"clip-retrieval failed: {done.stderr.strip()[-1500:]}")
    told = [
        line for line in done.stdout.splitlines() if line.startswith('{"seconds"')
    ]  # its logger goes on after the end
    return float(json.loads(told[-1])["seconds"])
