"""Encoders as versions of one registered model: put in, listed, taken out by version or alias."""

from __future__ import annotations

import contextlib
import io
import re
import shutil
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heritage_assets.registry.model_files import FOLDER, pack
from heritage_assets.registry.tracking import RegistryError, Tracking

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

    from heritage_assets.curation.encoders import Encoder

EXPERIMENT = "heritage-encoders"
SCHEME = "models:/"
PRODUCTION = "production"
_ID_TAG = "heritage.encoder"
_IMAGE_DIM_TAG = "heritage.image_dim"
_TEXT_DIM_TAG = "heritage.text_dim"
_URI = re.compile(r"models:/(?P<model>[\w.-]+)(/(?P<version>[0-9]+)|@(?P<alias>[\w.-]+))")
_NEEDED = ("heritage-assets", "mlflow", "numpy", "pandas", "pillow", "pyarrow", "safetensors", "torch", "transformers")


@dataclass(frozen=True)
class RegisteredEncoder:
    """One version of the registered model."""

    version: int
    encoder: str
    """Id of the encoder: name, weights, preprocessing."""
    aliases: tuple[str, ...]
    image_dim: int
    text_dim: int | None
    uri: str
    """What ``HERITAGE_ENCODER`` takes."""
    run_id: str


def register_encoder(
    tracking: Tracking, name: str, encoder: Encoder, *, alias: str | None = None, run_id: str | None = None
) -> RegisteredEncoder:
    """Register an encoder as a new version, or find the version that it already has, and point ``alias`` at it.

    Args:
        tracking: the registry.
        name: the encoder's name or folder, where its files are.
        encoder: the same, loaded: it is asked for the model's example and dimensions.
        alias: name to point at the version, such as ``production``; in one step, whatever it pointed at before.
        run_id: the run that trained it; by default a new run.

    Raises:
        RegistryError: MLflow can't be reached.
        EncoderError: no files go by that name.
    """
    from mlflow.exceptions import MlflowException

    try:
        found = _version_of(tracking, encoder.id) or _log_model(tracking, name, encoder, run_id)
        if alias is not None:
            tracking.client.set_registered_model_alias(tracking.settings.model, alias, str(found.version))
        return _described(tracking.client.get_model_version(tracking.settings.model, str(found.version)))
    except MlflowException as error:
        raise RegistryError(f"MLflow at {tracking.uri} did not take the encoder: {error}") from error


def list_encoders(tracking: Tracking) -> list[RegisteredEncoder]:
    """Return every registered encoder, newest first."""
    return [_described(one) for one in _versions(tracking)]


def resolve_name(tracking: Tracking, name: str) -> str:
    """Return what an encoder is loaded by: a folder for ``models:/NAME@alias`` and ``models:/NAME/version``, else ``name``
    itself.

    The files come from the registry once and are kept in the home, by version; an alias is looked up anew every time.

    Raises:
        RegistryError: no such model, version or alias, or MLflow can't be reached.
    """
    if not name.startswith(SCHEME):
        return name
    from mlflow.exceptions import MlflowException

    try:
        model, number = _model_and_version(tracking, name)
        kept = tracking.folder / "models" / model / number
        if not kept.is_dir():
            _take_out(tracking, f"{SCHEME}{model}/{number}", kept)
        return str(kept)
    except MlflowException as error:
        raise RegistryError(
            f"can't load encoder {name!r} from MLflow at {tracking.uri}: {error}. `heritage encoder list` shows what there is"
        ) from error


def pinned(tracking: Tracking, name: str) -> str:
    """Return ``models:/NAME/version`` for ``models:/NAME@alias``; any other name as it is.

    Raises:
        RegistryError: no such model or alias.
    """
    if not name.startswith(SCHEME):
        return name
    from mlflow.exceptions import MlflowException

    try:
        return SCHEME + "/".join(_model_and_version(tracking, name))
    except MlflowException as error:
        raise RegistryError(f"no encoder {name!r} in MLflow at {tracking.uri}: {error}") from error


def requirements() -> list[str]:
    """Return the packages that a registered encoder needs, at the versions that are installed here."""
    return [f"{package}=={version(package)}" for package in _NEEDED]


