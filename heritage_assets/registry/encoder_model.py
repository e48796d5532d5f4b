"""The encoder as an MLflow model: images or texts in, unit vectors out.

MLflow keeps this file as the model's code and runs it when the model is loaded ("models from code": nothing is pickled). It
needs the package ``heritage_assets`` where it runs. Import it nowhere else: importing it imports MLflow.
"""

from __future__ import annotations

import base64
import binascii
import math
from typing import Any

import mlflow
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE

MAX_PIXELS = 60_000_000
MAX_FRAMES = 200
MAX_TEXT = 10_000


class HeritageEncoder(mlflow.pyfunc.PythonModel):
    """Encodes each row: ``image`` (bytes, or base64 in JSON) or ``text``, one of the two."""

    def load_context(self, context: Any) -> None:
        """Load the encoder from the model's own files."""
        from heritage_assets.registry.model_files import load_registered

        self.encoder = load_registered(context.artifacts["encoder"])

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Return one row a row: ``vector`` (float32, unit length) and ``encoder`` (its id)."""
        images: dict[int, Any] = {}
        texts: dict[int, str] = {}
        columns = {name: list(model_input[name]) for name in ("image", "text") if name in model_input}
        for row in range(len(model_input)):
            image, text = (_present(columns[name][row]) if name in columns else None for name in ("image", "text"))
            if (image is None) == (text is None):
                raise _refused(row, "give either an image or a text")
            if image is not None:
                images[row] = _prepared(row, image, self.encoder)
            else:
                if self.encoder.text_dim is None:
                    raise _refused(row, f"encoder {self.encoder.id} reads no text")
                texts[row] = str(text)[:MAX_TEXT]
        vectors: dict[int, list[float]] = {}
        if images:
            vectors |= zip(images, self.encoder.encode_prepared(list(images.values())).tolist(), strict=True)
        if texts:
            vectors |= zip(texts, self.encoder.encode_texts(list(texts.values())).tolist(), strict=True)
        ordered = [vectors[row] for row in range(len(model_input))]
        return pd.DataFrame({"vector": ordered, "encoder": [self.encoder.id] * len(ordered)})


def _present(value: Any) -> Any:
    """Return a cell's value; None for what JSON's null and absent cells become in a data frame."""
    return None if value is None or value == "" or (isinstance(value, float) and math.isnan(value)) else value


def _prepared(row: int, value: Any, encoder: Any) -> Any:
    from heritage_assets.curation.images import FetchSettings, ImageError
    from heritage_assets.curation.query_pictures import prepare_query

    limits = FetchSettings(max_pixels=MAX_PIXELS, max_frames=MAX_FRAMES)
    try:
        return prepare_query(_file(row, value), encoder, limits)
    except ImageError as error:
        raise _refused(row, f"the image can't be decoded: {error}") from None


def _file(row: int, value: Any) -> bytes:
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, TypeError, ValueError) as error:
        raise _refused(row, f"the image is neither bytes nor base64: {error}") from None


def _refused(row: int, why: str) -> MlflowException:
    return MlflowException(f"row {row}: {why}", error_code=INVALID_PARAMETER_VALUE)


mlflow.models.set_model(HeritageEncoder())
