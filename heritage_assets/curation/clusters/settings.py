"""Settings of the clustering (``HERITAGE_CLUSTERS__*``)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Method = Literal["graph", "hdbscan", "kmeans"]


class ClusterSettings(BaseModel):
    """How records are clustered, labelled and laid out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Method = Field(
        default="graph",
        description="graph (communities of the nearest-neighbour graph), hdbscan (leaves noise out) or kmeans.",
    )
    resolution: Annotated[float, Field(gt=0)] | Literal["auto"] = Field(
        default="auto",
        description="graph: more means finer clusters (0.25 to 16); auto: the best separated of that range.",
    )
    neighbours: int = Field(
        default=12, ge=2, le=200, description="graph: nearest neighbours that a record is linked to."
    )
    min_cluster_size: int = Field(
        default=2, ge=1, description="Smaller clusters join their nearest one (hdbscan: become noise; at least 3)."
    )
    k: Annotated[int, Field(ge=1)] | Literal["auto"] = Field(
        default="auto", description="kmeans: number of clusters; auto: the best separated."
    )
    dimensions: int = Field(default=64, ge=2, description="Principal components that distances are taken in.")
    sample: int = Field(
        default=50_000,
        ge=100,
        description="Records clustered exactly (the square of this is compared); the others join their neighbours' clusters.",
    )
    seed: int = Field(default=0, ge=0, description="Seed of k-means and of the map.")
    map_perplexity: float = Field(default=30.0, gt=1, description="t-SNE map: how many neighbours count for a record.")
    map_iterations: int = Field(default=500, ge=50, description="t-SNE map: iterations after the early ones.")
