"""The demo museum on loopback: a Search API and, on addresses of their own, the providers' image servers with their faults."""

from __future__ import annotations

import errno
import hashlib
import io
import logging
import os
import socket
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

import orjson

from heritage_assets.embedded.museum.museum import Museum
from heritage_assets.embedded.museum.people import PROVIDERS
from heritage_assets.embedded.museum.records import ProviderRecord
from heritage_assets.embedded.museum.scans import WEB_PAGE, Scan, bomb, encode
from heritage_assets.embedded.museum.search_api import Addresses, SearchApi

MUSEUM_KEY = "demo"
"""API key that the demo museum accepts."""
SEARCH_PATH = "/record/v2/search.json"
SLOW_SECONDS = 1.5
RETRY_AFTER_SECONDS = 1
FLAPS = 2
"""How many times an image that flaps answers 503 before it comes."""
_PREVIEW_SIDE = 200
_PORT_TRIES = 20

logger = logging.getLogger(__name__)
Progress = Callable[[int, int], None]


class MuseumServer:
    """Serves a museum over HTTP on loopback until it is closed; a context manager.

    Search API: ``endpoint(1)`` and ``endpoint(2)`` (one for each harvest round), key :data:`MUSEUM_KEY`. Each provider's images
    are on an address of its own (127.0.0.2 …), so that politeness towards one host does not slow another; where the system has
    only 127.0.0.1, all share it.

    Args:
        museum: what to serve.
        folder: where drawn images are kept from run to run; None: a temporary folder, removed on closing.
        port: TCP port on every address; 0 finds a free one.
        moody: the Search API answers 429 and 503 once in a while.
    """

    def __init__(self, museum: Museum, folder: Path | None = None, *, port: int = 0, moody: bool = True) -> None:
        self.museum = museum
        self._temporary = tempfile.TemporaryDirectory(prefix="heritage-museum-") if folder is None else None
        self.folder = Path(self._temporary.name) if self._temporary else Path(folder or "")
        self.folder.mkdir(parents=True, exist_ok=True)
        self._servers, self._hosts = _listen(port, self)
        self.port = self._servers[0].server_address[1]
        self.api = SearchApi(
            museum, MUSEUM_KEY, Addresses(self.image_url, self._preview_url, self._page_url), moody=moody
        )
        self._lock = threading.Lock()
        self._tries: Counter[str] = Counter()
        self._drawing: dict[str, threading.Lock] = {}
        self._threads = [
            threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True) for server in self._servers
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()
        for thread in self._threads:
            thread.join()
        if self._temporary:
            self._temporary.cleanup()

    def endpoint(self, number: int) -> str:
        """Return the address of the Search API in a harvest round (1 or 2)."""
        return f"http://127.0.0.1:{self.port}/round-{number}{SEARCH_PATH}"

    def image_url(self, record: ProviderRecord, number: int) -> str:
        """Return the address of a record's image in a harvest round; empty where it names none."""
        if record.scan is None:
            return ""
        version = 2 if record.revised == "image" and number >= 2 else 1
        suffix = "png" if record.scan.media_type == "image/png" else "jpg"
        return f"http://{self._hosts[record.provider.slug]}:{self.port}/images/{record.path}/{version}.{suffix}"

    def _preview_url(self, record: ProviderRecord, number: int) -> str:
        version = 2 if record.revised == "image" and number >= 2 else 1
        return f"http://127.0.0.1:{self.port}/thumbnails/{record.path}/{version}.jpg"

    def _page_url(self, record: ProviderRecord, number: int) -> str:
        return f"http://{self._hosts[record.provider.slug]}:{self.port}/objects/{record.path}"

    def prepare(self, progress: Progress | None = None, processes: int | None = None) -> int:
        """Draw every image that the cache lacks, in processes of their own; return how many were drawn.

        Args:
            progress: called with (drawn so far, to draw).
            processes: default: one for each core.
        """
        scans = {
            scan.key: scan for record in self.museum.records for n in (1, 2) if (scan := record.scan_in(n)) is not None
        }
        missing = [scan for key, scan in scans.items() if not (self.folder / key).exists()]
        if not missing:
            return 0
        workers = min(processes or os.cpu_count() or 1, len(missing))
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            for done, _ in enumerate(pool.map(_draw_into, missing, [self.folder] * len(missing), chunksize=8), 1):
                if progress is not None:
                    progress(done, len(missing))
        return len(missing)

    def scan_bytes(self, scan: Scan) -> bytes:
        """Return the file of a scan, drawn at the first call."""
        path = self.folder / scan.key
        with self._lock:
            lock = self._drawing.setdefault(scan.key, threading.Lock())
        with lock:
            if not path.exists():
                _draw_into(scan, self.folder)
            return path.read_bytes()

    def tries(self, path: str) -> int:
        """Count a request for a path; return how many there were before it."""
        with self._lock:
            self._tries[path] += 1
            return self._tries[path] - 1


def _draw_into(scan: Scan, folder: Path) -> None:
    path = folder / scan.key
    draft = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
    draft.write_bytes(encode(scan))
    draft.replace(path)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    museum_server: MuseumServer

    def handle_error(self, request: object, client_address: object) -> None:
        """Log a broken connection instead of printing a traceback: clients may hang up when they know enough."""
        logger.debug("the connection from %s broke", client_address, exc_info=True)


