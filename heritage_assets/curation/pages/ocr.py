"""Reading pages with an engine that runs here: RapidOCR (its wheel carries the models) or the ``tesseract`` program.

What was read is kept in the object store by the hash of the image, so that no image is read twice.
"""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import asdict
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from heritage_assets.curation.pages.reading import Line
from heritage_assets.curation.pages.settings import OcrChoice
from heritage_assets.stores.objects import ObjectStore

if TYPE_CHECKING:
    from PIL.Image import Image

SIDE = 1_400
"""Long side in pixels of what is read."""
TESSERACT_SECONDS = 120
_MOST_LINES = 2_000


class OcrError(RuntimeError):
    """No engine is there, or it failed on this image."""


class OcrEngine(Protocol):
    """Reads images. ``id`` names engine and version; what was read is kept under it."""

    @property
    def id(self) -> str:
        """Engine and version."""
        ...

    def read(self, image: Image) -> list[Line]:
        """Return the lines of an RGB image. Raises OcrError."""
        ...


class RapidOcr:
    """RapidOCR on ONNX Runtime, one thread: about 2 to 7 seconds a page."""

    def __init__(self) -> None:
        self.id = f"rapidocr-{version('rapidocr')}"

    @cached_property
    def _engine(self) -> Any:
        from rapidocr import RapidOCR

        quiet = {"Global.log_level": "error", "EngineConfig.onnxruntime.intra_op_num_threads": 1}
        return RapidOCR(params=quiet)

    def read(self, image: Image) -> list[Line]:
        """See :class:`OcrEngine`."""
        import numpy as np

        try:
            found = self._engine(np.asarray(image.convert("RGB"))[:, :, ::-1])  # it expects blue first
        except Exception as error:  # what the engine raises depends on the graph's node that fails
            raise OcrError(f"rapidocr: {type(error).__name__}: {error}") from error
        if found.boxes is None or found.txts is None:
            return []
        width, height = image.size
        lines = []
        for box, text, score in zip(found.boxes, found.txts, found.scores, strict=True):
            (left, top), (right, bottom) = np.min(box, axis=0), np.max(box, axis=0)
            shares = (left / width, top / height, right / width, bottom / height)
            lines.append(Line(str(text), float(score), *(min(max(float(share), 0.0), 1.0) for share in shares)))
        return lines[:_MOST_LINES]


class Tesseract:
    """The ``tesseract`` program, in a process of its own with a time limit, one thread."""

    def __init__(self, program: str) -> None:
        self._program = program
        self.id = f"tesseract-{self._version()}"

    def _version(self) -> str:
        told = subprocess.run(  # noqa: S603 (a program found on the PATH, fixed arguments)
            [self._program, "--version"], capture_output=True, text=True, timeout=20, check=False
        )
        first = (told.stdout or told.stderr).split("\n")[0].split()
        return first[-1] if told.returncode == 0 and first else "unknown"

    def read(self, image: Image) -> list[Line]:
        """See :class:`OcrEngine`."""
        buffer = io.BytesIO()
        image.convert("L").save(buffer, "PNG", compress_level=1)
        try:
            told = subprocess.run(  # noqa: S603 (fixed arguments, the image comes by standard input)
                [self._program, "-", "-", "--psm", "3", "tsv"],
                input=buffer.getvalue(),
                capture_output=True,
                timeout=TESSERACT_SECONDS,
                check=False,
                env={"OMP_THREAD_LIMIT": "1", "PATH": "/usr/bin:/bin"},
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise OcrError(f"tesseract: {error}") from error
        if told.returncode != 0:
            raise OcrError(f"tesseract ended with {told.returncode}: {told.stderr.decode(errors='replace')[:300]}")
        return tesseract_lines(told.stdout.decode("utf-8", "replace"), *image.size)


def tesseract_lines(table: str, width: int, height: int) -> list[Line]:
    """Join the words of Tesseract's TSV to lines."""
    lines: dict[tuple[str, ...], list[dict[str, str]]] = {}
    for row in csv.DictReader(io.StringIO(table), delimiter="\t", quoting=csv.QUOTE_NONE):
        if row.get("level") == "5" and (row.get("text") or "").strip():
            lines.setdefault((row["block_num"], row["par_num"], row["line_num"]), []).append(row)
    found = []
    for words in list(lines.values())[:_MOST_LINES]:
        boxes = [tuple(int(word[name]) for name in ("left", "top", "width", "height")) for word in words]
        found.append(
            Line(
                " ".join(word["text"] for word in words),
                sum(max(float(word["conf"]), 0.0) for word in words) / len(words) / 100,
                min(box[0] for box in boxes) / width,
                min(box[1] for box in boxes) / height,
                max(box[0] + box[2] for box in boxes) / width,
                max(box[1] + box[3] for box in boxes) / height,
            )
        )
    return found


def find_engine(choice: OcrChoice) -> OcrEngine | None:
    """Return the engine that was chosen; ``auto`` takes what is there (RapidOCR first) or none.

    Raises:
        OcrError: the engine that was asked for by name is not installed.
    """
    if choice == "off":
        return None
    if choice in ("auto", "rapidocr"):
        try:
            if find_spec("rapidocr") and find_spec("onnxruntime"):
                return RapidOcr()
        except PackageNotFoundError:
            pass  # a folder of that name without its package: as if it were not there
        if choice == "rapidocr":
            raise OcrError(
                "rapidocr is not installed: install rapidocr and onnxruntime, or set HERITAGE_PAGES__OCR=off"
            )
    program = shutil.which("tesseract")
    if program is not None:
        return Tesseract(program)
    if choice == "tesseract":
        raise OcrError("the program tesseract is not on the PATH: install it, or set HERITAGE_PAGES__OCR=off")
    return None


class ReadingCache:
    """Lines by image hash under ``ocr/<engine>/<aa>/<sha256>.json``."""

    def __init__(self, store: ObjectStore, engine: OcrEngine) -> None:
        self._store = store
        self._engine = engine
        self.id = engine.id

    def lines(self, sha256: str, image: Callable[[], Image]) -> list[Line]:
        """Return the lines of an image, read now where they are not kept yet. Raises OcrError."""
        key = f"ocr/{self._engine.id}/{sha256[:2]}/{sha256}.json"
        try:
            return [Line(**line) for line in orjson.loads(self._store.get(key))]
        except (KeyError, TypeError, orjson.JSONDecodeError):
            pass  # not read yet, or kept by another make: read
        lines = self._engine.read(image())
        self._store.put(key, orjson.dumps([asdict(line) for line in lines]))
        return lines
