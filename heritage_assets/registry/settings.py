"""Settings of the registry; ``HERITAGE_MLFLOW__*`` in the environment."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class RegistrySettings(BaseModel):
    """Where MLflow keeps encoders, runs and figures."""

    model_config = ConfigDict(frozen=True)

    tracking_uri: str | None = Field(
        None, description="Address of an MLflow server; default: a SQLite database in HOME/mlflow."
    )
    model: str = Field("heritage-encoder", description="Name of the registered model whose versions are the encoders.")
