"""What the store does when its server fails: a bounded number of tries, then one clear error."""

import ssl
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from certificates import sign_for_loopback

from heritage_assets.stores.vector_settings import VectorSettings
from heritage_assets.stores.vectors import VectorStore, VectorStoreError, VectorStoreUnavailableError


@contextmanager
def answering(script, seen, certificates=None):
    """A server that answers with the given statuses, in order, and then with a count of 7."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["content-length"]))
            seen.append(dict(self.headers))
            status, headers, body = (
                script.pop(0) if script else (200, {}, b'{"result": {"count": 7}, "status": "ok", "time": 0}')
            )
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if certificates:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificates.certificate, certificates.key)
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"{'https' if certificates else 'http'}://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def failing():
    script, seen = [], []
    with answering(script, seen) as url:
        yield url, script, seen


@pytest.mark.filterwarnings("ignore:Api key is used with an insecure connection")
def test_passing_failures_are_tried_again(failing):
    url, script, seen = failing
    script += [(500, {}, b"oops"), (503, {}, b""), (429, {"retry-after": "1"}, b"{}")]
    started = time.monotonic()
    assert VectorStore(url, "secret").count() == 7
    assert len(seen) == 4
    assert time.monotonic() - started > 1.0, "Retry-After was not kept"
    assert seen[0]["api-key"] == "secret"


def test_lasting_failures_end_in_one_clear_error(failing):
    url, script, seen = failing
    script += [(503, {}, b'{"status": {"error": "out of disk"}}')] * 3
    with pytest.raises(
        VectorStoreUnavailableError, match=r"unavailable \(HTTP 503: out of disk\): check that the server runs"
    ) as caught:
        VectorStore(url, attempts=3).count()
    assert url in str(caught.value)
    assert len(seen) == 3


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (400, b'{"status": {"error": "Wrong input: x"}}', "Wrong input: x"),
        (401, b'{"status": {"error": "Invalid API key"}}', "Invalid API key .*check HERITAGE_QDRANT_API_KEY"),
        (501, b'{"status": {"error": "not served"}}', "not served"),
        (404, b"<html>", "HTTP 404: b'<html>'"),
    ],
)
def test_refusals_are_not_tried_again(failing, status, body, message):
    url, script, seen = failing
    script.append((status, {}, body))
    with pytest.raises(VectorStoreError, match=message) as caught:
        VectorStore(url).count()
    assert not isinstance(caught.value, VectorStoreUnavailableError)
    assert len(seen) == 1


def test_nobody_there():
    with pytest.raises(VectorStoreUnavailableError, match="HERITAGE_QDRANT_URL"):
        VectorStore("http://127.0.0.1:9", attempts=2).count()


def test_a_certificate_is_trusted_where_its_authority_was_named(tmp_path, monkeypatch):
    certificates, seen, sleeps = sign_for_loopback(tmp_path), [], []
    with answering([], seen, certificates) as url:
        trusting = VectorStore(url, server=VectorSettings(ca_bundle=str(certificates.authority)))
        assert trusting.count() == 7
        monkeypatch.setattr(time, "sleep", sleeps.append)
        with pytest.raises(VectorStoreUnavailableError, match="HERITAGE_VECTORS__CA_BUNDLE"):
            VectorStore(url).count()
        with pytest.raises(VectorStoreError, match=r"CA_BUNDLE: .*missing\.pem is no readable PEM file"):
            VectorStore(url, server=VectorSettings(ca_bundle=str(tmp_path / "missing.pem"))).count()
    assert len(seen) == 1
    assert sleeps == [], "no use trying again"


def test_an_answer_that_is_not_qdrants(failing):
    url, script, _ = failing
    script += [(200, {}, b"<html>hello</html>"), (200, {}, b'{"hello": 1}')]
    for _ in range(2):
        with pytest.raises(VectorStoreError, match="does not answer as a Qdrant server does"):
            VectorStore(url).count()


def test_a_lost_server_is_looked_for_again(failing):
    url, _, _ = failing
    addresses = iter(["http://127.0.0.1:9", url])
    assert VectorStore(lambda: next(addresses)).count() == 7
