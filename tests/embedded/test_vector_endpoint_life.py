"""The endpoint's life: started once per home, durable through SIGKILL, gone when idle, closed to the rest of the world."""

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import psutil
import pytest
from qdrant_client import models

from heritage_assets.embedded.vector_endpoint import EndpointStartError, ensure_endpoint, stop_endpoint
from heritage_assets.embedded.vector_endpoint.lifecycle import EndpointFiles, HomeLock, running_endpoint
from heritage_assets.stores.vectors import VectorStore, VectorStoreUnavailableError


@pytest.fixture
def home(tmp_path):
    yield tmp_path / "home"
    stop_endpoint(tmp_path / "home")


def pid_of(home):
    return json.loads(EndpointFiles(home).description.read_bytes())["pid"]


def kill(home):
    os.kill(pid_of(home), signal.SIGKILL)
    lock = HomeLock(EndpointFiles(home).lock)
    wait_until(lambda: lock.holder() is None)


def wait_until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def plain_collection(store, name, **dims):
    """A collection without payload indexes, which take seconds to make on a slow disk."""
    vectors = {vector: models.VectorParams(size=size, distance=models.Distance.COSINE) for vector, size in dims.items()}
    store.client.create_collection(name, vectors_config=vectors)
    return store.on(name)


CALLER = (
    "import sys, pathlib; from heritage_assets.embedded.vector_endpoint import ensure_endpoint;"
    "print(ensure_endpoint(pathlib.Path(sys.argv[1])))"
)


def caller(home):
    """Another process that asks for the endpoint and prints what it got."""
    return subprocess.Popen([sys.executable, "-c", CALLER, str(home)], stdout=subprocess.PIPE, text=True)


def test_processes_that_start_it_at_once_find_one(home):
    urls = {process.communicate(timeout=60)[0].strip() for process in [caller(home) for _ in range(4)]}
    assert len(urls) == 1
    assert ensure_endpoint(home) in urls
    assert EndpointFiles(home).log.read_text().count("serving") == 1


def test_it_outlives_its_caller_and_stops_when_told(home):
    url = caller(home).communicate(timeout=60)[0].strip()
    assert running_endpoint(home) == url
    assert os.getsid(pid_of(home)) != os.getsid(0)
    assert stop_endpoint(home)
    assert running_endpoint(home) is None
    assert not EndpointFiles(home).description.exists()
    assert not stop_endpoint(home)
    assert ensure_endpoint(home) == url, "it should come back at the same address"


def test_a_description_left_by_a_killed_process_misleads_nobody(home):
    url = ensure_endpoint(home)
    kill(home)
    assert EndpointFiles(home).description.exists()
    assert running_endpoint(home) is None
    assert not stop_endpoint(home)
    assert ensure_endpoint(home) == url


def test_another_program_at_the_old_address_is_not_mistaken_for_it(home, tmp_path):
    ensure_endpoint(home)
    kill(home)
    other_home = tmp_path / "other"
    files = EndpointFiles(other_home)
    files.folder.mkdir(parents=True)
    files.port.write_text(EndpointFiles(home).port.read_text())
    squatter = ensure_endpoint(other_home)
    try:
        assert running_endpoint(home) is None
        assert ensure_endpoint(home) != squatter
    finally:
        stop_endpoint(other_home)


def test_it_leaves_when_idle_and_the_store_brings_it_back(home):
    ensure_endpoint(home, idle_seconds=1.0)
    store = plain_collection(VectorStore.embedded(home), "e", embedding_image=4)
    store.upsert(["a"], {"embedding_image": np.eye(1, 4, dtype=np.float32)})
    lock = HomeLock(EndpointFiles(home).lock)
    wait_until(lambda: lock.holder() is None)
    assert "idle for" in EndpointFiles(home).log.read_text()
    assert store.count() == 1
    assert lock.holder() is not None


def test_use_keeps_it_alive(home):
    ensure_endpoint(home, idle_seconds=1.0)
    first = pid_of(home)
    for _ in range(10):
        time.sleep(0.25)
        assert running_endpoint(home)
    assert pid_of(home) == first


