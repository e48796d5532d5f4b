"""What is timed on the same images: each function returns seconds."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.encoders.archive import BATCH, store_of, write_tables
from heritage_assets.assets.clip_embeddings import VectorInspection, embed_batch
from heritage_assets.curation.encoders.preprocessing import PlainRecipe
from heritage_assets.curation.encoders.pretrained import PretrainedEncoder
from heritage_assets.curation.encoders.scaled_decoding import decode_at_scale
from heritage_assets.curation.resizing import use_one_core
from heritage_assets.engines.local import LocalEngine

Pixels = NDArray[Any]


def step(files: Sequence[Path], encoder: PretrainedEncoder) -> float:
    """Time the step ``clip_embeddings``: read the tables, read, decode and preprocess pictures, encode, write the table."""
    with tempfile.TemporaryDirectory() as folder:
        lake = write_tables(Path(folder) / "lake", files)
        store = store_of(files[0].parent)
        inspection = VectorInspection(encoder)
        started = time.perf_counter()
        written = embed_batch(BATCH, lake, store, LocalEngine(), encoder, inspection)
        seconds = time.perf_counter() - started
    if written.rows != len(files) or inspection.statuses != {"OK": len(files)}:
        raise RuntimeError(f"the step failed: {inspection.reasons}")
    return seconds


def ready(files: Sequence[Path], encoder: PretrainedEncoder) -> list[Pixels]:
    """Return batches of the encoder's own size, as its backend takes them."""
    prepared = [encoder.prepare_image(Image.open(file)) for file in files]
    size = encoder.image_sizer.size
    return [np.stack(prepared[start : start + size]) for start in range(0, len(prepared), size)]


def bare_backend(batches: Sequence[Pixels], encoder: PretrainedEncoder) -> float:
    """Time the model alone, by the backend that the encoder chose, on batches that are ready."""
    return timed(lambda: [encoder._backend.images(pixels) for pixels in batches])


def plain(folder: Path) -> tuple[Any, Any]:
    """Load model and image processor as transformers alone does."""
    from transformers import AutoImageProcessor, AutoModel

    return AutoModel.from_pretrained(folder).eval(), AutoImageProcessor.from_pretrained(folder, backend="pil")


def bare_torch(batches: Sequence[Pixels], model: Any, processor: Any) -> float:
    """Time ``model.get_image_features(pixel_values=…)`` in eager torch, on normalised float32 tensors that are ready."""
    import torch

    shift, scale = (torch.tensor(values).view(1, 3, 1, 1) for values in (processor.image_mean, processor.image_std))
    tensors = [(torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255 - shift) / scale for pixels in batches]
    with torch.inference_mode():
        return timed(lambda: [model.get_image_features(pixel_values=tensor) for tensor in tensors])


def decode(files: Sequence[Path]) -> float:
    """Time reading and decoding to RGB alone, at full size, in as many threads as there are cores."""
    return _mapped(files, lambda file: Image.open(file).convert("RGB").size)


def decode_reduced(files: Sequence[Path], encoder: PretrainedEncoder) -> float:
    """Time reading and decoding to RGB alone, at the scale that the encoder asks for."""
    recipe = encoder._preprocessing
    if not isinstance(recipe, PlainRecipe):
        raise TypeError(f"{encoder.id} decodes whole pictures")

    def work(file: Path) -> tuple[int, int]:
        image = Image.open(file)
        decode_at_scale(image, recipe.resized_size(image.size))
        return image.convert("RGB").size

    return _mapped(files, work)


def decode_and_resize(files: Sequence[Path], encoder: PretrainedEncoder) -> float:
    """Time reading, decoding and preprocessing, in as many threads as there are cores."""
    return _mapped(files, lambda file: encoder.prepare_image(Image.open(file)).shape)


def loader(files: Sequence[Path], model: Any, processor: Any, batch: int, workers: int) -> float:
    """Time a torch ``DataLoader`` with worker processes that decode and preprocess, and the model in eager torch."""
    import torch
    from torch.utils.data import DataLoader

    pictures: Any = _Pictures(files, processor)
    with torch.inference_mode():
        started = time.perf_counter()
        for pixels in DataLoader(pictures, batch_size=batch, num_workers=workers):
            features = model.get_image_features(pixel_values=pixels)
            features = getattr(features, "pooler_output", features)
            (features / features.norm(dim=-1, keepdim=True)).half().numpy()
        return time.perf_counter() - started


class _Pictures:
    """The pictures as a dataset of torch."""

    def __init__(self, files: Sequence[Path], processor: Any) -> None:
        self.files, self.processor = list(files), processor

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, number: int) -> Any:
        return self.processor(Image.open(self.files[number]), return_tensors="pt")["pixel_values"][0]


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _mapped(files: Sequence[Path], work: Callable[[Path], object]) -> float:
    with ThreadPoolExecutor(os.cpu_count(), initializer=use_one_core) as threads:
        return timed(lambda: list(threads.map(work, files)))
