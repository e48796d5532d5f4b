"""A server whose certificate an authority of one's own signed is trusted by boto3 and delta-rs, by one setting."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from pathlib import Path

import certifi
import pytest
from certificates import Certificates, sign_for_loopback
from local_servers import program
from minio_server import MinioServer
from test_s3_failures import rejected

from heritage_assets.curation.schemas import REJECTED_RECORDS
from heritage_assets.settings import Settings
from heritage_assets.stores.connect import Platform
from heritage_assets.stores.lake import StorageError
from heritage_assets.stores.trust import CaBundleError, java_trust_store, trust

MINIO = program("minio")  # looked for before the tests have a cache of their own


@pytest.fixture(autouse=True)
def _own_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust that a test gives ends with it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("SSL_CERT_FILE", certifi.where())


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return sign_for_loopback(tmp_path / "tls")


@pytest.fixture
def server(tmp_path: Path, certificates: Certificates) -> Iterator[MinioServer]:
    if MINIO is None:
        pytest.skip("no MinIO (scripts/services.sh builds it where Go is)")
    running = MinioServer(MINIO, tmp_path / "minio", certificates)
    running.folder.mkdir()
    running.start()
    yield running
    running.kill()


def platform(server: MinioServer, home: Path, ca_bundle: str | None) -> Platform:
    access = server.access
    assert access.secret_key is not None
    return Platform(
        Settings(
            home=home,
            lake=server.bucket(),
            s3_endpoint=access.endpoint,
            s3_access_key=access.access_key,
            s3_secret_key=access.secret_key,
            s3_ca_bundle=ca_bundle,
        )
    )


def test_one_setting_makes_objects_and_tables_trust_the_server(server: MinioServer, tmp_path: Path) -> None:
    there = platform(server, tmp_path, server.access.ca_bundle)
    assert there.objects.put("landing/a", b"1")
    there.lake.replace_batch(REJECTED_RECORDS, "a", [rejected("a", 0, 5)])
    assert there.lake.count(REJECTED_RECORDS) == 5
    assert there.objects.get("landing/a") == b"1"


def test_without_it_neither_trusts_the_server(server: MinioServer, tmp_path: Path) -> None:
    there = platform(server, tmp_path, None)
    with pytest.raises(Exception, match="CERTIFICATE_VERIFY_FAILED"):
        there.objects.get("landing/a")
    impatient = {**there.settings.table_storage_options(), "max_retries": "0"}
    there.lake.storage_options = impatient
    with pytest.raises((StorageError, OSError), match="invalid peer certificate"):
        there.lake.replace_batch(REJECTED_RECORDS, "a", [rejected("a", 0, 5)])


def test_the_usual_authorities_stay_trusted(certificates: Certificates) -> None:
    usual = {bytes(der) for der in ssl.create_default_context(cafile=certifi.where()).get_ca_certs(binary_form=True)}
    trust(str(certificates.authority))
    first = os.environ["SSL_CERT_FILE"]
    trust(str(certificates.authority))
    assert os.environ["SSL_CERT_FILE"] == first  # nothing is added twice
    now = {bytes(der) for der in ssl.create_default_context(cafile=first).get_ca_certs(binary_form=True)}
    assert usual < now
    assert len(now) == len(usual) + 1


@pytest.mark.filterwarnings("ignore:Parsed a serial number")  # of an authority that the system trusts
def test_the_store_of_the_jvm_holds_the_same(certificates: Certificates) -> None:
    from cryptography.hazmat.primitives.serialization import pkcs12

    kept = pkcs12.load_pkcs12(java_trust_store(str(certificates.authority)).read_bytes(), None).additional_certs
    subjects = [entry.certificate.subject.rfc4514_string() for entry in kept]
    assert "CN=authority of the tests" in subjects
    assert len(subjects) > 50


@pytest.mark.parametrize(
    ("content", "why"),
    [(None, "can't be read: No such file"), (b"", "holds no certificate"), (b"\x30\x82", "holds no certificate")],
)
def test_a_bundle_that_is_none_is_named(tmp_path: Path, content: bytes | None, why: str) -> None:
    bundle = tmp_path / "authority.pem"
    if content is not None:
        bundle.write_bytes(content)
    with pytest.raises(CaBundleError, match=f"HERITAGE_S3_CA_BUNDLE: {bundle} {why}"):
        trust(str(bundle))


def test_a_broken_certificate_is_named(tmp_path: Path) -> None:
    bundle = tmp_path / "authority.pem"
    bundle.write_bytes(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    with pytest.raises(CaBundleError, match="is broken"):
        java_trust_store(str(bundle))
