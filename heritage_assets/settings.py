"""Typed settings, read from ``HERITAGE_*`` variables (nested with two underscores) and from ``.env``.

The parts of the domain own their settings models; this module only puts them together and derives addresses from the home.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from heritage_assets.curation.clusters.settings import ClusterSettings
from heritage_assets.curation.duplicates.settings import DuplicateSettings
from heritage_assets.curation.encoders.spec import Backend, EncoderSpec, Precision
from heritage_assets.curation.images.policy import FetchSettings
from heritage_assets.search.settings import SearchSettings
from heritage_assets.stores.objects import s3_client_options


class EngineName(StrEnum):
    """What runs the bulk steps."""

    LOCAL = "local"


@dataclass(frozen=True)
class SettingRow:
    """One setting as people set it: environment variable, value here, meaning."""

    variable: str
    value: str
    meaning: str


class Settings(BaseSettings):
    """All settings of the platform. ``heritage settings`` prints each with its value and meaning."""

    model_config = SettingsConfigDict(
        env_prefix="HERITAGE_", env_nested_delimiter="__", env_file=".env", extra="ignore", frozen=True
    )

    home: Path = Field(Path(".heritage"), description="Folder of everything the embedded profile keeps.")
    engine: EngineName = Field(EngineName.LOCAL, description="What runs the bulk steps: local (this process).")
    lake: str | None = Field(None, description="Root URI of landing zone, tables and images; default: HOME/lake.")
    s3_endpoint: str | None = Field(None, description="Address of an S3 server other than AWS, such as MinIO.")
    s3_access_key: str | None = Field(None, description="S3 access key.")
    s3_secret_key: SecretStr | None = Field(None, description="S3 secret key.")
    s3_region: str = Field("us-east-1", description="S3 region.")
    encoder: str = Field("demo", description="Encoder: 'demo', a folder, or a model name (CLIP, SigLIP, image-only).")
    encoder_device: str = Field("auto", description="Where the encoder runs: auto, cpu, cuda, cuda:1 or mps.")
    encoder_backend: Backend = Field(
        Backend.AUTO,
        description="What runs the encoder: auto (OpenVINO on CPU if its vectors equal torch's), torch, openvino.",
    )
    encoder_precision: Precision = Field(
        Precision.FLOAT32, description="float32, bfloat16 or float16: a reduced one is faster, and another encoder."
    )
    encoder_cache: Path | None = Field(None, description="Folder of converted encoders; default: HOME/encoders.")
    qdrant_url: str | None = Field(None, description="Address of a Qdrant server; default: the embedded endpoint.")
    qdrant_api_key: SecretStr | None = Field(None, description="API key of the Qdrant server.")

    fetch: FetchSettings = Field(default_factory=FetchSettings)
    duplicates: DuplicateSettings = Field(default_factory=DuplicateSettings)
    clusters: ClusterSettings = Field(default_factory=ClusterSettings)
    search: SearchSettings = Field(default_factory=SearchSettings)

    @model_validator(mode="after")
    def _absolute_home(self) -> Self:
        object.__setattr__(self, "home", self.home.expanduser().resolve())
        return self

    @property
    def lake_root(self) -> str:
        """Root URI of landing zone, tables and images."""
        return (self.lake or (self.home / "lake").as_uri()).rstrip("/")

    @property
    def tables_root(self) -> str:
        """Root URI of the Delta tables."""
        return f"{self.lake_root}/tables"

    def encoder_spec(self) -> EncoderSpec:
        """Say which encoder is meant, in words that travel to other processes."""
        cache = self.encoder_cache or self.home / "encoders"
        return EncoderSpec(
            self.encoder,
            self.encoder_device,
            self.encoder_backend,
            self.encoder_precision,
            str(cache.expanduser().resolve()),
        )

    @property
    def dagster_home(self) -> Path:
        """Dagster's instance folder under the home."""
        return self.home / "dagster"

    def s3_client_options(self) -> dict[str, Any]:
        """Return the keyword arguments of ``boto3.client("s3", …)`` for the lake root; none where it is a folder."""
        if not self.lake_root.startswith("s3://"):
            return {}
        secret = self.s3_secret_key.get_secret_value() if self.s3_secret_key else None
        return s3_client_options(self.s3_endpoint, self.s3_access_key, secret, self.s3_region)

    def table_storage_options(self) -> dict[str, str]:
        """Return delta-rs storage options for the lake root; commits on S3 are conditional puts."""
        if not self.lake_root.startswith("s3://"):
            return {}
        options = {"AWS_REGION": self.s3_region, "aws_conditional_put": "etag"}
        if self.s3_endpoint:
            options["AWS_ENDPOINT_URL"] = self.s3_endpoint
            options["AWS_ALLOW_HTTP"] = str(self.s3_endpoint.startswith("http://")).lower()
        if self.s3_access_key and self.s3_secret_key:
            options["AWS_ACCESS_KEY_ID"] = self.s3_access_key
            options["AWS_SECRET_ACCESS_KEY"] = self.s3_secret_key.get_secret_value()
        return options


def describe_settings(settings: Settings) -> list[SettingRow]:
    """List every setting with its variable, its value and its meaning; secrets are masked."""
    return list(_rows(settings, "HERITAGE_"))


def _rows(model: BaseModel, prefix: str) -> Iterator[SettingRow]:
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        variable = f"{prefix}{name.upper()}"
        if isinstance(value, BaseModel):
            yield from _rows(value, f"{variable}__")
        else:
            shown = "" if value is None else str(value.value if isinstance(value, StrEnum) else value)
            yield SettingRow(variable, shown, field.description or "")
