"""Fixtures of the tests of the page; without Playwright or a Chromium they are skipped by name."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed (the dev extra has it)")

sys.path.append(str(Path(__file__).resolve().parents[2] / "stores"))

from page_proposals import propose_documents
from page_visitor import (
    ARGUMENTS,
    DESKTOP,
    WATCH_SHIFTS,
    Server,
    Visitor,
    failure_of,
    find_chromium,
    leave_open,
    matters,
)
from playwright.sync_api import Browser, sync_playwright

from heritage_assets.settings import Settings
from heritage_assets.stores.connect import Platform


@pytest.fixture(scope="session")
def museum(archive: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A copy of the session's archive for visitors who decide, with some pairs that the rules left open."""
    from heritage_assets.embedded.vector_endpoint import stop_endpoint

    stop_endpoint(archive.home)
    settings = archive.model_copy(update={"home": tmp_path_factory.mktemp("museum") / "home"})
    shutil.copytree(archive.home, settings.home, ignore=shutil.ignore_patterns("*.sock", "*.lock"))
    leave_open(settings, [(f"obj-{number}", f"obj-{number + 3}") for number in range(5, 9)])
    propose_documents(Platform(settings).lake, "museum", [["obj-1", "obj-2"], ["obj-3", "obj-4", "obj-5"]])
    yield settings
    stop_endpoint(settings.home)


@pytest.fixture(scope="session")
def page_address(museum: Settings) -> Iterator[str]:
    """The address of the application over that archive."""
    server = Server(museum)
    yield server.start()
    server.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests."""
    executable = find_chromium()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=executable, args=list(ARGUMENTS))
        yield started
        started.close()


@pytest.fixture
def make_visitor(browser: Browser, page_address: str) -> Iterator[Callable[..., Visitor]]:
    """Make visitors with a window of their own; at the end none may have met an error."""
    visitors: list[Visitor] = []

    def make(**context: object) -> Visitor:
        given = {"viewport": DESKTOP, "accept_downloads": True, "reduced_motion": "no-preference", **context}
        page = browser.new_context(**given).new_page()  # type: ignore[arg-type]
        visitor = Visitor(page, page_address)
        page.add_init_script(WATCH_SHIFTS)
        page.on("console", lambda one: visitor.errors.append(one.text) if one.type == "error" else None)
        page.on("pageerror", lambda error: visitor.errors.append(str(error)))
        page.on("requestfailed", lambda one: visitor.errors.append(failure_of(one)) if matters(one) else None)
        visitors.append(visitor)
        return visitor

    yield make
    found = [one for visitor in visitors for one in visitor.unexpected()]
    for visitor in visitors:
        visitor.page.context.close()
    assert not found, found


@pytest.fixture
def visitor(make_visitor: Callable[..., Visitor]) -> Visitor:
    """A visitor at a desk."""
    return make_visitor()
