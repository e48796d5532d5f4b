"""Spark on a lake in an S3 server whose certificate an authority of one's own signed: driver and executors trust it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from certificates import sign_for_loopback
from landed_sources import Archive, land_files
from local_servers import program
from minio_server import MinioServer
from spark_sessions import spark_engine
from store_snapshots import differences, tables_of

from heritage_assets.engines.local import LocalEngine
from heritage_assets.stores.lake import Lake
from heritage_assets.stores.objects import open_object_store

pytestmark = pytest.mark.usefixtures("spark_on_request")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MinioServer]:
    binary = program("minio")
    if binary is None:
        pytest.skip("no MinIO (scripts/services.sh builds it where Go is)")
    running = MinioServer(binary, tmp_path / "minio", sign_for_loopback(tmp_path / "tls"))
    running.folder.mkdir()
    running.start()
    yield running
    running.kill()


def test_both_engines_leave_equal_tables_over_tls(
    server: MinioServer, tmp_path: Path, shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "")  # what the lakes trust ends with the test
    archives = []
    for _ in range(2):
        root = server.bucket()
        store = open_object_store(root, s3_options=server.access.boto3_options())
        archives.append(Archive(store, Lake(f"{root}/tables", server.access.delta_options())))
        land_files(archives[-1].zone, tmp_path, shared_data)
    expected, archive = archives
    expected.cleanse(LocalEngine(), "edm")
    # An executor of its own: it has neither the driver's memory nor its folder.
    with spark_engine("s3://any", tmp_path, s3=server.access, master="local-cluster[1,1,1024]", partitions=2) as engine:
        archive.cleanse(engine, "edm")
    assert not differences(tables_of(expected.lake), tables_of(archive.lake))
