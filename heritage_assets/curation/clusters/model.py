"""What a clustering is, what an earlier one left behind, and their tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from heritage_assets.curation.schemas import CANONICAL_RECORDS, CLUSTER_MEMBERS, CLUSTERS

Floats = NDArray[np.float32]
Labels = NDArray[np.int64]
"""Cluster number of each record, 0 … k-1; -1 where the record is in none."""


@dataclass(frozen=True)
class Cluster:
    """One cluster: its name, its most distinctive terms, the guid nearest to its centre, its size and place on the map."""

    cluster_id: str
    label: str
    terms: tuple[str, ...]
    exemplar: str
    size: int
    x: float
    y: float


@dataclass(frozen=True)
class Clustering:
    """The clusters of n records, ordered by guid.

    ``cluster_ids[i]`` is None where HDBSCAN calls record i noise. ``probability``: (n,) float32 in [0, 1], how sure the
    membership is (0 for noise). ``position``: (n, 2) float32 on the map. ``clusters`` are ordered by size, largest first.
    ``resolution`` is what the graph method settled on, ``separation`` the mean simplified silhouette (-1 … 1).
    """

    guids: tuple[str, ...]
    cluster_ids: tuple[str | None, ...]
    probability: Floats
    position: Floats
    clusters: tuple[Cluster, ...]
    method: str
    resolution: float | None = None
    separation: float | None = None

    def membership(self) -> dict[str, str | None]:
        """Return guid → cluster id (None: in no cluster)."""
        return dict(zip(self.guids, self.cluster_ids, strict=True))

    def to_tables(self, encoder: str) -> tuple[pa.Table, pa.Table]:
        """Return the tables ``clusters`` and ``cluster_members``; ``encoder`` names what made the vectors."""
        rows: list[dict[str, Any]] = [
            {
                "cluster_id": found.cluster_id,
                "label": found.label,
                "terms": list(found.terms),
                "exemplar": found.exemplar,
                "size": found.size,
                "x": found.x,
                "y": found.y,
                "method": self.method,
                "encoder": encoder,
            }
            for found in self.clusters
        ]
        members = pa.table(
            {
                "guid": pa.array(self.guids, pa.string()),
                "cluster_id": pa.array(self.cluster_ids, pa.string()),
                "probability": pa.array(self.probability, pa.float32()),
                "x": pa.array(self.position[:, 0], pa.float32()),
                "y": pa.array(self.position[:, 1], pa.float32()),
                "encoder": pa.array([encoder] * len(self.guids), pa.string()),
            },
            schema=CLUSTER_MEMBERS.schema,
        )
        return pa.Table.from_pylist(rows, schema=CLUSTERS.schema), members


@dataclass(frozen=True)
class PreviousClusters:
    """The clusters as the last run left them: the source of stable ids and of a stable map.

    ``guids`` (n), ``cluster_ids`` (n, None for noise), ``position`` (n, 2) float32.
    """

    guids: tuple[str, ...]
    cluster_ids: tuple[str | None, ...]
    position: Floats

    @classmethod
    def from_table(cls, members: pa.Table, encoder: str | None = None) -> Self:
        """Read ``cluster_members``; with ``encoder``, only ids survive from rows another encoder made, not places on the map."""
        position = np.column_stack(
            [members[axis].to_numpy(zero_copy_only=False).astype(np.float32) for axis in ("x", "y")]
        ).reshape(-1, 2)
        if encoder is not None:
            foreign = pc.fill_null(pc.not_equal(members["encoder"], encoder), True).to_numpy(zero_copy_only=False)
            position[np.asarray(foreign, dtype=bool)] = np.nan
        return cls(tuple(members["guid"].to_pylist()), tuple(members["cluster_id"].to_pylist()), position)

    @classmethod
    def from_clustering(cls, clustering: Clustering) -> Self:
        """Take a clustering of this process as the previous one."""
        return cls(clustering.guids, clustering.cluster_ids, clustering.position)


def inherit(members: pa.Table, canonical_records: pa.Table) -> pa.Table:
    """Give every record of a duplicate group the row of its representative.

    ``members``: ``cluster_members`` of the representatives; ``canonical_records``: at least guid, canonical_id,
    is_representative. Records of groups whose representative was not clustered get no row. Sorted by guid.
    """
    columns = ["guid", "canonical_id", "is_representative"]
    missing = set(columns) - set(canonical_records.column_names)
    if missing:
        raise ValueError(
            f"canonical records lack {sorted(missing)}; pass the table {CANONICAL_RECORDS.name!r} as it is"
        )
    groups = canonical_records.select(columns)
    representatives = groups.filter(groups["is_representative"]).select(["guid", "canonical_id"])
    rows = representatives.join(members, "guid", join_type="inner").rename_columns(
        [
            "representative" if name == "guid" else name
            for name in [*representatives.column_names, *members.column_names[1:]]
        ]
    )
    joined = groups.select(["guid", "canonical_id"]).join(rows, "canonical_id", join_type="inner")
    return joined.select(CLUSTER_MEMBERS.schema.names).cast(CLUSTER_MEMBERS.schema).sort_by("guid")