def _log_model(tracking: Tracking, name: str, encoder: Encoder, run_id: str | None) -> ModelVersion:
    """Put the encoder's files, code, signature and example into the registry."""
    mlflow = tracking.mlflow
    experiment = tracking.experiment(EXPERIMENT)
    with tempfile.TemporaryDirectory() as scratch:
        files = pack(name, Path(scratch))
        where = {"run_id": run_id} if run_id else {"experiment_id": experiment, "run_name": encoder.id}
        with mlflow.start_run(**where, log_system_metrics=False):
            if run_id is None:
                mlflow.log_params({"name": name, "encoder": encoder.id})
            info = mlflow.pyfunc.log_model(
                name=FOLDER,
                python_model=str(Path(__file__).with_name("encoder_model.py")),
                artifacts={FOLDER: str(files)},
                signature=_signature(),
                input_example=_example(encoder),
                pip_requirements=requirements(),
                metadata={"encoder": encoder.id, "image_dim": encoder.image_dim, "text_dim": encoder.text_dim},
                registered_model_name=tracking.settings.model,
            )
    number = str(info.registered_model_version)
    for key, value in (
        (_ID_TAG, encoder.id),
        (_IMAGE_DIM_TAG, encoder.image_dim),
        (_TEXT_DIM_TAG, encoder.text_dim or ""),
    ):
        tracking.client.set_model_version_tag(tracking.settings.model, number, key, str(value))
    return tracking.client.get_model_version(tracking.settings.model, number)


def _signature() -> Any:
    """Return the model's signature: an image (bytes, base64 in JSON) or a text in, a vector and the encoder's id out."""
    from mlflow.models import ModelSignature
    from mlflow.types.schema import AnyType, Array, ColSpec, DataType, Schema

    # AnyType: "binary" would refuse null, so that images and texts could not be asked for together.
    asked = [ColSpec(AnyType(), "image", required=False), ColSpec(DataType.string, "text", required=False)]
    answered = [ColSpec(Array(DataType.double), "vector"), ColSpec(DataType.string, "encoder")]
    return ModelSignature(inputs=Schema(asked), outputs=Schema(answered))


def _example(encoder: Encoder) -> Any:
    """Return an input as a program would send it: a grey picture, and a text where the encoder reads any."""
    import base64

    import pandas as pd
    from PIL import Image

    written = io.BytesIO()
    Image.new("RGB", (32, 32), (96, 128, 160)).save(written, "PNG")
    rows = [{"image": base64.b64encode(written.getvalue()).decode("ascii")}]
    if encoder.text_dim is not None:
        rows.append({"text": "a ship in a storm"})
    return pd.DataFrame(rows).astype(object).where(lambda frame: frame.notna(), None)


def _versions(tracking: Tracking) -> list[ModelVersion]:
    """Return all versions of the registered model, newest first."""
    found: list[ModelVersion] = []
    token = None
    while True:
        page = tracking.client.search_model_versions(f"name='{tracking.settings.model}'", page_token=token)
        found += page
        token = page.token
        if not token:
            break
    # A search does not tell aliases; asking for each version does.
    whole = [tracking.client.get_model_version(one.name, one.version) for one in found]
    return sorted(whole, key=lambda one: -int(one.version))


def _version_of(tracking: Tracking, encoder: str) -> ModelVersion | None:
    return next((one for one in _versions(tracking) if one.tags.get(_ID_TAG) == encoder), None)


def _described(one: ModelVersion) -> RegisteredEncoder:
    text_dim = one.tags.get(_TEXT_DIM_TAG)
    return RegisteredEncoder(
        version=int(one.version),
        encoder=one.tags.get(_ID_TAG, ""),
        aliases=tuple(sorted(one.aliases)),
        image_dim=int(one.tags.get(_IMAGE_DIM_TAG) or 0),
        text_dim=int(text_dim) if text_dim else None,
        uri=f"{SCHEME}{one.name}/{one.version}",
        run_id=one.run_id or "",
    )


def _model_and_version(tracking: Tracking, uri: str) -> tuple[str, str]:
    """Return model and version of ``models:/NAME@alias`` or ``models:/NAME/version``.

    Raises:
        RegistryError: an address of another form.
    """
    matched = _URI.fullmatch(uri)
    if matched is None:
        raise RegistryError(f"{uri!r} names no encoder: use {SCHEME}NAME@alias or {SCHEME}NAME/version")
    model, number, alias = matched["model"], matched["version"], matched["alias"]
    if alias is not None:
        number = str(tracking.client.get_model_version_by_alias(model, alias).version)
    return model, number


def _take_out(tracking: Tracking, uri: str, target: Path) -> None:
    """Copy a version's model files to ``target``, which is there whole or not at all."""
    mlflow = tracking.mlflow
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        got = Path(mlflow.artifacts.download_artifacts(f"{uri}/artifacts/{FOLDER}", dst_path=scratch))
        made = Path(scratch) / "whole"
        shutil.copytree(got, made)
        with contextlib.suppress(FileExistsError, OSError):  # another process was first
            made.rename(target)
    if not target.is_dir():
        raise RegistryError(f"{uri} could not be kept at {target}")
