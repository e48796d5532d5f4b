"""An encoder's files on their way into the registry and out again; imports no MLflow."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from heritage_assets.curation.encoders.weights import NAME_FILE, find_model

if TYPE_CHECKING:
    from heritage_assets.curation.encoders import Encoder

FOLDER = "encoder"
"""Name of the folder with the model's files, among the artifacts of a registered model."""
_KEPT = (".json", ".txt", ".model", ".safetensors", ".bin", ".md")


def pack(name: str, folder: Path) -> Path:
    """Copy the files of the encoder ``name`` to ``folder``/encoder, with the name it goes by; return that folder.

    Args:
        name: ``demo``, a folder, or a model name.
        folder: where to.

    Raises:
        EncoderError: nothing usable goes by that name.
    """
    files = find_model(name)
    target = folder / FOLDER
    target.mkdir(parents=True)
    for path in files.folder.iterdir():
        if path.is_file() and path.suffix in _KEPT:
            shutil.copyfile(path, target / path.name)
    (target / NAME_FILE).write_text(files.name, encoding="utf-8")
    return target


def load_registered(folder: str) -> Encoder:
    """Load the encoder from files that :func:`pack` made: the same encoder, with the same id, as that which was packed."""
    from heritage_assets.curation.encoders import load_encoder

    return load_encoder(folder)
