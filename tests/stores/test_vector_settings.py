"""The layout of collections on a server: what is asked for is what Qdrant's own models know, and nothing is asked for unasked."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from local_servers import free_port
from qdrant_client import models

from heritage_assets.embedded.vector_endpoint import ensure_endpoint, stop_endpoint
from heritage_assets.stores.vector_settings import Quantization, VectorSettings
from heritage_assets.stores.vectors import VectorStore, VectorStoreUnavailableError

FULL = VectorSettings(
    on_disk=True,
    payload_on_disk=True,
    quantization=Quantization.SCALAR,
    shards=6,
    replicas=2,
    write_consistency=2,
    indexing_threshold_kib=0,
)


def created(settings: VectorSettings) -> models.CreateCollection:
    return models.CreateCollection.model_validate({"vectors": {"a": settings.vector(4)}, **settings.layout()})


def test_what_is_not_set_is_left_to_the_server() -> None:
    assert VectorSettings().layout() == {}
    assert VectorSettings().vector(4) == {"size": 4, "distance": "Cosine"}


def test_qdrants_own_models_read_every_option() -> None:
    read = created(FULL)
    assert read.vectors["a"].on_disk is True
    assert read.shard_number == 6
    assert (read.replication_factor, read.write_consistency_factor) == (2, 2)
    assert read.on_disk_payload is True
    assert read.optimizers_config.indexing_threshold == 0
    assert read.quantization_config.scalar.always_ram is True
    binary = created(VectorSettings(quantization=Quantization.BINARY))
    assert isinstance(binary.quantization_config, models.BinaryQuantization)


def test_queries_of_quantized_vectors_are_compared_again_by_full_ones() -> None:
    assert VectorSettings().search_params() == {}
    for settings, taken in (
        (FULL, 2.0),
        (VectorSettings(quantization=Quantization.BINARY), 4.0),
        (VectorSettings(quantization=Quantization.BINARY, oversampling=8), 8.0),
    ):
        read = models.QueryRequest.model_validate({"query": [1.0], **settings.search_params()})
        assert read.params is not None and read.params.quantization is not None
        assert (read.params.quantization.rescore, read.params.quantization.oversampling) == (True, taken)


def test_the_layout_is_sent_when_a_collection_is_made() -> None:
    bodies: list[tuple[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            bodies.append((f"{self.command} {self.path.split('?')[0]}", json.loads(self.rfile.read(length) or b"null")))
            vectors = {"embedding_image": {"size": 4, "distance": "Cosine"}}
            known = {"config": {"params": {"vectors": vectors}}, "payload_schema": {}, "exists": False, "aliases": []}
            answer = json.dumps({"result": known, "status": "ok", "time": 0}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_PUT = do_POST = answer

        def log_message(self, *_: Any) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        store = VectorStore(f"http://127.0.0.1:{server.server_port}", server=FULL)
        name = store.on("another").ensure_collection("layout test", {"embedding_image": 4})
        server.shutdown()
    body = dict(bodies)[f"PUT /collections/{name}"]
    assert body == {"vectors": {"embedding_image": FULL.vector(4)}, **FULL.layout()}


def test_the_embedded_endpoint_takes_the_layout_and_answers_as_ever(tmp_path: Path) -> None:
    try:
        store = VectorStore(ensure_endpoint(tmp_path), server=FULL)
        made = store.on(store.ensure_collection("layout test", {"embedding_image": 4}))
        made.upsert(["a", "b"], {"embedding_image": np.eye(4, dtype=np.float32)[:2]})
        assert [hit.guid for hit in made.search(np.eye(4, dtype=np.float32)[1], "embedding_image", 1)] == ["b"]
    finally:
        stop_endpoint(tmp_path)


@contextmanager
def endpoint(home: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A vector endpoint as a process of its own, at a fixed address."""
    command = [
        sys.executable,
        "-m",
        "heritage_assets.embedded.vector_endpoint",
        "--home",
        str(home),
        "--port",
        str(port),
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None
            time.sleep(0.1)
        yield process
    finally:
        process.kill()
        process.wait(10)


def test_a_server_killed_in_the_middle_is_reported_and_a_rerun_completes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    store = VectorStore(f"http://127.0.0.1:{port}", attempts=2)
    guids = [f"g{number}" for number in range(2_500)]
    vectors = {"embedding_image": np.random.default_rng(3).standard_normal((2_500, 8)).astype(np.float32)}
    sent: list[int] = []
    with endpoint(tmp_path, port) as process:
        collection = store.on(store.ensure_collection("outage test", {"embedding_image": 8}))
        real = VectorStore._put_points

        def killing(self: VectorStore, points: list[dict[str, Any]]) -> None:
            if len(sent) == 1:
                os.kill(process.pid, signal.SIGKILL)
                process.wait(10)
            real(self, points)
            sent.append(len(points))

        monkeypatch.setattr(VectorStore, "_put_points", killing)
        with pytest.raises(VectorStoreUnavailableError, match="HERITAGE_QDRANT_URL"):
            collection.upsert(guids, vectors)
    assert len(sent) == 1, "only what was answered counts as sent"
    monkeypatch.undo()
    with endpoint(tmp_path, port):
        assert collection.count() == sent[0]
        collection.upsert(guids, vectors)
        assert collection.count() == 2_500
