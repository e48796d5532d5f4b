"""The shapes of the map, the status and the page's own questions: what there is, and who asks."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from heritage_assets.search.api.models import Card, ClusterRef


class ClusterInfo(ClusterRef):
    """A cluster with the picture that stands for it."""

    exemplar: Card | None = None
    method: str | None = None


class Clusters(BaseModel):
    """All clusters, largest first."""

    clusters: list[ClusterInfo]
    hint: str | None = None


class MapData(BaseModel):
    """The map as columns: row i of each column is one record."""

    guid: list[str]
    x: list[float]
    y: list[float]
    cluster: list[int] = Field(description="Index into ``clusters``; -1: none.")
    ratio: list[float] = Field(description="Width by height of the image; 0 without one.")
    clusters: list[ClusterRef]
    hint: str | None = None


class Meta(BaseModel):
    """What a page needs to know at its start."""

    version: str
    records: int
    filters: list[str] = Field(description="Fields to filter by.")
    sorts: list[str]
    encoder: str | None = None
    encoder_state: Literal["loading", "ready", "failed"]
    text_search: bool | None = Field(None, description="Whether the encoder reads text; null while it loads.")
    max_upload_bytes: int
    max_limit: int
    max_depth: int
    dagster_ui: str | None = None
    documents: int = Field(0, description="Datasets with documents of scanned pages.")
    login_needed: bool
    role: Literal["none", "reader", "reviewer"]
    name: str | None = None
    hint: str | None = None


class Status(BaseModel):
    """What the archive holds and what is going on. ``archive`` has the keys of ``heritage status --json``."""

    model_config = ConfigDict(extra="allow")

    archive: dict[str, Any]
    batches: list[dict[str, Any]] = Field(description="What each batch went through.")
    failures: dict[str, dict[str, int]] = Field(description="Failed images by reason and by host.")
    runs: list[dict[str, Any]] = Field(description="Latest Dagster runs, newest first.")
    running: bool
    encoder: dict[str, Any]
    vector_store: dict[str, Any]
    lake: dict[str, Any] = Field(description="uri, and tables: table, uri, version, rows, files, bytes, written_at.")
    snapshot: dict[str, Any]
    hint: str | None = None


class Session(BaseModel):
    """Who you are."""

    role: Literal["none", "reader", "reviewer"]
    name: str | None = None


class KeyGiven(BaseModel):
    """A key to be known by."""

    model_config = ConfigDict(extra="forbid")

    key: str = Field(min_length=1, max_length=500)