@pytest.mark.parametrize("round_", range(2))
def test_no_acknowledged_write_is_lost_when_it_is_killed(home, round_):
    url = ensure_endpoint(home)
    plain_collection(VectorStore(url), "e", embedding_image=64, combined=128).activate("e")
    rng = np.random.default_rng(round_)
    image, combined = rng.standard_normal((20_000, 64)).astype("f4"), rng.standard_normal((20_000, 128)).astype("f4")
    acknowledged = []
    deleted = []

    def write():
        store = VectorStore(url, attempts=1)
        for start in range(0, 20_000, 50):
            rows = range(start, start + 50)
            guids = [str(row) for row in rows]
            try:
                store.upsert(guids, {"embedding_image": image[rows], "combined": combined[rows]})
                store.set_payloads((guid, {"status": "validated", "canonical_id": guid}) for guid in guids)
                acknowledged.extend(guids)
                store.delete(guids[:1])
                deleted.extend(guids[:1])
            except Exception:
                return

    writer = threading.Thread(target=write)
    writer.start()
    wait_until(lambda: len(acknowledged) > 1500)
    kill(home)
    writer.join()
    assert len(acknowledged) < 20_000, "it was not killed in the middle"

    again = VectorStore.embedded(home)
    assert again.dims() == {"embedding_image": 64, "combined": 128}
    assert again.active() == "e"
    stored = again.payloads(acknowledged)
    gone = set(deleted)
    assert all(guid not in stored for guid in deleted)
    maybe_deleted = acknowledged[-50]  # its deletion may have been on its way
    for guid in acknowledged:
        if guid not in gone and guid != maybe_deleted:
            assert stored[guid] == {"id_object": guid, "status": "validated", "canonical_id": guid}
    kept = [guid for guid in acknowledged if guid in stored]
    vectors = again.vectors(kept, "embedding_image")
    expected = image[[int(guid) for guid in kept]]
    np.testing.assert_allclose(
        np.stack([vectors[guid] for guid in kept]),
        expected / np.linalg.norm(expected, axis=1, keepdims=True),
        atol=1e-6,
    )
    again.upsert(["after"], {"embedding_image": image[:1]})
    assert again.similar("after", "embedding_image", 1)


def test_what_a_crash_left_half_made_is_removed(home):
    plain_collection(VectorStore(ensure_endpoint(home)), "e", embedding_image=4)
    stop_endpoint(home)
    folder = EndpointFiles(home).folder / "collections"
    (folder / "half" / "segments").mkdir(parents=True)
    ensure_endpoint(home)
    assert len(list(folder.iterdir())) == 1
    assert VectorStore.embedded(home, collection="e").count() == 0


def test_a_damaged_collection_does_not_take_the_others_with_it(home):
    store = VectorStore(ensure_endpoint(home), attempts=1)
    for name in ("good", "bad"):
        plain_collection(store, name, embedding_image=4)
    stop_endpoint(home)
    files = EndpointFiles(home)
    catalog = json.loads((files.folder / "catalog.json").read_bytes())
    shard = files.folder / "collections" / catalog["collections"]["bad"]["folder"]
    (shard / "edge_config.json").write_text("{")
    for segment in (shard / "segments").iterdir():
        (segment / "segment.json").write_text("{")
    store = VectorStore(ensure_endpoint(home), attempts=1)
    assert store.on("good").count() == 0
    with pytest.raises(RuntimeError, match="can't open the collection's files"):
        store.on("bad").count()


def test_it_answers_local_programs_only(home):
    port = int(ensure_endpoint(home).rpartition(":")[2])

    def status(**headers):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request("GET", "/collections", headers=headers)
        return connection.getresponse().status

    assert status() == 200
    assert status(Origin="http://museum.example") == 403
    assert status(Host="museum.example") == 403
    sockets = psutil.Process(pid_of(home)).net_connections("tcp")
    assert {socket.laddr.ip for socket in sockets if socket.status == psutil.CONN_LISTEN} == {"127.0.0.1"}


def test_a_request_too_large_is_refused(home):
    port = int(ensure_endpoint(home).rpartition(":")[2])
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("POST", "/collections/x/points/scroll", b" " * (33 * 2**20))
    assert connection.getresponse().status == 413


def test_a_store_that_cannot_start_says_why(tmp_path):
    (tmp_path / "vectors").write_text("not a folder")
    with pytest.raises(VectorStoreUnavailableError, match="can't be started"):
        VectorStore.embedded(tmp_path).count()


def test_a_failed_start_says_why(tmp_path):
    files = EndpointFiles(tmp_path)
    files.folder.mkdir()
    (files.folder / "catalog.json").write_text("{")
    with pytest.raises(EndpointStartError, match=r"ended with code 1.*JSONDecodeError"):
        ensure_endpoint(tmp_path)


def test_the_package_is_cheap_to_import():
    code = "import sys, heritage_assets.embedded.vector_endpoint, heritage_assets.stores.vectors; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert not {"qdrant_edge", "qdrant_client", "uvicorn", "starlette", "httpx", "stamina"} & set(loaded)
