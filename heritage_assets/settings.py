"""Typed settings, read from ``HERITAGE_*`` variables (nested with two underscores) and from ``.env``.

The parts of the domain own their settings models; this module only puts them together and derives addresses from the home.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from heritage_assets.curation.clusters.settings import ClusterSettings
from heritage_assets.curation.duplicates.settings import DuplicateSettings
from heritage_assets.curation.encoders.spec import Backend, EncoderSpec, Precision
from heritage_assets.curation.images.policy import FetchSettings
from heritage_assets.curation.pages.settings import PageSettings
from heritage_assets.engines.spark.settings import SparkSettings
from heritage_assets.registry.settings import RegistrySettings
from heritage_assets.search.settings import SearchSettings
from heritage_assets.stores.s3 import S3Access
from heritage_assets.stores.vector_settings import VectorSettings


class EngineName(StrEnum):
    """What runs the bulk steps."""

    LOCAL = "local"
    SPARK = "spark"


class Profile(StrEnum):
    """A set of defaults."""

    EMBEDDED = "embedded"
    CLUSTER = "cluster"


class Location(StrEnum):
    """Which part of the platform a code location holds."""

    ALL = "all"
    RECORDS = "records"
    ARCHIVE = "archive"


CLUSTER_DEFAULTS: dict[str, Any] = {
    "engine": EngineName.SPARK,
    "lake": "s3://heritage",
    "s3_endpoint": "http://minio:9000",
    "qdrant_url": "http://qdrant:6333",
}
CLUSTER_SPARK_MASTER = "spark://spark-master:7077"
"""The names are those of the services in docker-compose.yml; every setting that is given wins."""


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

    profile: Profile = Field(
        Profile.EMBEDDED,
        description="Defaults of the other settings: embedded (this machine), or cluster (Spark, S3 and Qdrant servers).",
    )
    home: Path = Field(Path(".heritage"), description="Folder of everything the embedded profile keeps.")
    engine: EngineName = Field(EngineName.LOCAL, description="What runs the bulk steps: local (this process) or spark.")
    location: Location = Field(
        Location.ALL,
        description="What this code location holds: all; or, side by side, records (the chain of a batch, on the GPU machine) "
        "and archive (harvests, clusters).",
    )
    harvest_cron: str = Field("0 2 * * *", description="When the sources of sources.yaml are harvested (cron, UTC).")
    clusters_cron: str = Field("0 5 * * *", description="When the archive is clustered anew (cron, UTC).")
    lake: str | None = Field(None, description="Root URI of landing zone, tables and images; default: HOME/lake.")
    s3_endpoint: str | None = Field(None, description="Address of an S3 server other than AWS, such as MinIO.")
    s3_access_key: str | None = Field(None, description="S3 access key.")
    s3_secret_key: SecretStr | None = Field(None, description="S3 secret key.")
    s3_region: str = Field("us-east-1", description="S3 region.")
    s3_path_style: bool = Field(True, description="S3 bucket in the path (MinIO), not in the host name.")
    s3_ca_bundle: str | None = Field(None, description="PEM file of the authority that signed the S3 certificate.")
    encoder: str = Field(
        "demo",
        description="Encoder: 'demo', a folder, a model name (CLIP, SigLIP, image-only), or models:/NAME@alias of the registry; "
        "not set: what `heritage encoder switch` chose.",
    )
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

    spark: SparkSettings = Field(default_factory=SparkSettings)
    vectors: VectorSettings = Field(default_factory=VectorSettings)
    fetch: FetchSettings = Field(default_factory=FetchSettings)
    duplicates: DuplicateSettings = Field(default_factory=DuplicateSettings)
    clusters: ClusterSettings = Field(default_factory=ClusterSettings)
    pages: PageSettings = Field(default_factory=PageSettings)
    search: SearchSettings = Field(default_factory=SearchSettings)
    mlflow: RegistrySettings = Field(default_factory=RegistrySettings)

    @model_validator(mode="before")
    @classmethod
    def _defaults_of_profile(cls, given: Any) -> Any:
        """Fill in what the profile says of settings that were not given; an empty address means none."""
        if not isinstance(given, dict) or str(given.get("profile", Profile.EMBEDDED)).lower() != Profile.CLUSTER:
            return given
        spark = given.get("spark", {})
        if isinstance(spark, dict):
            spark = {"master": CLUSTER_SPARK_MASTER, **spark}
        return {**CLUSTER_DEFAULTS, **given, "spark": spark}

    @field_validator("lake", "s3_endpoint", "qdrant_url", mode="after")
    @classmethod
    def _empty_is_none(cls, value: str | None) -> str | None:
        return value or None

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

    @property
    def encoder_is_set(self) -> bool:
        """An encoder was named; otherwise it is the one that the archive was switched to, or the default."""
        return "encoder" in self.model_fields_set

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

    @property
    def s3(self) -> S3Access:
        """How the S3 server is reached, by whichever client."""
        return S3Access(
            endpoint=self.s3_endpoint,
            access_key=self.s3_access_key,
            secret_key=self.s3_secret_key,
            region=self.s3_region,
            path_style=self.s3_path_style,
            ca_bundle=self.s3_ca_bundle,
        )

    def s3_client_options(self) -> dict[str, Any]:
        """Return the keyword arguments of ``boto3.client("s3", …)`` for the lake root; none where it is a folder."""
        return self.s3.boto3_options() if self.lake_root.startswith("s3://") else {}

    def table_storage_options(self) -> dict[str, str]:
        """Return delta-rs storage options for the lake root; commits on S3 are conditional puts."""
        return self.s3.delta_options() if self.lake_root.startswith("s3://") else {}


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
