"""Documents of scanned pages as a person finishes them: by keyboard, in the filmstrip."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from page_visitor import Server, Visitor, expect_view
from playwright.sync_api import Locator, Page, Route, expect

sys.path.append(str(Path(__file__).resolve().parents[1]))

from scans_home import PROPOSAL, scans_home

from heritage_assets.settings import Settings
from heritage_assets.stores.connect import Platform
from heritage_assets.stores.page_decisions import WantedPages, append_page_decisions, open_desk


@pytest.fixture
def scans(tmp_path: Path, dataset: str) -> Settings:
    """A home of scans."""
    return scans_home(tmp_path, dataset)


@pytest.fixture
def page_address(scans: Settings) -> Iterator[str]:
    """The address of the application over that home."""
    server = Server(scans)
    yield server.start()
    server.stop()


@pytest.fixture
def dataset() -> str:
    """The dataset's name, with what an address must escape."""
    return "loose scans/1"


def parts(settings: Settings, dataset: str) -> list[list[str]]:
    return [list(one.guids) for one in open_desk(Platform(settings).lake, dataset).documents.ordered()]


def current(page: Page) -> Locator:
    return page.locator(".frame-button[aria-current=true]")


def press(page: Page, key: str, told: str) -> None:
    page.keyboard.press(key)
    expect(page.locator("#toasts")).to_contain_text(told)


def test_documents_are_finished_with_the_keyboard(
    make_visitor: Callable[..., Visitor], scans: Settings, dataset: str
) -> None:
    visitor = make_visitor(bypass_csp=True)  # axe is a script from outside
    page = visitor.open(f"#/filmstrip/{dataset}")
    expect(current(page)).to_have_attribute("aria-label", re.compile(r"page-4\.jpg, page 1 of 3.*starts here"))
    expect(page.locator(".film-about")).to_contain_text("40 % doubt")
    press(page, "m", "Goes on with the document before")
    expect(current(page)).to_have_attribute("aria-label", re.compile("page 4 of 6"))
    assert parts(scans, dataset) == [[*PROPOSAL[0], *PROPOSAL[1]], PROPOSAL[2]]
    press(page, "u", "Taken back")
    assert parts(scans, dataset) == PROPOSAL
    page.keyboard.press("n")
    expect(current(page)).to_have_attribute("aria-label", re.compile("page-lost"))
    press(page, "s", "A document starts here")
    assert parts(scans, dataset) == [PROPOSAL[0], ["page-4"], ["page-lost", "page-5"], PROPOSAL[2]]
    press(page, "[", "Moved, and that document confirmed")
    assert parts(scans, dataset) == [PROPOSAL[0], ["page-4", "page-lost"], ["page-5"], PROPOSAL[2]]
    page.keyboard.press("ArrowRight")
    expect(current(page)).to_have_attribute("aria-label", re.compile("page-5"))
    page.keyboard.press("t")
    title = page.get_by_label("Title when confirmed")
    expect(title).to_be_focused()
    expect(title).to_have_attribute("placeholder", f"{dataset}: page-5")
    page.keyboard.type("One leaf")
    page.keyboard.press("Enter")
    page.keyboard.press("c")
    expect(page.locator("#toasts")).to_contain_text("Confirmed")
    titles = {one.title for one in open_desk(Platform(scans).lake, dataset).documents.by_id.values()}
    assert "One leaf" in titles
    expect(page.get_by_role("status").first).to_contain_text("2 of 4 documents confirmed")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_somebody_else_was_faster(visitor: Visitor, scans: Settings, dataset: str) -> None:
    visitor.expected.append("409")
    page = visitor.open(f"#/filmstrip/{dataset}")
    expect(current(page)).to_be_visible()
    lake = Platform(scans).lake
    append_page_decisions(lake, open_desk(lake, dataset), [WantedPages("confirm", "Ben", tuple(PROPOSAL[0]))])
    press(page, "m", "somebody changed these documents meanwhile")
    assert parts(scans, dataset) == PROPOSAL
    expect(page.get_by_role("status").first).to_contain_text("1 of 3 documents confirmed")


def test_a_document_shows_its_pages_and_can_be_taken_along(make_visitor: Callable[..., Visitor], dataset: str) -> None:
    visitor = make_visitor(bypass_csp=True)
    page = visitor.open(f"#/documents?dataset={dataset}")
    expect(page.locator(".group-card")).to_have_count(3)
    page.locator(".group-card").nth(1).click()
    expect(page.locator(".page-card")).to_have_count(3)
    expect(page.get_by_role("link", name="IIIF manifest")).to_have_attribute(
        "href", re.compile(r"/iiif/document/doc-\w+/")
    )
    with page.expect_download() as download:
        page.get_by_role("link", name="PDF").click()
    assert download.value.path().read_bytes().startswith(b"%PDF")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_at_the_edge_of_what_is_loaded_the_strip_goes_on(visitor: Visitor, dataset: str) -> None:
    visitor.page.route(
        re.compile(r"/api/v1/filmstrip"), lambda route: route.continue_(url=f"{route.request.url}&reach=1")
    )
    page = visitor.open(f"#/filmstrip/{dataset}?at=2")
    expect(current(page)).to_be_visible()
    for wanted in ("page-4", "page-lost", "page-5", "page-6"):
        page.keyboard.press("ArrowRight")
        expect(current(page)).to_have_attribute("aria-label", re.compile(wanted))
        expect(page.locator(".film-pair figure")).to_have_count(2)
    press(page, "m", "Goes on with the document before")
    page.unroute_all(behavior="ignoreErrors")


def test_the_tab_is_there_where_documents_are(visitor: Visitor) -> None:
    page = visitor.open("#/documents")
    expect_view(page)
    tab = page.get_by_role("navigation", name="Views").get_by_role("link", name="Documents")
    expect(tab).to_be_visible()
    page.route("**/api/v1/meta", without_documents)
    with page.expect_response(re.compile(r"/api/v1/review\?")):
        page.reload()
    expect_view(page)
    expect(tab).to_be_hidden()


def without_documents(route: Route) -> None:
    answer = route.fetch()
    route.fulfill(response=answer, json=answer.json() | {"documents": 0})
