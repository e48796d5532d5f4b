"""What fetching is allowed to do, why an image can fail, and when it is tried again.

Belongs here: limits, reasons, the retry schedule. Does not belong here: sockets, pixels, tables.
"""

from __future__ import annotations

import os
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, IPvAnyNetwork, model_validator

MEBIBYTE = 1 << 20
DERIVATIVE_SIDE = 768
"""Pixels: what the encoders (224 to 384) and the record page need."""
ENTRY_BYTES = 256 << 10
"""Memory set aside for a request whose length is not known yet."""


class FetchSettings(BaseModel):
    """How images are fetched, checked and stored (``HERITAGE_FETCH__*``)."""

    model_config = ConfigDict(frozen=True)

    concurrency: int = Field(32, ge=1, le=1024, description="Requests in flight, all hosts together.")
    host_concurrency: int = Field(8, ge=1, le=256, description="Requests in flight to one host.")
    host_interval: float = Field(0.0, ge=0, description="Least seconds between the starts of two requests to a host.")
    connect_timeout: float = Field(10.0, gt=0, description="Seconds to resolve a host name and connect.")
    read_timeout: float = Field(20.0, gt=0, description="Seconds without a byte before a request is given up.")
    total_timeout: float = Field(120.0, gt=0, description="Seconds for one request with its body.")
    max_redirects: int = Field(5, ge=0, le=20, description="Redirects followed for one image.")
    max_bytes: int = Field(50 * MEBIBYTE, ge=1, description="Largest body accepted, in bytes.")
    memory_bytes: int = Field(256 * MEBIBYTE, ge=1, description="Bodies held in memory at a time, in bytes.")
    max_pixels: int = Field(
        180_000_000, ge=1, description="Largest image decoded, in pixels; also all decodes at a time."
    )
    max_frames: int = Field(2_000, ge=1, description="Most frames or pages in one file; only the first is used.")
    decode_threads: int = Field(
        default_factory=lambda: os.cpu_count() or 1, ge=1, le=256, description="Threads that decode and store."
    )
    attempts: int = Field(3, ge=1, le=20, description="Requests for one image inside one run, transient errors only.")
    attempt_delay: float = Field(0.5, ge=0, description="Seconds before the second request; doubles, with jitter.")
    longest_pause: float = Field(
        30.0,
        ge=0,
        description="Longest Retry-After, in seconds, that a run waits for; beyond it the host's images wait.",
    )
    host_failures: int = Field(
        12, ge=1, description="Failures to reach a host in a row after which a run leaves its other images for later."
    )
    retry_base: timedelta = Field(timedelta(minutes=10), description="Wait before an image is due again; doubles.")
    retry_cap: timedelta = Field(timedelta(days=3), description="Longest wait between two attempts.")
    retry_age: timedelta = Field(
        timedelta(days=30), description="Sum of waits after which a transient failure is final."
    )
    allowed_networks: tuple[IPvAnyNetwork, ...] = Field(
        (), description="Private networks that may be asked all the same, such as 127.0.0.0/8 for the demo."
    )
    honour_opt_outs: bool = Field(True, description="Refuse images whose X-Robots-Tag forbids indexing or machine use.")
    honour_robots: bool = Field(True, description="Ask only for what a host's robots.txt allows.")
    robots_exempt: tuple[str, ...] = Field(
        (), description="Hosts, with their subdomains, whose operators agreed: their robots.txt is not asked for."
    )
    user_agent: str = Field(
        "heritage-assets/0.1 (image archive; contact the operator of this host)",
        min_length=1,
        pattern=r"^[\x20-\x7e]+$",
        description="How requests introduce themselves; name a contact.",
    )
    derivative_side: int = Field(DERIVATIVE_SIDE, ge=64, le=8192, description="Long side of the derivative, in pixels.")
    derivative_quality: int = Field(92, ge=1, le=100, description="JPEG quality of the derivative (4:2:0).")
    thumbnail_side: int = Field(256, ge=32, le=1024, description="Long side of the thumbnail, in pixels.")
    thumbnail_quality: int = Field(82, ge=1, le=100, description="JPEG quality of the thumbnail.")

    @model_validator(mode="after")
    def _memory_holds_one_body(self) -> Self:
        least = self.max_bytes + self.slots * ENTRY_BYTES
        if self.memory_bytes < least:
            raise ValueError(
                f"memory_bytes {self.memory_bytes} can't hold one body of max_bytes {self.max_bytes} beside "
                f"{self.slots} requests: give at least {least}, or lower max_bytes or concurrency"
            )
        if self.thumbnail_side > self.derivative_side:
            raise ValueError(f"thumbnail_side {self.thumbnail_side} exceeds derivative_side {self.derivative_side}")
        return self

    @property
    def slots(self) -> int:
        """Images between request and store at a time: the requests, and a short queue before the decoders."""
        return self.concurrency + 4 * self.decode_threads

    @property
    def agent(self) -> str:
        """The product token by which robots.txt and X-Robots-Tag address us."""
        return self.user_agent.split("/")[0].strip().lower()

    def honours_robots_of(self, host: str) -> bool:
        """Tell whether the robots.txt of a host counts."""
        exempt = any(host == one.lower() or host.endswith(f".{one.lower()}") for one in self.robots_exempt)
        return self.honour_robots and not exempt

    @property
    def derivative_version(self) -> str:
        """Names all that shapes derivative and thumbnail; part of their keys."""
        return f"v3-{self.derivative_side}q{self.derivative_quality}-{self.thumbnail_side}q{self.thumbnail_quality}"


