"""What is done for one image, inside the event loop: keep, fetch, retry, decode and store."""

from __future__ import annotations

import asyncio
import os
import random
import stat
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from heritage_assets.curation.images.addresses import resolve_file
from heritage_assets.curation.images.derivatives import ImageShelf
from heritage_assets.curation.images.outcomes import Fetched, ImageError, PreviousImage, StoredImage
from heritage_assets.curation.images.policy import REASONS, FetchSettings, Reason, Status
from heritage_assets.curation.images.transfer import Download, HttpFetcher, NotModified, Validators
from heritage_assets.curation.images.wanted import Wanted, another_may_help, host_of, size_listed


@dataclass(frozen=True)
class Kept:
    """The row of the earlier run stands."""


@dataclass(frozen=True)
class Restored:
    """The original was there, its derivatives were made again; the rest of the earlier row stands."""

    image: StoredImage


Outcome = Kept | Restored | Fetched | ImageError


@dataclass(frozen=True)
class WorkerOptions:
    """What a run of :func:`fetch_images` was asked for."""

    settings: FetchSettings
    image_root: str | None
    revalidate: bool
    only_due: bool
    now: datetime


def left_alone(previous: PreviousImage, options: WorkerOptions) -> bool:
    """Tell whether an earlier failure stands without a request: it is final, or its next attempt is not due."""
    later = options.only_due and (previous.next_attempt_at or options.now) > options.now
    return previous.status != Status.OK and (previous.permanent or later)


