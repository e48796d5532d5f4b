"""clusters, cluster_members: what the archive holds, grouped by likeness, labelled, and laid out on a map."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import dagster as dg
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from heritage_assets.curation.clusters import PreviousClusters, cluster, inherit
from heritage_assets.curation.schemas import (
    CANONICAL_RECORDS,
    CLEANSED_RECORDS,
    CLUSTER_MEMBERS,
    CLUSTERS,
)
from heritage_assets.resources.encoder import EncoderResource
from heritage_assets.resources.lake import LakeResource
from heritage_assets.resources.policies import ClusterPolicyResource
from heritage_assets.resources.vector_store import VectorStoreResource
from heritage_assets.stores.lake import Lake
from heritage_assets.stores.vectors import VectorStore
from heritage_assets.stores.views import CurrentFilter, current_image_vectors, live_rows, matrix

from .failures import RETRIES, retrying_only_transient
from .reporting import OWNERS, Stopwatch, blocking, table_metadata, verdict

COVERED = "every_member_follows_its_representative"
LABELLED = 12

LOOSE = (
    dg.AutomationCondition.any_deps_updated().since(
        dg.AutomationCondition.newly_requested() | dg.AutomationCondition.newly_updated()
    )
    & ~dg.AutomationCondition.any_deps_in_progress()
    & ~dg.AutomationCondition.in_progress()
)
"""Once any batch was canonicalized and none is on its way: ``eager()`` would wait for every batch there is."""


def representatives(lake: Lake, encoder: str) -> tuple[list[str], np.ndarray, list[str]]:
    """Return guids, image vectors (n, d) and texts of the living representatives that have an image vector."""
    leading = pc.field("is_representative") & ~pc.field("withdrawn")
    leaders = lake.read(CANONICAL_RECORDS, columns=["guid"], where=leading)["guid"].combine_chunks()
    live = live_rows(lake)
    live = live.filter(pc.is_in(live["guid"], value_set=leaders))
    keep = CurrentFilter(live)
    vectors = pa.Table.from_batches(
        list(current_image_vectors(lake, encoder, keep)),
        schema=pa.schema([("guid", pa.string()), ("batch", pa.string()), ("embedding_image", pa.list_(pa.float32()))]),
    ).sort_by("guid")
    words = pa.Table.from_batches(
        list(keep(lake.scan(CLEANSED_RECORDS, columns=["guid", "batch", "title", "subject", "type"]))),
        schema=pa.schema(
            [CLEANSED_RECORDS.schema.field(name) for name in ("guid", "batch", "title", "subject", "type")]
        ),
    )
    texts = {
        row["guid"]: " ".join(filter(None, (row["title"], *(row["subject"] or ()), row["type"])))
        for row in words.to_pylist()
    }
    guids = vectors["guid"].to_pylist()
    return guids, matrix(vectors["embedding_image"]), [texts.get(guid, "") for guid in guids]


def tell_points(collection: VectorStore, members: pa.Table) -> int:
    """Write the cluster of each record to its point where it is another one; return how many were written."""
    written = 0
    rows = members.select(["guid", "cluster_id"]).to_pylist()
    for start in range(0, len(rows), 2_000):
        part = rows[start : start + 2_000]
        stored = collection.payloads([row["guid"] for row in part], ["cluster_id"])
        changed = [
            (row["guid"], {"cluster_id": row["cluster_id"]})
            for row in part
            if row["guid"] in stored and stored[row["guid"]].get("cluster_id") != row["cluster_id"]
        ]
        collection.set_payloads(changed)
        written += len(changed)
    return written


@dg.multi_asset(
    name="clusters",
    specs=[
        dg.AssetSpec(
            CLUSTERS.name,
            deps=["canonical_points"],
            description="Clusters of the archive: label, distinctive terms, exemplar, size, place on the map.",
            kinds={"deltalake", "scikitlearn"},
            owners=OWNERS,
            code_version="1",
            automation_condition=LOOSE,
        ),
        dg.AssetSpec(
            CLUSTER_MEMBERS.name,
            deps=["canonical_points"],
            description="The cluster of each record; copies follow their representative.",
            kinds={"deltalake"},
            owners=OWNERS,
            code_version="1",
        ),
    ],
    group_name="clusters",
    retry_policy=RETRIES,
    pool="clusters",
    check_specs=[
        blocking(COVERED, CLUSTER_MEMBERS.name, "a copy is in the cluster of its representative", of_batches=False)
    ],
)
def clusters(
    context: dg.AssetExecutionContext,
    lake: LakeResource,
    vector_store: VectorStoreResource,
    encoder: EncoderResource,
    cluster_policy: ClusterPolicyResource,
) -> Iterator[dg.MaterializeResult]:
    """Cluster the representatives; their copies inherit. Ids and places on the map last where little changes."""
    tables, watch = lake.open(), Stopwatch()
    with watch.batch("all"), retrying_only_transient():
        model = encoder.load()
        guids, vectors, texts = representatives(tables, model.id)
        previous = PreviousClusters.from_table(tables.read(CLUSTER_MEMBERS), model.id)
        found = cluster(vectors, guids, texts, cluster_policy.settings(), previous) if guids else None
        if found is None:
            groups, members = CLUSTERS.schema.empty_table(), CLUSTER_MEMBERS.schema.empty_table()
        else:
            groups, leaders = found.to_tables(model.id)
            members = inherit(leaders, tables.read(CANONICAL_RECORDS, where=~pc.field("withdrawn")))
        wrote_groups = tables.merge(CLUSTERS, groups, delete_missing=True)
        wrote_members = tables.merge(CLUSTER_MEMBERS, members, delete_missing=True)
        store = vector_store.collection(model)
        told = tell_points(store, members)
    strays = strayed(tables, members)
    yield dg.MaterializeResult(
        CLUSTERS.name,
        metadata={
            **table_metadata(tables, CLUSTERS, wrote_groups.rows, wrote_groups.version),
            "method": cluster_policy.settings().method,
            "encoder": model.id,
            **_pictures(groups, members),
            **watch.metadata(len(guids)),
        },
    )
    yield dg.MaterializeResult(
        CLUSTER_MEMBERS.name,
        metadata={
            **table_metadata(tables, CLUSTER_MEMBERS, wrote_members.rows, wrote_members.version),
            "representatives": len(guids),
            "points_told": told,
        },
        check_results=[verdict(COVERED, CLUSTER_MEMBERS.name, strays == 0, strays=strays)],
    )


def strayed(lake: Lake, members: pa.Table) -> int:
    """Count living records whose cluster is not the one of their representative."""
    rows = lake.read(
        CANONICAL_RECORDS, columns=["guid", "canonical_id", "is_representative"], where=~pc.field("withdrawn")
    ).to_pylist()
    cluster_of = dict(zip(members["guid"].to_pylist(), members["cluster_id"].to_pylist(), strict=True))
    leader_of = {row["canonical_id"]: row["guid"] for row in rows if row["is_representative"]}
    return sum(cluster_of.get(row["guid"]) != cluster_of.get(leader_of.get(row["canonical_id"], "")) for row in rows)


def _pictures(groups: pa.Table, members: pa.Table) -> dict[str, Any]:
    """Draw the sizes of the clusters and the map."""
    from heritage_assets.curation.pictures import as_markdown, bar_chart, cluster_map_plot

    if groups.num_rows == 0:
        return {}
    sizes = Counter(dict(zip(groups["label"].to_pylist(), groups["size"].to_pylist(), strict=True)))
    labels = dict(zip(groups["cluster_id"].to_pylist(), groups["label"].to_pylist(), strict=True))
    drawn = cluster_map_plot(
        members["x"].to_numpy(), members["y"].to_numpy(), members["cluster_id"].to_pylist(), labels
    )
    return {
        "map": dg.MetadataValue.md(as_markdown(drawn, "map of the clusters")),
        "largest": dg.MetadataValue.md(as_markdown(bar_chart(dict(sizes.most_common(LABELLED))), "largest clusters")),
    }
