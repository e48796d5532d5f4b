"""A real browser before the real application: who visits, and what is served."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pyarrow as pa
import pytest
import uvicorn
from playwright.sync_api import Page, Request, expect

from heritage_assets.curation.schemas import DUPLICATE_PAIRS
from heritage_assets.search.api.app import create_app
from heritage_assets.settings import Settings
from heritage_assets.stores.connect import Platform

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--no-first-run", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"),
)
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}

expect.set_options(timeout=15_000)

WATCH_SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts.push(entry.value);
}).observe({type: 'layout-shift', buffered: true});
"""


def find_chromium() -> str:
    """The machine's Chromium; skips where there is none."""
    named = os.environ.get("HERITAGE_TEST_CHROMIUM")
    found = named or next(filter(None, map(shutil.which, CHROMIUM)), None)
    if not found or not Path(found).exists():
        pytest.skip("no Chromium: install one, or name it in HERITAGE_TEST_CHROMIUM")
    return found


class Server:
    """The application behind a real socket, in a thread."""

    def __init__(self, settings: Settings) -> None:
        config = uvicorn.Config(create_app(settings), host="127.0.0.1", port=0, log_level="warning", lifespan="on")
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, daemon=True)

    def start(self) -> str:
        """Return the address once the application answers and the encoder is ready."""
        self.thread.start()
        _until(lambda: self.server.started, "the server to start")
        address = f"http://127.0.0.1:{self.server.servers[0].sockets[0].getsockname()[1]}"
        ready = ("ready", "failed")
        _until(lambda: httpx.get(f"{address}/api/v1/meta").json()["encoder_state"] in ready, "the encoder")
        return address

    def stop(self) -> None:
        """Stop and wait until everything is closed."""
        self.server.should_exit = True
        self.thread.join(30)


def leave_open(settings: Settings, pairs: list[tuple[str, str]]) -> None:
    """Store pairs for review, as canonicalization does with those that its rules can't decide."""
    platform = Platform(settings)
    stored = platform.lake.read(DUPLICATE_PAIRS)["encoder"].to_pylist()
    rows = [
        {
            **{
                "guid_a": min(pair),
                "guid_b": max(pair),
                "encoder": stored[0],
                "image_cosine": 0.97,
                "text_cosine": 0.9,
            },
            **{"hash_distance": 9, "conflict": "title", "verdict": "review", "rule": "borderline"},
        }
        for pair in pairs
    ]
    platform.lake.merge(DUPLICATE_PAIRS, pa.Table.from_pylist(rows, DUPLICATE_PAIRS.schema))


def _until(done: Callable[[], bool], what: str, seconds: float = 60) -> None:
    ends = time.monotonic() + seconds
    while not done():
        if time.monotonic() > ends:
            raise TimeoutError(f"waited {seconds} s for {what}")
        time.sleep(0.05)


@dataclass
class Visitor:
    """A person at the page, who notices every error."""

    page: Page
    address: str
    errors: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)
    """Parts of error messages that a test provokes."""

    def open(self, route: str = "#/search") -> Page:
        """Go to an address of the page and wait until it is drawn."""
        self.page.goto(f"{self.address}/{route}")
        expect(self.page.locator(".nav")).to_be_visible()
        return self.page

    def unexpected(self) -> list[str]:
        """Errors that no test asked for."""
        return [one for one in self.errors if not any(part in one for part in self.expected)]

    def shift(self) -> float:
        """Sum of the layout shifts that no input caused."""
        return float(self.page.evaluate("window.shifts.reduce((sum, one) => sum + one, 0)"))


def matters(request: Request) -> bool:
    """A request that a view drops when it is left is no error."""
    return "ERR_ABORTED" not in (request.failure or "")


def failure_of(request: Request) -> str:
    return f"{request.url}: {request.failure}"


def expect_view(page: Page) -> None:
    """Wait until the view shows what it has to show."""
    drawn = ".grid .card, .record-body, .group-card, .decide, .dataset-list, .page-card, .film-frame, .map-frame, .flow"
    expect(page.locator(drawn).first).to_be_visible()
    expect(page.locator(".view[aria-busy=true]")).to_have_count(0)
