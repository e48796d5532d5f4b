"""From an encoder's name to a folder with its files, and to a fingerprint of its weights."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from heritage_assets.curation.encoders.interface import EncoderError

DEMO = "demo"
NAME_FILE = "encoder_name.txt"
"""A model's folder may hold the name that it goes by in this file; copies of the folder (in the registry, say) keep it."""
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?(@[\w./-]+)?")
_SMALL_FILES = ["*.json", "*.txt", "*.model"]
_WEIGHTS = ("*.safetensors", "pytorch_model*.bin")


@dataclass(frozen=True)
class ModelFiles:
    """A model on disk: what it was asked for by, and its folder (transformers format)."""

    asked: str
    folder: Path

    @property
    def name(self) -> str:
        """The name that the files themselves state, part of the encoder's id: copies in two folders are one encoder.

        That is what the file :data:`NAME_FILE` says, else the publisher's name (``_name_or_path`` of the configuration, where it
        reads ``owner/model``), else the model's type, such as ``clip``. What tells models apart is the hash behind it.
        """
        named = _text_of(self.folder / NAME_FILE).strip()
        if _HUB_NAME.fullmatch(named):
            return named
        try:
            config = json.loads(_text_of(self.folder / "config.json"))
        except ValueError:
            config = None  # broken: the loader says so
        stated = config if isinstance(config, dict) else {}
        published = str(stated.get("_name_or_path") or "")
        if "/" in published and _HUB_NAME.fullmatch(published):
            return published
        return str(stated.get("model_type") or "model")

    @property
    def weights(self) -> list[Path]:
        """The weight files, sorted; safetensors where there are any."""
        for pattern in _WEIGHTS:
            found = sorted(self.folder.glob(pattern))
            if found:
                return found
        return []

    def weights_bytes(self) -> int:
        """Return the size of the weight files."""
        return sum(path.stat().st_size for path in self.weights)

    def stamp(self) -> tuple[tuple[str, int, int], ...]:
        """Return name, size and time of change of each file: changes whenever the folder does, costs no read."""
        found = ((path.name, path.stat()) for path in sorted(self.folder.iterdir()) if path.is_file())
        return tuple((name, status.st_size, status.st_mtime_ns) for name, status in found)

    def weights_hash(self) -> str:
        """Return the first 8 hexadecimal digits of the sha256 over configuration and weights."""
        digest = hashlib.sha256((self.folder / "config.json").read_bytes())
        for path in self.weights:
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        return digest.hexdigest()[:8]


def find_model(name: str) -> ModelFiles:
    """Return the files behind a name: ``demo``, a folder, or a model name (``owner/model``, ``owner/model@revision``).

    A folder is never looked up on the network. A model name is taken from the local model cache where it is there, otherwise
    downloaded once.

    Raises:
        EncoderError: nothing usable goes by that name; the message says what to do.
    """
    if name == DEMO:
        return _checked(ModelFiles(DEMO, Path(str(files("heritage_assets.embedded").joinpath("demo_encoder")))))
    folder = Path(name).expanduser()
    if folder.is_dir():
        return _checked(ModelFiles(folder.resolve().name, folder.resolve()))
    if folder.is_absolute() or name.startswith((".", "~")) or "\\" in name:
        raise EncoderError(f"can't load encoder {name!r}: there is no such folder")
    if not _HUB_NAME.fullmatch(name):
        raise EncoderError(f"can't load encoder {name!r}: neither 'demo', nor a folder, nor a model name (owner/model)")
    return _checked(ModelFiles(name, _hub_folder(name)))


def _text_of(file: Path) -> str:
    """Return a small file's text, or nothing where it is missing or no text."""
    try:
        return file.read_text(encoding="utf-8")
    except (FileNotFoundError, UnicodeDecodeError):
        return ""


def _checked(model: ModelFiles) -> ModelFiles:
    """Return the model when its folder holds what any model needs."""
    if not (model.folder / "config.json").is_file():
        raise EncoderError(
            f"can't load encoder {model.asked!r}: {model.folder} holds no config.json (transformers format)"
        )
    if not model.weights:
        raise EncoderError(
            f"can't load encoder {model.asked!r}: {model.folder} holds no weights (*.safetensors or pytorch_model*.bin)"
        )
    return model


def _hub_folder(name: str) -> Path:
    """Return the snapshot folder of a hub model: the cached one where it is whole, otherwise a fresh download."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled

    repository, _, revision = name.partition("@")

    def snapshot(patterns: list[str], *, offline: bool) -> Path:
        path = snapshot_download(
            repository,
            revision=revision or None,
            allow_patterns=patterns,
            ignore_patterns=["*/*"],
            local_files_only=offline,
        )
        return Path(path)

    try:
        cached = ModelFiles(name, snapshot(_SMALL_FILES, offline=True))
        if cached.weights:
            return cached.folder
    except LocalEntryNotFoundError:
        pass  # not cached yet: downloaded below
    try:
        for weights in _WEIGHTS:
            folder = snapshot([*_SMALL_FILES, weights], offline=False)
            if any(folder.glob(weights)):
                return folder
    except (HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled, OSError) as error:
        raise EncoderError(
            f"can't load encoder {name!r}: no folder of that name, not in the local model cache, and the download failed "
            f"({type(error).__name__}). Check the spelling and the network, or download the model elsewhere and name its folder; "
            "'demo' needs no download"
        ) from error
    return folder
