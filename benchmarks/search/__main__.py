"""Compare a search through the application with the same query sent straight to the vector endpoint, in one run.

    python -m benchmarks.search --home .benchmark-search --rows 100000

Makes the archive in ``--home`` where it is not there yet. Rounds of both ways alternate, over the same connections and the same
queries; the ratio is the median of the rounds' ratios. Texts are all different, so that none is remembered. Writes a table
(Markdown and JSON) to ``--output``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from statistics import median
from urllib.request import urlopen

import numpy as np
import orjson

from benchmarks.duplicates.vectors import embedding_like
from benchmarks.search.archive import DIMENSIONS, build
from benchmarks.search.load import Measured, answer_to, ask, request
from heritage_assets.embedded.vector_endpoint.lifecycle import ensure_endpoint, stop_endpoint
from heritage_assets.settings import Settings
from heritage_assets.stores.vector_schema import ALIAS, ID_FIELD

LIMIT = 30
WORDS = ("ship", "coin", "map", "storm", "saint", "garden", "letter", "horse", "tower", "river", "red", "old", "gold")


def main() -> None:
    """Run the comparison."""
    options = _options()
    settings = build(options.home, options.rows)
    if options.build_only:
        return
    try:
        endpoint = ensure_endpoint(settings.home)
        with _serving(settings, options.port) as application:
            vectors = _vectors(endpoint, application, options)
            texts = _texts(application, options)
    finally:
        stop_endpoint(settings.home)
    table = _table(options, vectors, texts)
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "search.md").write_text(table, encoding="utf-8")
    results = {"rows": options.rows, "vectors": vectors, "texts": {name: asdict(one) for name, one in texts.items()}}
    (options.output / "search.json").write_text(json.dumps(results, indent=1), encoding="utf-8")
    print(table)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, default=Path(".benchmark-search"), help="where the archive is, or is made")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--connections", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=8, help="rounds of each way")
    parser.add_argument("--queries", type=int, default=400, help="queries in each round")
    parser.add_argument(
        "--texts", type=int, default=400, help="texts at so many connections (a quarter, one at a time)"
    )
    parser.add_argument("--port", type=int, default=8399, help="port of the application")
    parser.add_argument("--build-only", action="store_true", help="make the archive, measure nothing")
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results"))
    return parser.parse_args()


@contextmanager
def _serving(settings: Settings, port: int) -> Iterator[str]:
    """Serve the application in a process of its own, as ``heritage serve`` does."""
    address = f"http://127.0.0.1:{port}"
    environment = {
        **os.environ,
        "HERITAGE_HOME": str(settings.home),
        "HERITAGE_ENCODER": settings.encoder,
        "HERITAGE_SEARCH__REQUESTS_PER_SECOND": "0",
    }
    command = [str(Path(sys.executable).with_name("heritage")), "serve", "--port", str(port)]
    child = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 180
        while not _ready(address):
            if child.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the application did not become ready (exit code {child.poll()})")
            time.sleep(0.5)
        yield address
    finally:
        child.terminate()
        child.wait(30)


def _ready(address: str) -> bool:
    try:
        with urlopen(f"{address}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _vectors(endpoint: str, application: str, options: argparse.Namespace) -> dict[str, list[dict[str, float]]]:
    asked = embedding_like(options.queries, DIMENSIONS, seed=3)
    straight = [_straight(endpoint, vector) for vector in asked]
    through = [_through(application, vector) for vector in asked]
    _same_answers(answer_to(endpoint, straight[0]), answer_to(application, through[0]))
    rounds: dict[str, list[dict[str, float]]] = {"straight": [], "through": []}
    for number in range(options.rounds + 1):
        order = [("straight", endpoint, straight), ("through", application, through)]
        for name, address, requests in order if number % 2 else order[::-1]:
            measured = ask(address, requests, options.connections)
            if number:  # the first round warms both up
                rounds[name].append(asdict(measured))
    return rounds


def _same_answers(straight: bytes, through: bytes) -> None:
    """Make sure that both ways find the same records: an empty answer would be a quick one."""
    first = [point["payload"][ID_FIELD] for point in orjson.loads(straight)["result"]["points"]]
    second = [hit["guid"] for hit in orjson.loads(through)["results"]]
    if len(first) != LIMIT or first != second:
        raise RuntimeError(
            f"the two ways differ: {first[:5]} and {second[:5]} (made with another encoder? remove --home)"
        )


def _straight(address: str, vector: np.ndarray) -> bytes:
    body = {"query": vector, "using": "embedding_image", "limit": LIMIT, "with_payload": [ID_FIELD]}
    return request(address, "POST", f"/collections/{ALIAS}/points/query", _json(body))


def _through(address: str, vector: np.ndarray) -> bytes:
    return request(address, "POST", "/api/v1/search/vector", _json({"vector": vector, "limit": LIMIT}))


def _json(body: object) -> bytes:
    return orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY)


def _texts(address: str, options: argparse.Namespace) -> dict[str, Measured]:
    rng = np.random.default_rng(int(time.time()))  # others than in the last run: the application remembers texts
    texts = ["-".join(rng.choice(WORDS, 4)) + f"-{rng.integers(10**9)}" for _ in range(options.texts * 2)]
    requests = [request(address, "GET", f"/api/v1/search?limit={LIMIT}&q={text}") for text in texts]
    few = options.texts // 4
    ask(address, requests[:few], options.connections)
    return {
        "one": ask(address, requests[few : 2 * few], 1),
        "many": ask(address, requests[2 * few : 2 * few + options.texts], options.connections),
    }


def _table(options: argparse.Namespace, rounds: dict[str, list[dict[str, float]]], texts: dict[str, Measured]) -> str:
    def middle(name: str, figure: str) -> float:
        return median(one[figure] for one in rounds[name])

    def ratio(figure: str) -> float:
        pairs = zip(rounds["through"], rounds["straight"], strict=True)
        return median(through[figure] / straight[figure] for through, straight in pairs)

    at = f"{options.connections} connections"
    lines = [
        f"{options.rows:,} points, {at}, {options.rounds} rounds of {options.queries} queries each way, in turn:",
        "",
        "| vector query | p50, ms | p95, ms | answers a second |",
        "|---|---:|---:|---:|",
        *(
            f"| {label} | {middle(name, 'p50'):.1f} | {middle(name, 'p95'):.1f} | {middle(name, 'per_second'):.0f} |"
            for name, label in (("straight", "straight to the endpoint"), ("through", "through the API"))
        ),
        f"| ratio | {ratio('p50'):.2f} | {ratio('p95'):.2f} | {ratio('per_second'):.2f} |",
        "",
        "| text query, each text new | p50, ms | p95, ms | answers a second |",
        "|---|---:|---:|---:|",
        *(
            f"| {label} | {texts[name].p50:.1f} | {texts[name].p95:.1f} | {texts[name].per_second:.1f} |"
            for name, label in (("one", "one at a time"), ("many", at))
        ),
        f"| ratio | | | {texts['many'].per_second / texts['one'].per_second:.2f} |",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
