"""What must hold everywhere: hostile metadata stay text, errors are told, nothing jumps, everybody can use it, it stays light."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from page_visitor import PHONE, Server, Visitor, expect_view
from playwright.sync_api import Page, Route, expect

import heritage_assets.search
from heritage_assets.settings import Settings

VIEWS = (
    "#/search",
    "#/search?q=coin&type=coin",
    "#/record/obj-1",
    "#/duplicates",
    "#/review",
    "#/documents",
    "#/map",
    "#/status",
)
FOLDER = Path(heritage_assets.search.__file__).parent / "page"
HOSTILE = '"><script>window.pwned=1</script><img src=x onerror="window.pwned=1">'
FIRST_LOAD_BYTES = 300_000


def poison(value: object) -> object:
    """Replace what providers may write by a script."""
    free = {"title", "creator", "type", "provider", "data_provider", "description", "label", "rights", "subject", "why"}
    if isinstance(value, dict):
        return {
            key: ([HOSTILE] if isinstance(item, list) else HOSTILE) if key in free and item else poison(item)
            for key, item in value.items()
        }
    return [poison(item) for item in value] if isinstance(value, list) else value


def poisoned(route: Route) -> None:
    answer = route.fetch()
    body = json.loads(answer.body())
    links = {"provider_page": "javascript:window.pwned=1", "provider_image": "data:text/html,<script>1</script>"}
    if "links" in body:
        body["links"] |= links
    route.fulfill(response=answer, json=poison(body))


@pytest.mark.parametrize("view", VIEWS)
def test_hostile_metadata_are_shown_as_text(visitor: Visitor, view: str) -> None:
    page = visitor.page
    page.route(re.compile(r"/api/v1/(search|records|similar|duplicates|review|documents|map|cards|facets)"), poisoned)
    visitor.open(view)
    expect_view(page)
    if view not in ("#/map", "#/status"):
        expect(page.get_by_text(HOSTILE[:30]).first).to_be_attached()
    assert page.evaluate("window.pwned") is None
    assert page.locator("main script, main img[src='x'], a[href^='javascript:'], a[href^='data:']").count() == 0
    page.unroute_all(behavior="ignoreErrors")


def test_a_stored_script_in_a_title_is_text(visitor: Visitor) -> None:
    page = visitor.open("#/record/hostile")
    expect(page.locator(".record-body")).to_be_visible()
    assert page.locator("main script").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", VIEWS)
def test_axe_finds_nothing(make_visitor: Callable[..., Visitor], view: str, scheme: str) -> None:
    visitor = make_visitor(
        color_scheme=scheme, reduced_motion="reduce", bypass_csp=True
    )  # axe is a script from outside
    page = visitor.open(view)
    expect_view(page)
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]})
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("view", VIEWS)
def test_nothing_jumps(visitor: Visitor, view: str) -> None:
    page = visitor.open(view)
    expect_view(page)
    at_rest(page)
    page.mouse.wheel(0, 900)
    at_rest(page)
    assert visitor.shift() < 0.05


def at_rest(page: Page) -> None:
    """Wait until every picture that is wanted has come and two frames were drawn since."""
    page.wait_for_function(
        """() => [...document.images].every((one) => one.complete || (one.loading === 'lazy' &&
             (one.getBoundingClientRect().top > innerHeight || one.getBoundingClientRect().bottom < 0)))"""
    )
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def test_the_first_load_is_light(visitor: Visitor) -> None:
    page, loaded = visitor.page, []
    page.on("response", lambda answer: loaded.append(answer) if "/image/" not in answer.url else None)
    visitor.open()
    expect_view(page)
    sizes = [int(one.headers.get("content-length", 0)) or len(one.body()) for one in loaded]
    assert 10_000 < sum(sizes) < FIRST_LOAD_BYTES, sum(sizes)


def test_the_whole_page_is_light_even_uncompressed() -> None:
    files = [one for one in FOLDER.rglob("*") if one.is_file()]
    assert sum(len(gzip.compress(one.read_bytes())) for one in files) < FIRST_LOAD_BYTES / 2
    assert not [one.name for one in files if one.suffix == ".js" and len(one.read_text().splitlines()) > 300]


def test_no_code_parses_data_as_html_and_the_page_holds_no_inline_code() -> None:
    forbidden = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser")
    for script in FOLDER.rglob("*.js"):
        assert not forbidden.search(script.read_text()), script
    html = (FOLDER / "index.html").read_text()
    assert not re.search(r"<script(?![^>]*src=)|\son\w+=|\sstyle=|<style", html)


def test_the_policy_forbids_what_the_page_does_not_need(visitor: Visitor) -> None:
    visitor.expected.append("Content Security Policy")
    page = visitor.open()
    page.evaluate(
        "() => { const one = document.createElement('script'); one.textContent = 'window.pwned = 1'; document.body.append(one); }"
    )
    assert page.evaluate("window.pwned") is None


def test_a_restarting_store_is_told_and_the_page_recovers(visitor: Visitor) -> None:
    page, down = visitor.page, [True]
    visitor.expected.append("503")
    problem = {
        "title": "Unavailable",
        "status": 503,
        "code": "vectors_unavailable",
        "detail": "the vector store restarts",
    }

    def answer(route: Route) -> None:
        if down[0]:
            route.fulfill(status=503, content_type="application/problem+json", body=json.dumps(problem))
        else:
            route.continue_()

    page.route(re.compile("/api/v1/(search|facets)"), answer)
    visitor.open()
    expect(page.get_by_role("alert")).to_contain_text("busy or restarting")
    expect(page.get_by_role("alert")).to_contain_text("The vector store restarts.")
    down[0] = False
    expect(page.locator(".grid .card").first).to_be_visible()


def test_before_anything_is_harvested_every_view_says_what_to_do(
    make_visitor: Callable[..., Visitor], archive: Settings, tmp_path: Path
) -> None:
    server = Server(archive.model_copy(update={"home": tmp_path / "home"}))
    visitor = make_visitor()
    visitor.address = server.start()
    try:
        for route in ("#/search", "#/duplicates", "#/review", "#/map", "#/status"):
            page = visitor.open(route)
            expect(page.get_by_text("The archive is still empty")).to_be_visible()
            expect(page.get_by_label("Commands to type")).to_contain_text("heritage materialize")
    finally:
        visitor.page.goto("about:blank")
        server.stop()


def test_the_theme_is_switched_and_remembered(make_visitor: Callable[..., Visitor]) -> None:
    page = make_visitor(color_scheme="light").open()
    ground = "getComputedStyle(document.body).backgroundColor"
    before = page.evaluate(ground)
    page.get_by_role("button", name="Use the dark theme").click()
    assert page.evaluate(ground) != before
    dark = page.evaluate(ground)
    page.reload()
    assert page.evaluate(ground) == dark


def test_whoever_wants_less_motion_gets_no_blinking(make_visitor: Callable[..., Visitor]) -> None:
    visitor = make_visitor(reduced_motion="reduce")
    visitor.page.clock.install()
    page = visitor.open("#/duplicates")
    page.locator(".group-card").first.click()
    page.get_by_role("radio", name="Blink").click()
    expect(page.get_by_role("button", name="Start")).to_be_visible()
    page.clock.run_for(5_000)
    expect(page.locator(".overlay.second")).to_have_count(0)


def test_every_control_of_a_view_can_be_reached_and_is_seen_to_have_the_focus(visitor: Visitor) -> None:
    page = visitor.open()
    expect_view(page)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    seen = set()
    for _ in range(14):
        page.keyboard.press("Tab")
        seen.add(focused(page))
    assert {"Search", "Map", "Duplicates", "Status", "Search the archive by words"} <= {name for name, _ in seen}
    assert all(width > 0 for _, width in seen if width is not None)


def focused(page: Page) -> tuple[str, float | None]:
    """Name of the element with the focus, and the width of its outline (None for a field that frames itself)."""
    return tuple(  # type: ignore[return-value]
        page.evaluate(
            """() => {
              const one = document.activeElement;
              const name = one.getAttribute('aria-label') || one.innerText.trim();
              const framed = one.closest('.ask-field') && one.matches('input');
              return [name, framed ? null : parseFloat(getComputedStyle(one).outlineWidth)];
            }"""
        )
    )


def test_a_phone_in_the_dark(make_visitor: Callable[..., Visitor]) -> None:
    visitor = make_visitor(viewport=PHONE, has_touch=True, is_mobile=True, color_scheme="dark", bypass_csp=True)
    page = visitor.open("#/review")
    expect_view(page)
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa"]})
    assert found.violations_count == 0, found.generate_report()
