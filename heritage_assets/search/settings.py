"""Settings of the search application; ``HERITAGE_SEARCH__*`` in the environment."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

MEBIBYTE = 1 << 20


class Role(StrEnum):
    """What a caller may do; a reviewer may do all that a reader may."""

    READER = "reader"
    REVIEWER = "reviewer"


class ApiKey(BaseModel):
    """One person's or program's key."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=100, description="Who it is; a reviewer's decisions carry this name.")
    role: Role = Field(Role.READER, description="reader or reviewer.")
    key: SecretStr = Field(min_length=16, description="The secret.")


class SearchSettings(BaseModel):
    """What the search application allows and how it answers (``HERITAGE_SEARCH__*``)."""

    model_config = ConfigDict(frozen=True)

    api_keys: tuple[ApiKey, ...] = Field(
        (),
        description='Keys, as JSON: [{"name": …, "role": "reviewer", "key": …}]. None: everybody may read and review.',
    )
    session_hours: float = Field(12.0, gt=0, description="Hours for which a browser that gave a key stays known.")
    allowed_origins: tuple[str, ...] = Field((), description="Origins of other sites that may call the API (CORS).")
    allowed_hosts: tuple[str, ...] = Field(
        (), description="Host names to answer to; default: loopback names when bound to loopback, else any."
    )
    public_url: str | None = Field(None, description="Address under which people reach the application, for manifests.")
    dagster_ui: str | None = Field("http://127.0.0.1:3000", description="Address of Dagster's interface, for links.")

    requests_per_second: float = Field(100.0, ge=0, description="Requests of one client in the long run; 0: no limit.")
    request_burst: int = Field(400, ge=1, description="Requests of one client at once.")
    max_upload_bytes: int = Field(20 * MEBIBYTE, ge=1024, description="Largest request body, in bytes.")
    max_upload_pixels: int = Field(60_000_000, ge=1, description="Largest uploaded image, in pixels.")
    max_limit: int = Field(200, ge=1, le=1000, description="Most answers on one page.")
    max_depth: int = Field(5_000, ge=1, le=50_000, description="Deepest answer of a ranking that can be paged to.")
    max_streams: int = Field(64, ge=1, description="Browsers that can watch the status at a time.")
    max_exports: int = Field(2, ge=1, description="Exports that can run at a time.")

    encoder_queue: int = Field(
        128, ge=1, description="Texts or images that may wait for the encoder; more are refused."
    )
    encoder_batch: int = Field(32, ge=1, le=256, description="Most texts or images in one call of the encoder.")
    encoder_timeout: float = Field(20.0, gt=0, description="Seconds to wait for the encoder.")
    vector_connections: int = Field(4, ge=1, le=64, description="Requests to the vector store at a time.")
    vector_batch: int = Field(16, ge=1, le=64, description="Most queries in one request to the vector store.")
    vector_queue: int = Field(512, ge=1, description="Queries that may wait for the vector store; more are refused.")
    vector_timeout: float = Field(10.0, gt=0, description="Seconds to wait for the vector store.")
    refresh_seconds: float = Field(2.0, gt=0, description="Seconds between looks for changed tables.")

    @field_validator("public_url", "dagster_ui")
    @classmethod
    def _http_address(cls, address: str | None) -> str | None:
        if address and not address.startswith(("http://", "https://")):
            raise ValueError(f"{address!r} must begin with http:// or https://")
        return address.rstrip("/") if address else None