class ImageWorker:
    """Does the work for one address. Lives in one event loop; decoding, files and the store run in ``threads``."""

    def __init__(self, shelf: ImageShelf, threads: ThreadPoolExecutor, options: WorkerOptions) -> None:
        self._shelf = shelf
        self._threads = threads
        self._options = options
        self._http = HttpFetcher(options.settings)
        self._services: dict[str | None, asyncio.Event] = {}
        self._listing: set[str | None] = set()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def work(self, wanted: Wanted, previous: PreviousImage | None) -> Outcome:
        """Return what became of an image; failures are returned, not raised.

        Errors of the object store are no failures of the image, and are raised.
        """
        validators = None
        try:
            if previous is not None and previous.url == wanted.url:
                stands = await self._stands(previous)
                if stands is not None and not self._options.revalidate:
                    return stands
                if stands is not None:
                    validators = Validators(previous.etag, previous.last_modified)
            return await self._fetched(wanted, validators)
        except NotModified:
            return Kept()
        except ImageError as error:
            # A copy that is held outlives a host's bad day.
            if validators is not None and not REASONS[error.reason].permanent:
                return Kept()
            return error

    async def _stands(self, previous: PreviousImage) -> Kept | Restored | None:
        if previous.status != Status.OK:
            return Kept() if left_alone(previous, self._options) else None
        if self._options.only_due and self._shelf.is_current(previous):
            return (
                Kept()
            )  # the run is for what failed: to look for three objects of each good row would be most of its requests
        loop = asyncio.get_running_loop()
        if await loop.run_in_executor(self._threads, self._shelf.holds, previous):
            return Kept()
        lease = await self._http.lease()
        try:
            await lease.cover(min(previous.size_bytes or 0, self._options.settings.max_bytes))
            image = await loop.run_in_executor(self._threads, self._shelf.restore, previous)
        finally:
            lease.release()
        return Restored(image) if image else None

    async def _fetched(self, wanted: Wanted, validators: Validators | None) -> Fetched:
        if wanted.service is None:
            return await self._with_retries(wanted.url, validators)
        async with self._after_the_first(host_of(wanted.service)):
            return await self._from_service(wanted, validators)

    @asynccontextmanager
    async def _after_the_first(self, host: str | None) -> AsyncIterator[None]:
        """Wait until one image of the host's services has shown how they are asked."""
        known = self._services.get(host)
        if known is not None:
            await known.wait()
            yield
            return
        known = self._services[host] = asyncio.Event()
        try:
            yield
        finally:
            known.set()

    async def _from_service(self, wanted: Wanted, validators: Validators | None) -> Fetched:
        failure = None
        async for address in self._addresses(wanted):
            try:
                fetched = await self._with_retries(address, validators)
            except ImageError as error:
                if not another_may_help(error):
                    raise
                failure = failure or error
            else:
                return fetched if address == wanted.url else fetched.with_note(f"came from {address[:200]}")
        assert failure is not None
        raise failure

    async def _addresses(self, wanted: Wanted) -> AsyncIterator[str]:
        """Yield what to ask for one after the other, each if the one before was refused.

        Most image services make any size, so that one request is enough; what others list costs a second one, and a host that
        turns out to be such a one is asked for its list first.
        """
        host = wanted.service and host_of(wanted.service)
        if host not in self._listing:
            yield wanted.url
        if wanted.service is not None:
            listed = await self._listed_size(wanted.service)
            if listed is not None and listed != wanted.url:
                self._listing.add(host)
                yield listed
            elif host in self._listing:
                yield wanted.url
        if wanted.spare is not None:
            yield wanted.spare

    async def _listed_size(self, service: str) -> str | None:
        try:
            document = await self._http.document(f"{service}/info.json")
        except ImageError as error:
            if not REASONS[error.reason].permanent:
                raise
            return None
        return size_listed(service, document, self._options.settings.derivative_side)

    async def _with_retries(self, url: str, validators: Validators | None) -> Fetched:
        settings, last = self._options.settings, None
        for attempt in range(settings.attempts):
            if attempt:
                await asyncio.sleep(settings.attempt_delay * 2 ** (attempt - 1) * random.uniform(0.5, 1.5))  # noqa: S311
            try:
                return await self._once(url, validators)
            except ImageError as error:
                if REASONS[error.reason].permanent:
                    raise
                if not error.tried:
                    raise (last or error) from None
                last = error
        assert last is not None
        raise last

    async def _once(self, url: str, validators: Validators | None) -> Fetched:
        loop = asyncio.get_running_loop()
        if url[:5].lower() == "file:":
            lease = await self._http.lease()
            try:
                await lease.cover(self._options.settings.max_bytes)
                return await loop.run_in_executor(self._threads, self._keep_file, url)
            finally:
                lease.release()
        download = await self._http.fetch(url, validators)
        try:
            return await loop.run_in_executor(self._threads, self._keep_download, download)
        finally:
            download.lease.release()

    def _keep_download(self, download: Download) -> Fetched:
        try:
            image = self._shelf.keep(download.body)
        except ImageError as error:
            error.http_status = download.http_status
            if error.reason is Reason.TRUNCATED and not download.delimited:
                # Nothing said how long the body is, so the connection may have broken rather than the file.
                error.reason = Reason.INCOMPLETE_BODY
            raise
        said = (download.media_type or "").partition(";")[0].strip().lower()
        lies = said not in (image.media_type, "", "application/octet-stream", "binary/octet-stream", "image/jpg")
        return Fetched(
            image=image,
            http_status=download.http_status,
            etag=_header_value(download.etag),
            last_modified=_header_value(download.last_modified),
            note=f"sent as {said[:80]!r}, is {image.media_type}" if lies else None,
        )

    def _keep_file(self, url: str) -> Fetched:
        path = resolve_file(url, self._options.image_root)
        body = read_file(path, self._options.settings.max_bytes)
        return Fetched(image=self._shelf.keep(body), http_status=None, etag=None, last_modified=None, note=None)


def read_file(path: Path, max_bytes: int) -> bytes:
    """Return the bytes of a regular file.

    Raises:
        ImageError: not_found, forbidden, not_an_image (folder, pipe, device) or too_large.
    """
    try:
        # Without blocking, since a pipe would hold the thread; without following a link put there since the path was checked.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        raise ImageError(Reason.NOT_FOUND, f"no such file: {path.name!r}") from None
    except OSError as error:
        raise ImageError(Reason.FORBIDDEN, f"{path.name!r}: {error.strerror}") from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise ImageError(Reason.NOT_AN_IMAGE, f"{path.name!r} is no regular file")
    with os.fdopen(handle, "rb") as file:
        size = os.fstat(handle).st_size
        body = b"" if size > max_bytes else file.read(max_bytes + 1)
    if max(size, len(body)) > max_bytes:
        raise ImageError(Reason.TOO_LARGE, f"{size:,} bytes; limit {max_bytes:,} bytes")
    return body


def _header_value(value: str | None) -> str | None:
    """Return a validator worth keeping: printable and short, since it is sent back one day."""
    return value if value and len(value) <= 256 and value.isascii() and value.isprintable() else None