def _listen(port: int, owner: MuseumServer) -> tuple[list[_Server], dict[str, str]]:
    """Bind one port on 127.0.0.1 and on an address for each provider.

    Raises:
        OSError: the port asked for is taken.
    """
    slugs = [provider.slug for provider in PROVIDERS]
    for attempt in range(_PORT_TRIES):
        servers = [_bind("127.0.0.1", port, owner)]
        hosts: dict[str, str] = {}
        try:
            for index, slug in enumerate(slugs):
                servers.append(_bind(f"127.0.0.{index + 2}", servers[0].server_address[1], owner))
                hosts[slug] = f"127.0.0.{index + 2}"
        except OSError as error:
            for server in servers[1:]:
                server.server_close()
            if error.errno == errno.EADDRINUSE and not port and attempt < _PORT_TRIES - 1:
                servers[0].server_close()
                continue
            logger.info("only 127.0.0.1 is free for the demo museum (%s): all providers share it", error)
            return servers[:1], dict.fromkeys(slugs, "127.0.0.1")
        return servers, hosts
    raise OSError(errno.EADDRINUSE, "no port is free on loopback for the demo museum")


def _bind(address: str, port: int, owner: MuseumServer) -> _Server:
    server = _Server((address, port), _Handler)
    server.museum_server = owner
    return server


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    timeout = 60

    def setup(self) -> None:
        super().setup()
        # Head and body are two writes: without this, each answer waits for the client's delayed acknowledgement.
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def log_message(self, format: str, *args: object) -> None:
        logger.debug("%s %s", self.client_address[0], format % args)

    def do_GET(self) -> None:
        """Answer a search, an image, a thumbnail or a page."""
        address = urlsplit(self.path)
        parts = address.path.strip("/").split("/")
        owner = self.server.museum_server
        if parts[0] in ("round-1", "round-2") and "/" + "/".join(parts[1:]) == SEARCH_PATH:
            answer = owner.api.answer(int(parts[0][-1]), parse_qs(address.query), self.headers.get("X-Api-Key"))
            self._send(
                answer.status, "application/json;charset=UTF-8", orjson.dumps(answer.body), answer.headers.items()
            )
        elif parts[0] == "objects":
            self._send(200, "text/html; charset=utf-8", WEB_PAGE)
        elif parts[0] in ("images", "thumbnails") and len(parts) == 4 and parts[3][:1] in ("1", "2"):
            self._image(parts[0], "/".join(parts[1:3]), int(parts[3][0]))
        else:
            self._send(404, "text/plain", b"not found")

    def _image(self, what: str, path: str, version: int) -> None:
        owner = self.server.museum_server
        record = owner.museum.by_path.get((path, version))
        scan = record.scan_in(version) if record is not None else None
        if record is None or scan is None:
            self._send(404, "text/plain", b"not found")
            return
        if what == "thumbnails":
            self._send(200, "image/jpeg", _thumbnail(owner.scan_bytes(scan)))
            return
        if not self._misbehaved(record, owner.tries(f"{path}/{version}")):
            body = owner.scan_bytes(scan)
            if record.image_fault == "truncated":
                body = body[: len(body) * 3 // 5]
            self._send(200, "text/plain" if record.image_fault == "wrong_content_type" else scan.media_type, body)

    def _misbehaved(self, record: ProviderRecord, before: int) -> bool:
        """Answer in place of the image where the record's fault says so; ``before`` requests came earlier."""
        fault = record.image_fault
        if fault in ("dead_link", "gone", "forbidden"):
            self._send({"dead_link": 404, "gone": 410, "forbidden": 403}[fault], "text/html", WEB_PAGE)
        elif fault in ("html_page", "html_as_jpeg"):
            self._send(200, "text/html" if fault == "html_page" else "image/jpeg", WEB_PAGE)
        elif fault == "bomb":
            self._send(200, "image/png", bomb())
        elif fault == "rate_limited" and before == 0:
            self._send(429, "text/plain", b"slow down", [("Retry-After", str(RETRY_AFTER_SECONDS))])
        elif fault == "flapping" and before < FLAPS:
            self._send(503, "text/plain", b"come back")
        else:
            if fault == "slow":
                time.sleep(SLOW_SECONDS)
            return False
        return True

    def _send(self, status: int, media_type: str, body: bytes, headers: Iterable[tuple[str, str]] = ()) -> None:
        tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        unchanged = status == 200 and self.headers.get("If-None-Match") == tag
        self.send_response(304 if unchanged else status)
        self.send_header("ETag", tag)
        for name, value in headers:
            self.send_header(name, value)
        if not unchanged:
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if not unchanged:
            self.wfile.write(body)


def _thumbnail(body: bytes) -> bytes:
    from PIL import Image

    image = Image.open(io.BytesIO(body)).convert("RGB")
    image.thumbnail((_PREVIEW_SIDE, _PREVIEW_SIDE))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=80)
    return buffer.getvalue()
