"""Compare ways to find duplicates, in one run, on the same vectors and on the same pictures.

    python -m benchmarks.duplicates --peers /tmp/peers --data ../shared/data
    python -m benchmarks.duplicates --scaling        # this join on up to 10 times as many rows
    python -m benchmarks.duplicates --incremental    # adding records beside a rebuild
    python -m benchmarks.duplicates --held-out --data ../shared/data    # calibration on edits that it has not seen

``--peers``: the environment of FAISS and imagededup, made there on first use; without it they are left out. The vector endpoint
is the embedded one unless ``--qdrant-url`` names another. Writes tables and, for the comparison, a plot to ``--output``. A small
join runs first, so that nobody pays for loading libraries.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from benchmarks.duplicates.contestants import Outcome, brute_force, faiss_range_search, this_join
from benchmarks.duplicates.endpoint import join_and_tell, loaded, point_by_point
from benchmarks.duplicates.peers import peer_python
from benchmarks.duplicates.pictures import Found, compare
from benchmarks.duplicates.report import Scaling, pictures_table, plot, scaling_table, vectors_table
from benchmarks.duplicates.vectors import Floats, embedding_like
from heritage_assets.curation.encoders import load_encoder
from heritage_assets.embedded.vector_endpoint import stop_endpoint
from heritage_assets.stores.vectors import VectorStore

MODEL = Path("models") / "mobilenet_v2_1.0_224"


def main() -> None:
    """Run what was asked for."""
    options = _options()
    options.output.mkdir(parents=True, exist_ok=True)
    if options.incremental:
        from benchmarks.duplicates.incremental import measure

        _write(options.output, "incremental", measure(options.rows, options.added).table())
    elif options.held_out:
        from benchmarks.duplicates.held_out import prove

        _write(options.output, "held_out", prove(options.data, load_encoder(str(options.data / MODEL))))
    elif options.scaling:
        _write(options.output, "scaling", scaling_table(_scaling(options.rows, options.threshold)))
    else:
        _compare(options)


def _compare(options: argparse.Namespace) -> None:
    python = peer_python(options.peers) if options.peers else None
    outcomes = _on_vectors(embedding_like(options.rows), options, python)
    found: list[Found] = []
    text = vectors_table(outcomes, options.rows, options.threshold)
    if options.data:
        model = options.data / MODEL
        pictures = options.data / "near_duplicates"
        found = compare(pictures, load_encoder(str(model)), model, python)
        text += "\n" + pictures_table(found, len(list((pictures / "images").iterdir())))
    results = {"rows": options.rows, "vectors": [asdict(o) for o in outcomes], "pictures": [asdict(f) for f in found]}
    (options.output / "duplicates.json").write_text(json.dumps(results, indent=1), encoding="utf-8")
    plot(outcomes, options.rows, found, options.output / "duplicates.png")
    _write(options.output, "duplicates", text)


def _on_vectors(vectors: Floats, options: argparse.Namespace, python: Path | None) -> list[Outcome]:
    this_join(embedding_like(5_000), options.threshold)
    outcomes = [this_join(vectors, options.threshold), brute_force(vectors, options.threshold)]
    if python is not None:
        outcomes.append(faiss_range_search(vectors, options.threshold, python))
    if options.points:
        with _endpoint(options.qdrant_url) as store, loaded(store, vectors) as points:
            outcomes.append(point_by_point(points, vectors, options.threshold, options.points))
            outcomes.append(join_and_tell(points, vectors, options.threshold))
    return outcomes


@contextmanager
def _endpoint(url: str | None) -> Iterator[VectorStore]:
    if url is not None:
        yield VectorStore(url)
        return
    with tempfile.TemporaryDirectory(prefix="heritage-benchmark-") as home:
        store = VectorStore.embedded(Path(home))
        try:
            yield store
        finally:
            store.close()
            stop_endpoint(Path(home))


def _scaling(rows: int, threshold: float) -> Scaling:
    found: Scaling = []
    for factor in (1, 2, 5, 10):
        vectors = embedding_like(rows * factor)
        cpu = time.process_time()
        seconds = this_join(vectors, threshold).seconds
        cpu = time.process_time() - cpu
        # Peak of this process so far, vectors included (KiB on Linux).
        found.append((rows * factor, seconds, cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20))
    return found


def _write(folder: Path, name: str, text: str) -> None:
    (folder / f"{name}.md").write_text(text, encoding="utf-8")
    print(text)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--threshold", type=float, default=0.98)
    parser.add_argument("--peers", type=Path, help="folder of the environment of FAISS and imagededup")
    parser.add_argument("--data", type=Path, help="folder with near_duplicates, captioned_images and models")
    parser.add_argument("--qdrant-url", help="a Qdrant server instead of the embedded endpoint")
    parser.add_argument("--points", type=int, default=500, help="points that the loop is measured on; 0: leave it out")
    parser.add_argument("--added", type=int, default=1_000, help="records added by --incremental")
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results"))
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--scaling", action="store_true", help="measure this join on up to 10 times as many rows")
    which.add_argument("--incremental", action="store_true", help="measure what adding records costs")
    which.add_argument("--held-out", action="store_true", help="prove calibration on edits it has not seen")
    options = parser.parse_args()
    options.data = options.data and options.data.resolve()
    if options.held_out and not options.data:
        parser.error("--held-out needs --data")
    return options


if __name__ == "__main__":
    main()
