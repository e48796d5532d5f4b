"""OpenVINO as a backend: a model converted from torch in memory, kept on disk, believed only when it agrees with torch.

On CPUs it runs the same weights faster than eager torch (see ``docs/benchmarks.md``). Conversion takes seconds, so converted
models are kept below a cache folder, by everything that made them: weights, preprocessing, versions.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heritage_assets.curation.encoders.architecture import quiet_transformers
from heritage_assets.curation.encoders.backends import (
    LEAST_COSINE,
    BackendError,
    OutOfMemoryError,
    Tokens,
    TorchBackend,
    is_out_of_memory,
    smallest_cosine,
)
from heritage_assets.curation.encoders.interface import Vectors
from heritage_assets.curation.encoders.spec import Precision

log = logging.getLogger(__name__)

_HINTS = {Precision.FLOAT32: "f32", Precision.BFLOAT16: "bf16", Precision.FLOAT16: "f16"}
_LAYOUT = 1
"""Raise it when the towers or the files below a cache folder change."""


@dataclass(frozen=True)
class Probe:
    """Inputs on which backends are compared: prepared pixels (n, …) and, for dual encoders, tokens."""

    pixels: NDArray[Any]
    tokens: Tokens | None


@dataclass(frozen=True)
class Converted:
    """OpenVINO models of both towers, and what torch says (float32) to the probe."""

    image: Any
    text: Any | None
    expected_images: Vectors
    expected_texts: Vectors | None


class OpenVinoBackend:
    """Both towers compiled for this CPU; calls take turns, each uses all cores.

    Raises:
        BackendError: the model does not compile, or differs from torch on the probe by more than :data:`LEAST_COSINE`.
    """

    def __init__(self, converted: Converted, precision: Precision, probe: Probe) -> None:
        import openvino

        self._lock = threading.Lock()
        self.label = f"openvino-{version()}-cpu-{precision.value}"
        # Unpinned: threads that decode images share the cores.
        options = {
            "INFERENCE_PRECISION_HINT": _HINTS[precision],
            "PERFORMANCE_HINT": "LATENCY",
            "ENABLE_CPU_PINNING": False,
        }
        core = openvino.Core()
        try:
            self._image = core.compile_model(converted.image, "CPU", options).create_infer_request()
            self._text = None
            if converted.text is not None:
                self._text = core.compile_model(converted.text, "CPU", options).create_infer_request()
            self.cosine = self._compare(converted, probe)
        except RuntimeError as error:  # all that OpenVINO raises
            raise BackendError(f"OpenVINO can't run it: {_first_line(error)}") from error
        if self.cosine < LEAST_COSINE[precision]:
            raise BackendError(
                f"{self.label} differs from torch: smallest cosine {self.cosine:.6f}, {LEAST_COSINE[precision]} is wanted"
            )

    def images(self, pixels: NDArray[Any]) -> Vectors:
        """See :class:`~.backends.ModelBackend`."""
        return self._infer(self._image, {"pixels": pixels})

    def texts(self, tokens: Tokens) -> Vectors:
        """See :class:`~.backends.ModelBackend`."""
        return self._infer(self._text, tokens)

    def _infer(self, request: Any, inputs: Any) -> Vectors:
        with self._lock:
            try:
                found: Vectors = np.array(request.infer(inputs, share_inputs=True)[0], dtype=np.float32)
            except (RuntimeError, MemoryError) as error:
                if is_out_of_memory(error):
                    raise OutOfMemoryError("no memory on cpu") from error
                raise
        return found

    def _compare(self, converted: Converted, probe: Probe) -> float:
        cosine = smallest_cosine(converted.expected_images, self.images(probe.pixels))
        if probe.tokens is not None and converted.expected_texts is not None:
            cosine = min(cosine, smallest_cosine(converted.expected_texts, self.texts(probe.tokens)))
        return cosine


def version() -> str:
    """Return OpenVINO's version, such as ``2026.4.1``."""
    import openvino

    return str(openvino.__version__).partition("-")[0]


