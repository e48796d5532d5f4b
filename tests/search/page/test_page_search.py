"""Searching as a person does it: words, pictures, filters, keys, addresses."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import pytest
from page_visitor import PHONE, Visitor
from PIL import Image
from playwright.sync_api import Page, Route, expect


def cards(page: Page):
    return page.locator(".grid .card")


def search_for(page: Page, words: str) -> None:
    page.get_by_role("searchbox").fill(words)
    page.keyboard.press("Enter")


def settled(page: Page) -> None:
    expect(page.locator(".view.search")).to_have_attribute("aria-busy", "false")


def a_picture() -> bytes:
    file = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").resize((900, 700)).save(file, "JPEG")
    return file.getvalue()


def test_words_find_records_and_stand_in_the_address(visitor: Visitor) -> None:
    page = visitor.open()
    search_for(page, "Coin of the town")
    expect(page).to_have_url(re.compile(r"q=Coin"))
    settled(page)
    assert cards(page).count() > 5
    expect(page.get_by_text("Nearest first")).to_be_visible()


def test_an_inventory_number_brings_its_object_first(visitor: Visitor) -> None:
    page = visitor.open()
    search_for(page, "inv 1907 7 A")
    settled(page)
    expect(cards(page).first).to_contain_text("number 7")
    expect(cards(page).first).to_contain_text("inventory number")


def test_filters_narrow_count_and_can_be_taken_back(visitor: Visitor) -> None:
    page = visitor.open()
    settled(page)
    everything = cards(page).count()
    page.get_by_role("group", name="Type").get_by_label(re.compile("^coin")).check()
    expect(page.get_by_role("button", name="Remove the filter Type: coin")).to_be_visible()
    settled(page)
    coins = cards(page).count()
    assert 0 < coins < everything
    expect(page.locator(".total")).to_contain_text(str(coins))
    page.get_by_role("group", name="Country").get_by_label(re.compile("^Italy")).check()
    settled(page)
    assert 0 < cards(page).count() < coins
    page.get_by_role("button", name="Clear all").click()
    expect(page).not_to_have_url(re.compile("type="))
    expect(cards(page)).to_have_count(everything)


def test_years_narrow(visitor: Visitor) -> None:
    page = visitor.open()
    page.get_by_label("From year").fill("1830")
    page.get_by_label("To year").fill("1845")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Remove the filter Years 1830 to 1845")).to_be_visible()
    settled(page)
    for line in page.locator(".card-line").all_inner_texts():
        assert 1830 <= int(re.search(r"(\d{4})", line)[1]) <= 1845


def test_a_shared_address_restores_everything(visitor: Visitor, make_visitor: Callable[..., Visitor]) -> None:
    page = visitor.open("#/search?q=map&type=map&type=painting&from=1800&to=1860&sort=-year&copies=1")
    settled(page)
    titles = page.locator(".card-title").all_inner_texts()
    again = make_visitor().open(page.url.split("/", 3)[3])
    settled(again)
    assert again.locator(".card-title").all_inner_texts() == titles
    expect(again.get_by_role("searchbox")).to_have_value("map")
    expect(again.get_by_label("Order")).to_have_value("-year")
    expect(again.get_by_label("Every copy")).to_be_checked()
    expect(again.get_by_label("From year")).to_have_value("1800")
    expect(again.get_by_label(re.compile("^painting"))).to_be_checked()


def test_copies_are_one_object_until_asked_for(visitor: Visitor) -> None:
    page = visitor.open()
    settled(page)
    objects = cards(page).count()
    expect(page.locator(".badge.copies").first).to_contain_text("copies")
    page.get_by_label("Every copy").check()
    expect(page).to_have_url(re.compile("copies=1"))
    settled(page)
    assert cards(page).count() > objects


def test_an_own_picture_alone_and_with_words(visitor: Visitor, make_visitor: Callable[..., Visitor]) -> None:
    page = visitor.open()
    page.locator("input[type=file]").set_input_files(
        {"name": "mine.jpg", "mimeType": "image/jpeg", "buffer": a_picture()}
    )
    expect(page.get_by_text("Your picture")).to_be_visible()
    settled(page)
    alone = page.locator(".card").evaluate_all("all => all.map((one) => one.getAttribute('href'))")
    assert len(alone) > 5
    search_for(page, "coin")
    slider = page.get_by_label("Weight of the picture against the words")
    expect(slider).to_be_visible()
    slider.fill("0.1")
    expect(page).to_have_url(re.compile("weight=0.1"))
    settled(page)
    titles = page.locator(".card-title").all_inner_texts()
    again = make_visitor().open(page.url.split("/", 3)[3])  # the picture travels in the address
    settled(again)
    assert again.locator(".card-title").all_inner_texts() == titles


@pytest.mark.parametrize("how", ["drop", "paste"])
def test_a_picture_can_be_dropped_and_pasted(visitor: Visitor, how: str) -> None:
    page = visitor.open()
    settled(page)
    page.evaluate(
        """async ([bytes, how]) => {
          const data = new DataTransfer();
          data.items.add(new File([new Uint8Array(bytes)], 'mine.jpg', {type: 'image/jpeg'}));
          const event = how === 'drop'
            ? new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true})
            : new ClipboardEvent('paste', {clipboardData: data, bubbles: true});
          document.body.dispatchEvent(event);
        }""",
        [list(a_picture()), how],
    )
    expect(page.get_by_text("Your picture")).to_be_visible()
    page.get_by_role("button", name="Search without the picture").click()
    expect(page.get_by_text("Your picture")).to_have_count(0)


def test_what_is_no_picture_is_refused_in_words(visitor: Visitor) -> None:
    page = visitor.open()
    page.locator("input[type=file]").set_input_files(
        {"name": "a.png", "mimeType": "image/png", "buffer": b"no picture"}
    )
    expect(page.locator(".toast")).to_contain_text("no picture this browser can read")


def test_the_whole_way_with_keys_alone(visitor: Visitor) -> None:
    page = visitor.open()
    settled(page)
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("painting")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("q=painting"))
    settled(page)
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowRight")
    expect(cards(page).nth(0)).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(cards(page).nth(1)).to_be_focused()
    page.keyboard.press("ArrowDown")
    below = page.evaluate("document.activeElement.closest('li').offsetTop")
    assert below > 0
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Home")
    wanted = cards(page).nth(0).locator(".card-title").inner_text()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(wanted)
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text(re.compile(r"^2 of \d+"))).to_be_visible()
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile("#/search.*q=painting"))
    settled(page)
    page.keyboard.press("Escape")
    expect(page).not_to_have_url(re.compile("q="))


def test_more_is_loaded_by_scrolling_and_found_again_on_the_way_back(visitor: Visitor) -> None:
    page = visitor.page
    page.route(
        "**/api/v1/search?**", lambda route: route.continue_(url=re.sub(r"limit=60", "limit=8", route.request.url))
    )
    visitor.open()
    settled(page)
    page.mouse.wheel(0, 4000)
    expect(cards(page)).not_to_have_count(8)
    page.wait_for_function("document.querySelectorAll('.grid .card').length > 16")
    hrefs = cards(page).evaluate_all("all => all.map((one) => one.getAttribute('href'))")
    assert len(hrefs) == len(set(hrefs))
    page.unroute("**/api/v1/search?**")
    page.evaluate("window.scrollTo(0, 700)")
    cards(page).nth(12).click()
    expect(page.locator(".record-body")).to_be_visible()
    page.go_back()
    settled(page)
    page.wait_for_function("window.scrollY > 500")


def test_pictures_fill_their_places_in_the_grid(visitor: Visitor) -> None:
    page = visitor.open()
    settled(page)
    expect(cards(page).locator("img").first).to_be_visible()
    off = page.evaluate(
        """() => [...document.querySelectorAll('.grid .card')].slice(0, 12).map((card) => {
          const [place, shown] = [card, card.querySelector('.picture')].map((one) => one.getBoundingClientRect());
          return Math.abs(place.left - shown.left) + Math.abs(place.right - shown.right);
        })"""
    )
    assert len(off) == 12
    assert max(off) < 1, off


def test_on_a_phone_the_filters_open_over_the_results(make_visitor: Callable[..., Visitor]) -> None:
    page = make_visitor(viewport=PHONE, has_touch=True, is_mobile=True).open()
    settled(page)
    page.get_by_role("button", name="Filters", exact=True).tap()
    page.get_by_label(re.compile("^coin")).check()
    page.get_by_role("button", name="Close the filters").tap()
    expect(page.get_by_role("button", name="Filters (1)")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_search_with_the_picture_of_a_record(visitor: Visitor) -> None:
    page = visitor.open("#/record/obj-4")
    page.get_by_role("link", name="Search with this picture").click()
    expect(page.get_by_text("Like this record")).to_be_visible()
    settled(page)
    assert "like=obj-4" in unquote(page.url)
    assert cards(page).count() > 5


def test_the_institution_narrows_and_all_results_are_saved_by_keys(visitor: Visitor) -> None:
    page = visitor.open("#/search?q=coin")
    settled(page)
    page.get_by_role("group", name="Institution").get_by_label(re.compile("^Lower House")).check()
    expect(page.get_by_role("button", name="Remove the filter Institution: Lower House")).to_be_visible()
    settled(page)
    page.locator(".save summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="JSON lines")).to_be_focused()
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    rows = [json.loads(line) for line in Path(download.value.path()).read_text(encoding="utf-8").splitlines()]
    assert [row["title"] for row in rows] == page.locator(".card-title").all_inner_texts()
    assert {row["data_provider"] for row in rows} == {"Lower House"}


def test_what_stands_in_the_way_of_likeness_is_told_above_the_results(visitor: Visitor) -> None:
    page = visitor.page

    def hinted(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(
            response=answer, json={**answer.json(), "hint": "its points are another's: run `heritage materialize`"}
        )

    page.route("**/api/v1/search?**", hinted)
    visitor.open("#/search?q=coin")
    notice = page.locator(".notice")
    expect(notice).to_have_text("Its points are another's: run heritage materialize.")
    expect(notice.locator("code")).to_have_text("heritage materialize")
    assert cards(page).count() > 5