class Status(StrEnum):
    """State of one record's image."""

    OK = "OK"
    NO_IMAGE = "NO_IMAGE"
    FAILED = "FAILED"


class Reason(StrEnum):
    """Why a row of ``source_images`` is not OK. :data:`REASONS` says what each means and whether it is final."""

    NO_IMAGE_URL = "no_image_url"
    BAD_URL = "bad_url"
    UNSUPPORTED_SCHEME = "unsupported_scheme"
    BLOCKED_ADDRESS = "blocked_address"
    NOT_FOUND = "not_found"
    GONE = "gone"
    FORBIDDEN = "forbidden"
    REFUSED = "refused"
    OPTED_OUT = "opted_out"
    DISALLOWED_BY_ROBOTS = "disallowed_by_robots"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    BAD_REDIRECT = "bad_redirect"
    NOT_AN_IMAGE = "not_an_image"
    HTML_INSTEAD_OF_IMAGE = "html_instead_of_image"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    TOO_LARGE = "too_large"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_MANY_FRAMES = "too_many_frames"
    TRUNCATED = "truncated"
    CORRUPT = "corrupt"
    SUPERSEDED = "superseded"
    GIVEN_UP = "given_up"
    TIMEOUT = "timeout"
    CONNECTION_FAILED = "connection_failed"
    TLS_FAILED = "tls_failed"
    DNS_FAILED = "dns_failed"
    INCOMPLETE_BODY = "incomplete_body"
    PROTOCOL_ERROR = "protocol_error"
    SERVER_ERROR = "server_error"
    RATE_LIMITED = "rate_limited"
    HOST_UNAVAILABLE = "host_unavailable"


@dataclass(frozen=True)
class ReasonSpec:
    """What a reason means to a reader, and whether trying again can help."""

    meaning: str
    permanent: bool