def open_converted(folder: Path | None, probe: Probe, reference: Callable[[], TorchBackend]) -> Converted:
    """Return the converted model: the one kept in ``folder`` where it is whole, else a fresh one (which is then kept).

    Args:
        folder: where it is kept; None: nowhere.
        probe: inputs for the comparison, and examples for the conversion.
        reference: makes the model in torch on the CPU in float32; asked only where a conversion is needed.

    Raises:
        BackendError: the model can't be converted.
    """
    kept = _read(folder) if folder is not None else None
    if kept is not None:
        return kept
    torch_backend = reference()
    converted = Converted(
        _convert(torch_backend.image, {"pixels": probe.pixels}),
        _convert(torch_backend.text, probe.tokens) if probe.tokens is not None else None,
        torch_backend.images(probe.pixels),
        torch_backend.texts(probe.tokens) if probe.tokens is not None else None,
    )
    if folder is not None:
        _keep(converted, folder)
    return converted


def cache_folder(cache: str | None, weights: str, preprocessing: str) -> Path | None:
    """Return where the converted form of a model is kept below ``cache``."""
    if cache is None:
        return None
    return Path(cache) / f"{weights}-{preprocessing}-openvino-{version()}-{_LAYOUT}"


def _convert(tower: Any, inputs: Any) -> Any:
    """Trace a tower and convert it; the batch, and the length of texts, stay open.

    Through the frontend itself: ``openvino.convert_model`` reports its use to its makers over the network, and takes ten times as
    long over a small model.
    """
    import openvino
    import torch
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    examples = {name: torch.from_numpy(values[:3]) for name, values in inputs.items()}
    try:
        with warnings.catch_warnings(), quiet_transformers(), torch.inference_mode(False), torch.no_grad():
            warnings.simplefilter(
                "ignore"
            )  # tracing warns of every Python branch; the probe tells whether one mattered
            decoder = TorchScriptPythonDecoder(tower, example_input=examples, trace_kwargs={"check_trace": False})
            frontend = FrontEndManager().load_by_framework("pytorch")
            graph = frontend.load(decoder)
            for place in graph.get_inputs():
                values = inputs[_input_name(place.get_names())]
                shape = [-1, -1] if values.ndim == 2 else [-1, *values.shape[1:]]
                graph.set_partial_shape(place, openvino.PartialShape(shape))
                graph.set_element_type(place, openvino.Type(values.dtype))
            model = frontend.convert(graph)
        for port in model.inputs:
            port.get_tensor().set_names({_input_name(port.get_names())})
        model.validate_nodes_and_infer_types()
    except Exception as error:  # a tracer raises whatever the model's code provokes
        raise BackendError(f"OpenVINO can't convert it: {_first_line(error)}") from error
    return model


def _input_name(names: Iterable[str]) -> str:
    """Return an argument's name without the number that tracing puts behind it (``pixels.1``)."""
    return min(names).partition(".")[0]


def _read(folder: Path) -> Converted | None:
    """Read what :func:`_keep` wrote; None where there is nothing, or not all of it."""
    import openvino

    if not folder.is_dir():
        return None
    core = openvino.Core()
    try:
        with np.load(folder / "probe.npz", allow_pickle=False) as probe:
            images, texts = probe["images"], probe.get("texts", None)
        text = core.read_model(folder / "text.xml") if texts is not None else None
        return Converted(core.read_model(folder / "image.xml"), text, images, texts)
    except (OSError, RuntimeError, ValueError, KeyError, EOFError) as error:
        log.warning("the converted model in %s is damaged and is made again: %s", folder, _first_line(error))
        shutil.rmtree(folder, ignore_errors=True)
        return None


def _keep(converted: Converted, folder: Path) -> None:
    """Write a converted model beside its place and move it there, so that nobody ever reads half of it."""
    import openvino

    expected = {"images": converted.expected_images}
    if converted.expected_texts is not None:
        expected["texts"] = converted.expected_texts
    made: Path | None = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=".making-", dir=folder.parent))
        openvino.save_model(converted.image, made / "image.xml", compress_to_fp16=False)
        if converted.text is not None:
            openvino.save_model(converted.text, made / "text.xml", compress_to_fp16=False)
        np.savez(made / "probe.npz", **expected)  # type: ignore[arg-type]
        made.replace(folder)
    except (
        OSError,
        RuntimeError,
    ) as error:  # a full or read-only disk, or another process was first: not needed to go on
        log.info("the converted model is not kept in %s: %s", folder, _first_line(error))
        if made is not None:
            shutil.rmtree(made, ignore_errors=True)


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:300] if lines else ''}"
