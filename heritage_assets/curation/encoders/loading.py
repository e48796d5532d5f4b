"""The way to an encoder: by name, once per process."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from heritage_assets.curation.encoders.interface import EncoderError
from heritage_assets.curation.encoders.spec import Backend, EncoderSpec, Precision
from heritage_assets.curation.encoders.weights import find_model

if TYPE_CHECKING:
    from heritage_assets.curation.encoders.pretrained import PretrainedEncoder

_loaded: dict[tuple[Path, object, EncoderSpec], PretrainedEncoder] = {}
_lock = threading.Lock()


def load_encoder(
    name: str,
    device: str = "auto",
    *,
    backend: Backend | str = Backend.AUTO,
    precision: Precision | str = Precision.FLOAT32,
    cache: str | None = None,
) -> PretrainedEncoder:
    """Return the encoder of that name, loaded once per process (and again when its files change).

    Safe to call from several threads: one loads, the others wait.

    Args:
        name: ``demo``, a folder in transformers format, or a model name such as ``openai/clip-vit-base-patch32`` (optionally
            ``@revision``).
        device: ``auto`` (a GPU where there is one), ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
        backend: ``auto``, ``torch`` or ``openvino``.
        precision: ``float32``, ``bfloat16`` or ``float16``; a reduced one is part of the encoder's id.
        cache: folder for converted models; None: they are converted anew in each process.

    Raises:
        EncoderError: no such model, files missing or broken, no such device, or a backend or precision that this model can't be
            run with; the message says what to do.
    """
    files = find_model(name)
    _let_threads_sleep()
    from heritage_assets.curation.encoders.pretrained import PretrainedEncoder

    spec = EncoderSpec(str(files.folder) if Path(name).expanduser().is_dir() else name, _device(device))
    spec = replace(spec, backend=Backend(backend), precision=Precision(precision), cache=cache)
    stamp = files.stamp()
    key = (files.folder, stamp, replace(spec, name=""))
    with _lock:
        if key not in _loaded:
            for stale in [other for other in _loaded if other[0] == files.folder and other[1] != stamp]:
                del _loaded[stale]
            _loaded[key] = PretrainedEncoder(files, spec)
        return _loaded[key]


def _let_threads_sleep() -> None:
    """Ask OpenMP to put idle threads to sleep; read when torch is first imported, a user's own choice stays.

    By default they spin, and take the cores from the threads that decode: on a busy 2-core machine that cost 4/5 of the speed.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def _device(device: str) -> str:
    """Return the torch device to use."""
    import torch

    if device == "auto":
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise EncoderError(f"can't use device {device!r}: {str(error).splitlines()[0]}. Use auto or cpu") from error
    return device