REASONS: dict[Reason, ReasonSpec] = {
    Reason.NO_IMAGE_URL: ReasonSpec("the record names no image", True),
    Reason.BAD_URL: ReasonSpec("the address can't be parsed or names no host", True),
    Reason.UNSUPPORTED_SCHEME: ReasonSpec("neither http, https nor a file below the image root", True),
    Reason.BLOCKED_ADDRESS: ReasonSpec("the address leads into a private network or out of the image root", True),
    Reason.NOT_FOUND: ReasonSpec("the provider answers 404, or the file is missing", True),
    Reason.GONE: ReasonSpec("the provider answers 410", True),
    Reason.FORBIDDEN: ReasonSpec("the provider answers 401, 403, 407 or 451, or the file is not readable", True),
    Reason.REFUSED: ReasonSpec("the provider answers another 4xx", True),
    Reason.OPTED_OUT: ReasonSpec("X-Robots-Tag forbids indexing or machine use", True),
    Reason.DISALLOWED_BY_ROBOTS: ReasonSpec("not asked for: the host's robots.txt disallows it", True),
    Reason.TOO_MANY_REDIRECTS: ReasonSpec("a redirect loop, or more redirects than allowed", True),
    Reason.BAD_REDIRECT: ReasonSpec("a redirect without an address, or to one that can't be parsed", True),
    Reason.NOT_AN_IMAGE: ReasonSpec("the bytes are no image (empty, text, JSON, archive, …)", True),
    Reason.HTML_INSTEAD_OF_IMAGE: ReasonSpec("a web page came in place of the image", True),
    Reason.UNSUPPORTED_MEDIA_TYPE: ReasonSpec(
        "an image or document that is not decoded here (SVG, HEIC, PDF, …)", True
    ),
    Reason.TOO_LARGE: ReasonSpec("the body exceeds max_bytes", True),
    Reason.TOO_MANY_PIXELS: ReasonSpec("the image exceeds max_pixels", True),
    Reason.TOO_MANY_FRAMES: ReasonSpec("the file exceeds max_frames, or has more scans than any honest image", True),
    Reason.TRUNCATED: ReasonSpec("the body came whole, but the image in it ends early", True),
    Reason.CORRUPT: ReasonSpec("the image can't be decoded", True),
    Reason.SUPERSEDED: ReasonSpec("not asked for again: a newer batch has the record, or withdraws it", True),
    Reason.GIVEN_UP: ReasonSpec("a transient failure lasted beyond retry_age; the detail names it", True),
    Reason.TIMEOUT: ReasonSpec("no connection, no byte or no whole body in time", False),
    Reason.CONNECTION_FAILED: ReasonSpec("refused, reset or closed before an answer", False),
    Reason.TLS_FAILED: ReasonSpec("no secure connection (certificate, protocol)", False),
    Reason.DNS_FAILED: ReasonSpec("the host name doesn't resolve", False),
    Reason.INCOMPLETE_BODY: ReasonSpec("the connection ended before the body did", False),
    Reason.PROTOCOL_ERROR: ReasonSpec("the answer breaks HTTP", False),
    Reason.SERVER_ERROR: ReasonSpec("the provider answers 5xx", False),
    Reason.RATE_LIMITED: ReasonSpec("the provider answers 429, or asked for a pause that has not ended", False),
    Reason.HOST_UNAVAILABLE: ReasonSpec("not tried: the host could not be reached several times in a row", False),
}


def next_attempt(
    settings: FetchSettings, attempts: int, now: datetime, retry_after: timedelta | None
) -> datetime | None:
    """Return when an image that failed ``attempts`` times in a transient way is due again (UTC), or None to give up.

    The wait is ``retry_base`` × 2^(attempts-1), at most ``retry_cap``, of which the upper half is random, so that images that
    failed together don't come back together. A longer ``retry_after`` wins. The age of a failure is the sum of the nominal
    waits, so time in which the platform did not run doesn't count.
    """
    if failure_age(settings, attempts) >= settings.retry_age:
        return None
    wait = nominal_wait(settings, attempts) * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not a secret
    return now + max(wait, retry_after or timedelta())


def nominal_wait(settings: FetchSettings, attempts: int) -> timedelta:
    """Return the wait after the ``attempts``-th failure, without jitter."""
    doublings = min(max(attempts, 1) - 1, 20)
    return min(settings.retry_base * int(2**doublings), settings.retry_cap)


def failure_age(settings: FetchSettings, attempts: int) -> timedelta:
    """Return the sum of the nominal waits before the ``attempts``-th attempt."""
    return sum((nominal_wait(settings, before) for before in range(1, attempts)), timedelta())
