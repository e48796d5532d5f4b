"""The web page: files of the package, nothing from elsewhere."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from fastapi import APIRouter, Request
from starlette.responses import Response

from heritage_assets.search.api.problems import not_found

router = APIRouter(include_in_schema=False)
SQUEEZED = ("text/", "application/json", "application/javascript", "image/svg+xml", "application/manifest+json")
FOREVER = "public, max-age=31536000, immutable"
CHECKED = "no-cache"
mimetypes.add_type("text/javascript", ".mjs")
mimetypes.add_type("font/woff2", ".woff2")
mimetypes.add_type("application/wasm", ".wasm")


@dataclass(frozen=True)
class PageFile:
    """A file of the page, plain and compressed."""

    plain: bytes
    gzipped: bytes | None
    media_type: str
    digest: str


def _walk(folder: Traversable, prefix: str = "") -> dict[str, Traversable]:
    found: dict[str, Traversable] = {}
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        if entry.name.startswith((".", "__")):
            continue
        if entry.is_dir():
            found |= _walk(entry, f"{prefix}{entry.name}/")
        elif not entry.name.endswith((".py", ".md")):
            found[prefix + entry.name] = entry
    return found


def page_files() -> dict[str, Traversable]:
    """Return the files of the page by their path; a path that is not among them does not exist."""
    folder = files("heritage_assets.search").joinpath("page")
    return _walk(folder) if folder.is_dir() else {}


@cache
def _packed(data: bytes, name: str) -> PageFile:
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    squeezed = gzip.compress(data, 9, mtime=0) if media_type.startswith(SQUEEZED) and len(data) > 500 else None
    if media_type.startswith("text/"):
        media_type += "; charset=utf-8"
    return PageFile(data, squeezed, media_type, hashlib.sha256(data).hexdigest()[:20])


def _answer(request: Request, name: str) -> Response:
    entry = page_files().get(name)
    if entry is None:
        raise not_found(f"the page has no file {name!r}")
    file = _packed(entry.read_bytes(), name)
    version = request.query_params.get("v", "")
    named = len(version) >= 8 and file.digest.startswith(version)
    headers = {"etag": f'"{file.digest}"', "cache-control": FOREVER if named else CHECKED, "vary": "accept-encoding"}
    if file.digest in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if file.gzipped is not None and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(file.gzipped, headers={**headers, "content-encoding": "gzip"}, media_type=file.media_type)
    return Response(file.plain, headers=headers, media_type=file.media_type)


@router.api_route("/", methods=["GET", "HEAD"])
async def index(request: Request) -> Response:
    """Return the page."""
    return _answer(request, "index.html")


@router.api_route("/favicon.ico", methods=["GET", "HEAD"])
async def favicon(request: Request) -> Response:
    """Return the page's icon."""
    return _answer(request, "favicon.ico")


@router.api_route("/static/{name:path}", methods=["GET", "HEAD"])
async def static(request: Request, name: str) -> Response:
    """Return a file of the page; ``?v=`` with the beginning of its hash lets browsers keep it for ever."""
    return _answer(request, name)
