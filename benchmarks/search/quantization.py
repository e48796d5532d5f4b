"""What quantization costs in recall, and saves in memory: Qdrant's own engine, index and quantizers, in this process.

    python -m benchmarks.search.quantization --rows 50000
    python -m benchmarks.search.quantization --home .heritage

Layouts are those of HERITAGE_VECTORS__QUANTIZATION. The truth is the exact search over full vectors; made-up vectors are
embedding-like, with --home those of an archive's images.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import qdrant_edge as edge

from benchmarks.duplicates.vectors import embedding_like
from benchmarks.search.archive import DIMENSIONS
from benchmarks.search.recall import exact_nearest, recall
from heritage_assets.curation.duplicates.archive import vector_matrix
from heritage_assets.curation.schemas import CLIP_EMBEDDINGS
from heritage_assets.settings import Settings
from heritage_assets.stores.connect import Platform
from heritage_assets.stores.vector_settings import Quantization, VectorSettings

Floats = npt.NDArray[np.float32]
Ids = list[set[int | str]]
LIMIT = 10
MORE = (2, 4, 10)
"""How many times as many candidates are taken from the quantized vectors, and compared again by full ones."""
AT_ONCE = 1_000
BYTES_PER_NUMBER = {Quantization.NONE: 4.0, Quantization.SCALAR: 1.0, Quantization.BINARY: 1 / 8}


def main() -> None:
    """Measure each layout, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=50_000, help="made-up vectors")
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--home", type=Path, help="use the vectors of this archive's images instead")
    options = parser.parse_args()
    vectors = vectors_of(options.home) if options.home else embedding_like(options.rows + options.queries, DIMENSIONS)
    stored, asked = vectors[options.queries :], vectors[: options.queries]
    truth: Ids = [set(rows) for rows in exact_nearest(asked, stored, LIMIT)]
    print(f"{len(stored):,} vectors of {stored.shape[1]}, {len(asked)} queries, recall of the {LIMIT} nearest\n")
    rescored = "".join(f" {taken} times as many, rescored |" for taken in MORE)
    print(f"| layout | bytes of a vector in memory | recall | ms a query |{rescored}")
    print("|---|---:|---:|---:|" + "---:|" * len(MORE))
    for layout in Quantization:
        with tempfile.TemporaryDirectory() as folder:
            shard = built(Path(folder), stored, layout)
            plain, milliseconds = searched(shard, asked, truth, edge.QuantizationSearchParams(rescore=False))
            more = [
                searched(shard, asked, truth, edge.QuantizationSearchParams(rescore=True, oversampling=float(x)))[0]
                for x in MORE
            ]
            shard.close()
        size = BYTES_PER_NUMBER[layout] * stored.shape[1]
        found = "".join(f" {one:.4f} |" for one in more)
        print(f"| {layout} | {size:,.0f} | {plain:.4f} | {milliseconds:.2f} |{found}", flush=True)


def vectors_of(home: Path) -> Floats:
    """Return the image vectors of an archive, shuffled, each once."""
    rows = Platform(Settings(_env_file=None, home=home)).lake.read(CLIP_EMBEDDINGS, columns=["embedding_image"])
    found, _ = vector_matrix(rows["embedding_image"].combine_chunks())
    return np.random.default_rng(0).permutation(np.unique(found, axis=0))


def built(folder: Path, vectors: Floats, layout: Quantization) -> edge.EdgeShard:
    """Store vectors as a server would with this layout, and make the index."""
    shard = edge.EdgeShard.create(
        str(folder),
        edge.EdgeConfig(
            vectors={"": edge.EdgeVectorParams(vectors.shape[1], edge.Distance.Cosine)},
            hnsw_config=edge.HnswIndexConfig(m=16, ef_construct=100, full_scan_threshold=10),
            quantization_config=quantizer(layout),
            optimizers=edge.EdgeOptimizersConfig(indexing_threshold=1),
        ),
    )
    for start in range(0, len(vectors), AT_ONCE):
        part = enumerate(vectors[start : start + AT_ONCE], start)
        shard.update(edge.UpdateOperation.upsert_points([edge.Point(row, one.tolist(), {}) for row, one in part]))
    shard.optimize()
    return shard


def quantizer(layout: Quantization) -> edge.ScalarQuantizationConfig | edge.BinaryQuantizationConfig | None:
    """Return the engine's form of what the settings ask a server for."""
    wanted = VectorSettings(quantization=layout).layout().get("quantization_config", {})
    if "scalar" in wanted:
        kept = wanted["scalar"]
        return edge.ScalarQuantizationConfig(
            edge.ScalarType.Int8, quantile=kept["quantile"], always_ram=kept["always_ram"]
        )
    if "binary" in wanted:
        return edge.BinaryQuantizationConfig(always_ram=wanted["binary"]["always_ram"])
    return None


def searched(
    shard: edge.EdgeShard, asked: Floats, truth: Ids, quantization: edge.QuantizationSearchParams
) -> tuple[float, float]:
    """Return the part of the nearest that is found, and milliseconds a query."""
    params = edge.SearchParams(quantization=quantization)
    requests = [edge.QueryRequest(limit=LIMIT, query=edge.Query.Nearest(one.tolist()), params=params) for one in asked]
    shard.query(requests[0])
    started = time.perf_counter()
    found = [{point.id for point in shard.query(request)} for request in requests]
    milliseconds = (time.perf_counter() - started) * 1_000 / len(requests)
    return recall(found, truth), milliseconds


if __name__ == "__main__":
    main()
