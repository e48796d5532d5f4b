"""Record, duplicates, review, map and status, each as a person would use it."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from pathlib import Path

from page_visitor import PHONE, Visitor, expect_view
from playwright.sync_api import Page, Route, expect


def fulfil_map(page: Page, points: int, clusters: int = 20) -> None:
    """Serve a made-up map: no archive of tests holds 100,000 records."""
    rng = random.Random(7)
    centres = [(rng.uniform(-80, 80), rng.uniform(-50, 50)) for _ in range(clusters)]
    owner = [index % clusters for index in range(points)]
    body = {
        "guid": [f"point-{index}" for index in range(points)],
        "x": [round(centres[one][0] + rng.gauss(0, 5), 3) for one in owner],
        "y": [round(centres[one][1] + rng.gauss(0, 5), 3) for one in owner],
        "cluster": owner,
        "ratio": [0] * points,
        "clusters": [
            {"cluster_id": f"c-{i}", "label": f"cluster {i}", "terms": [], "size": points // clusters, "x": x, "y": y}
            for i, (x, y) in enumerate(centres)
        ],
        "hint": None,
    }
    page.route("**/api/v1/map*", lambda route: route.fulfill(json=body))


def test_a_record_tells_everything(visitor: Visitor) -> None:
    page = visitor.open("#/record/obj-1")
    expect(page.get_by_role("heading", level=1)).to_have_text("Coin of the town, number 1")
    expect(page.get_by_role("link", name="Public domain")).to_have_attribute("href", re.compile("creativecommons"))
    for fact in ("Master 1", "1803", "Town Museum", "Italy", "Inv. 1901/1-a", "obj-1"):
        expect(page.locator(".metadata")).to_contain_text(fact)
    page.get_by_text("Lineage").click()
    expect(page.locator(".metadata")).to_contain_text("museum-1")
    expect(page.locator(".metadata")).to_contain_text("clip@")
    expect(page.get_by_role("heading", name="1 other record of this object")).to_be_visible()
    expect(page.get_by_role("link", name="IIIF manifest")).to_have_attribute("href", re.compile("/iiif/record/obj-1/"))


def test_more_like_this_gives_reasons_and_can_be_steered(visitor: Visitor) -> None:
    page = visitor.open("#/record/obj-3")
    entries = page.locator(".similar-results li")
    expect(entries.first).to_contain_text(re.compile(r"picture \d\.\d+"))
    page.get_by_role("radiogroup", name="Compare by").get_by_role("radio", name="Words").click()
    expect(page.get_by_role("radio", name="Words")).to_have_attribute("aria-checked", "true")
    expect(entries.first).to_contain_text(re.compile(r"words \d\.\d+"))
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="Both")).to_be_focused()
    expect(page.locator(".similar-results")).to_have_attribute("data-by", "combined")
    title = entries.first.locator(".card-title").inner_text()
    entries.first.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)


def test_the_picture_can_be_looked_at_closely(visitor: Visitor) -> None:
    page = visitor.open("#/record/obj-2")
    pan = page.locator(".pan")
    expect(page.locator(".zoom img")).to_be_visible()
    page.get_by_role("button", name="Closer").click()
    expect(pan).to_have_css("transform", re.compile(r"matrix\(1\.5"))
    page.locator(".zoom").focus()
    page.keyboard.press("+")
    expect(pan).to_have_css("transform", re.compile(r"matrix\(2\.25"))
    page.keyboard.press("0")
    expect(pan).to_have_css("transform", re.compile(r"matrix\(1,"))
    page.locator(".zoom").dblclick()
    expect(pan).to_have_css("transform", re.compile(r"matrix\(3,"))


def test_a_record_without_picture_says_why(visitor: Visitor) -> None:
    page = visitor.open("#/record/text-only")
    expect(page.get_by_role("img", name=re.compile("No picture"))).to_be_visible()
    expect(page.locator(".metadata")).to_contain_text("The record names no picture")


def test_an_unknown_record_and_an_unknown_page(visitor: Visitor) -> None:
    visitor.expected.append("404")
    page = visitor.open("#/record/there-is-none")
    expect(page.get_by_role("alert")).to_contain_text("Not in this archive")
    visitor.open("#/nowhere")
    expect(page.get_by_text("There is no such page")).to_be_visible()


def test_a_group_is_compared_in_four_ways(visitor: Visitor) -> None:
    page = visitor.open("#/duplicates")
    page.locator(".group-card").first.click()
    expect(page.locator(".half img")).to_have_count(2)
    expect(page.locator(".evidence")).to_contain_text("Duplicate")
    for mode in ("Slider", "Blink", "Difference"):
        page.get_by_role("radio", name=mode).click()
        expect(page.locator(".overlay img")).to_have_count(2)
        expect(page).to_have_url(re.compile(f"mode={mode.lower()}"))
    page.get_by_role("radio", name="Slider").click()
    wipe = page.get_by_label("How much of A is shown")
    wipe.focus()
    page.keyboard.press("Home")
    expect(page.locator(".overlay")).to_have_css("--at", "0%")
    copies = page.locator(".members li")
    copies.nth(1).get_by_role("button", name="as A").click()
    expect(page).to_have_url(re.compile("a="))


def test_pairs_are_reviewed_by_keys_and_taken_back(visitor: Visitor) -> None:
    page = visitor.open("#/review")
    expect(page.locator(".decide")).to_be_visible()
    progress = page.locator(".progress")
    before = progress.inner_text()
    todo = int(re.search(r"(\d+) to do", before)[1])
    first = page.locator(".half figcaption").all_inner_texts()
    page.keyboard.press("n")
    expect(page.get_by_placeholder("Why? (optional)")).to_be_focused()
    page.keyboard.type("seen side by side")
    page.keyboard.press("Escape")
    with page.expect_request(lambda one: one.method == "POST") as sent:
        page.keyboard.press("d")
    body = json.loads(sent.value.post_data or "{}")
    assert body["decision"] == "different" and body["note"] == "seen side by side" and len(body["decision_id"]) == 32
    expect(progress).to_contain_text(f"{todo - 1} to do, 1 decided")
    expect(progress).to_contain_text("1 take effect at the next canonicalization")
    page.keyboard.press("u")
    expect(progress).to_contain_text(f"{todo} to do, 0 decided")
    assert page.locator(".half figcaption").all_inner_texts() == first
    page.reload()
    expect(page.locator(".progress")).to_contain_text(f"{todo} to do")


def test_skipping_puts_a_pair_off_until_one_looks_again(visitor: Visitor) -> None:
    page = visitor.open("#/review")
    expect(page.locator(".decide")).to_be_visible()
    todo = int(re.search(r"(\d+) to do", page.locator(".progress").inner_text())[1])
    for _ in range(todo):
        expect(page.locator(".decide")).to_be_visible()
        shown = page.locator(".half figcaption").all_inner_texts()
        page.keyboard.press("Space")
        page.wait_for_function(
            "(shown) => [...document.querySelectorAll('.half figcaption')].map((one) => one.innerText).join() !== shown",
            arg=",".join(shown),
        )
    expect(page.get_by_text("Nothing to review")).to_be_visible()
    page.get_by_role("button", name="Look again").click()
    expect(page.locator(".decide")).to_be_visible()


def test_a_second_reviewer_who_is_slower_is_told(visitor: Visitor, make_visitor: Callable[..., Visitor]) -> None:
    slow, fast = visitor.open("#/review"), make_visitor().open("#/review")
    visitor.expected.append("409")
    for page in (slow, fast):
        expect(page.locator(".decide")).to_be_visible()
    fast.keyboard.press("v")
    expect(fast.locator(".toast")).to_contain_text("Variant")
    slow.keyboard.press("s")
    expect(slow.locator(".toast")).to_contain_text("Somebody else decided this pair")
    fast.keyboard.press("u")
    expect(fast.locator(".toast")).to_contain_text("Taken back")


def test_the_map_opens_records_and_its_lasso_selects(visitor: Visitor, tmp_path: Path) -> None:
    page = visitor.open("#/map")
    frame = page.get_by_role("application")
    expect(frame).to_be_visible()
    assert frame.get_attribute("data-painter") in ("webgl", "canvas")
    page.get_by_role("button", name="Lasso").click()
    box = frame.bounding_box()
    corners = [(0.02, 0.1), (0.98, 0.1), (0.98, 0.98), (0.02, 0.98), (0.02, 0.4), (0.02, 0.12)]
    places = [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in corners]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=3)
    page.mouse.up()
    side = page.get_by_role("complementary", name="Clusters and selection")
    expect(side).to_contain_text(re.compile(r"\d+ objects? chosen"))
    expect(page).to_have_url(re.compile("area="))
    chosen = int(re.search(r"(\d+) object", side.inner_text())[1])
    assert chosen > 10
    with page.expect_download() as download:
        side.get_by_text("Export").click()
        side.get_by_role("button", name="CSV").click()
    saved = tmp_path / "selection.csv"
    download.value.save_as(saved)
    lines = saved.read_text(encoding="utf-8-sig").splitlines()
    assert '"guid"' in lines[0] and len(lines) == chosen + 1
    side.get_by_role("link", name="Search in them").click()
    expect(page.get_by_role("button", name="Remove the filter Area of the map")).to_be_visible()
    expect(page.locator(".total")).to_contain_text(str(chosen))
    houses = page.get_by_role("group", name="Institution").locator(".facet-count")
    expect(houses.first).to_be_visible()
    assert sum(int(one) for one in houses.all_inner_texts()) == chosen


def test_the_map_is_moved_by_keys_and_its_address_comes_back(
    visitor: Visitor, make_visitor: Callable[..., Visitor]
) -> None:
    page = visitor.open("#/map")
    page.get_by_role("application").focus()
    for key in ("+", "+", "ArrowLeft"):
        page.keyboard.press(key)
    expect(page).to_have_url(re.compile(r"z=1\.96"))
    again = make_visitor().open(page.url.split("/", 3)[3])
    expect(again.get_by_role("application")).to_be_visible()
    again.get_by_role("application").focus()
    again.keyboard.press("+")
    expect(again).to_have_url(re.compile(r"z=2\.74"))


def test_whoever_is_lost_on_the_map_is_led_back(visitor: Visitor) -> None:
    page = visitor.open("#/map?x=1000&y=1000&z=50")
    expect(page.get_by_text("Nothing lies here.")).to_be_visible()
    page.get_by_role("button", name="Show the whole map").click()
    expect(page.get_by_text("Nothing lies here.")).to_be_hidden()
    expect(page).not_to_have_url(re.compile(r"z="))
    visitor.open("#/map?x=1000&y=1000&z=50")
    page.get_by_role("link", name="Map", exact=True).click()
    expect(page.get_by_text("Nothing lies here.")).to_be_hidden()


def test_a_hundred_thousand_points_stay_smooth(visitor: Visitor) -> None:
    fulfil_map(visitor.page, 100_000)
    page = visitor.open("#/map")
    expect(page.get_by_role("application")).to_have_attribute("data-drawn", "yes", timeout=30_000)
    work = page.evaluate(
        """async () => {
          const frame = document.querySelector('.map-frame');
          const box = frame.getBoundingClientRect();
          const times = [];
          for (let step = 0; step < 30; step += 1) {
            const at = {clientX: box.left + 300 + step, clientY: box.top + 300, bubbles: true, cancelable: true};
            const begin = performance.now();
            frame.dispatchEvent(new WheelEvent('wheel', {...at, deltaY: step % 2 ? 60 : -60}));
            frame.dispatchEvent(new PointerEvent('pointermove', {...at, pointerType: 'mouse'}));
            times.push(performance.now() - begin);
            await new Promise(requestAnimationFrame);
          }
          return times.sort((a, b) => a - b)[15];
        }"""
    )
    assert work < 8, f"handling one movement over 100,000 points takes {work:.1f} ms"
    assert page.evaluate("performance.now()") < 30_000, "the map was long in coming"


def test_clusters_lead_to_their_place_and_to_their_records(visitor: Visitor) -> None:
    page = visitor.page
    fulfil_map(page, 2_000)
    visitor.open("#/map")
    page.get_by_role("button", name=re.compile("^cluster 3")).click()
    expect(page).to_have_url(re.compile("z=4"))
    expect(page.get_by_role("link", name="Search in cluster 3")).to_have_attribute("href", re.compile("cluster_id=c-3"))


def test_the_status_counts_and_is_live(visitor: Visitor) -> None:
    page = visitor.open("#/status")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    flow = page.get_by_role("list", name="The archive in figures")
    expect(flow).to_contain_text("31")
    expect(page.get_by_label("Batches table")).to_contain_text("museum-1")
    expect(page.get_by_role("heading", name="Last runs").locator("..")).to_contain_text("Success")
    expect(page.get_by_role("heading", name="Encoder and stores").locator("..")).to_contain_text("clip@")
    lake = page.get_by_role("region", name="Tables of the lake")
    expect(lake.get_by_role("row", name=re.compile("^Cleansed records"))).to_contain_text("31")


def test_the_stream_of_the_status_changes_the_page(visitor: Visitor) -> None:
    page = visitor.page

    def changed(route: Route) -> None:
        status = page.request.get(f"{visitor.address}/api/v1/status").json()
        status["running"] = True
        status["archive"]["landed"] = 4242
        route.fulfill(content_type="text/event-stream", body=f"event: status\ndata: {json.dumps(status)}\n\n")

    page.route("**/api/v1/status/stream", changed)
    visitor.open("#/status")
    expect(page.get_by_text("4,242")).to_be_visible()


def test_every_view_fits_a_phone(make_visitor: Callable[..., Visitor]) -> None:
    visitor = make_visitor(viewport=PHONE, has_touch=True, is_mobile=True)
    for route in ("#/search", "#/record/obj-1", "#/duplicates", "#/review", "#/documents", "#/map", "#/status"):
        page = visitor.open(route)
        expect_view(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), route
