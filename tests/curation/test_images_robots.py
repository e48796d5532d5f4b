"""robots.txt: obeyed for each host, asked for once, and never a way around the limits."""

from __future__ import annotations

from pathlib import Path

import hostile_provider as hp
import pytest
import sample_images as samples
from image_runs import QUICK, run

from heritage_assets.curation.images import FetchSettings, Reason
from heritage_assets.stores.objects import FolderStore

RULES = b"User-agent: *\nDisallow: /\n\nUser-agent: heritage-assets\nDisallow: /private*\nAllow: /private-open\n"


def text(body: bytes, **headers: str) -> hp.Behaviour:
    return lambda exchange: exchange.reply(200, body, Content_Type="text/plain", **headers)


def routes(robots: hp.Behaviour) -> dict[str, hp.Behaviour]:
    names = ("open", "private", "private-open", "private-2")
    return {name: hp.image(samples.jpeg()) for name in names} | {"robots.txt": robots}


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path)


def reasons(provider: hp.Provider, store: FolderStore, *names: str, **settings: object) -> dict[str, str | None]:
    rows = run({name: provider.url(name) for name in names}, store, FetchSettings(**(QUICK | settings)))
    return {name: row["reason"] for name, row in rows.items()}


def test_what_is_disallowed_is_not_asked_for(store) -> None:
    with hp.Provider(routes(text(RULES, X_Robots_Tag="noindex"))) as provider:
        found = reasons(provider, store, "open", "private", "private-open", "private-2")
        asked = [request.path for request in provider.log]
    refused = Reason.DISALLOWED_BY_ROBOTS
    assert found == {"open": None, "private": refused, "private-open": None, "private-2": refused}
    assert sorted(asked) == ["open", "private-open", "robots.txt"]


@pytest.mark.parametrize("settings", [{"honour_robots": False}, {"robots_exempt": ("127.0.0.1",)}])
def test_robots_can_be_left_out_where_that_was_agreed(store, settings) -> None:
    with hp.Provider(routes(text(RULES))) as provider:
        assert reasons(provider, store, "private", **settings) == {"private": None}
        assert [request.path for request in provider.log] == ["private"]


@pytest.mark.parametrize(
    "robots",
    [
        hp.status(404),
        hp.status(403),
        hp.redirect("/robots.txt"),
        hp.redirect("http://10.0.0.1/robots.txt"),
        hp.redirect("file:///etc/passwd"),
        text(b""),
        text(b"\xff\xfe\x00garbage: \nDisallow\n" * 100),
        text(b"# x\n" * 400_000),
        hp.after(1, hp.status(500), text(b"")),
    ],
)
def test_no_rules_allow_everything(store, robots) -> None:
    with hp.Provider(routes(robots)) as provider:
        assert reasons(provider, store, "open") == {"open": None}


@pytest.mark.parametrize(
    ("robots", "reason"),
    [
        (hp.status(500), Reason.SERVER_ERROR),
        (hp.status(429), Reason.RATE_LIMITED),
        (hp.closed_at_once, Reason.CONNECTION_FAILED),
        (hp.short_body, Reason.INCOMPLETE_BODY),
    ],
)
def test_rules_that_cannot_be_had_forbid_everything_for_now(store, robots, reason) -> None:
    with hp.Provider(routes(robots)) as provider:
        rows = run({"open": provider.url("open")}, store, FetchSettings(**QUICK))
        assert "open" not in provider.visits
    assert rows["open"]["reason"] == reason and rows["open"]["next_attempt_at"] is not None
    assert rows["open"]["detail"].startswith("robots.txt: ")


def test_a_redirect_target_has_its_own_rules(store) -> None:
    with hp.Provider(routes(text(RULES)) | {"open": hp.redirect("/private")}) as provider:
        assert reasons(provider, store, "open") == {"open": Reason.DISALLOWED_BY_ROBOTS}


def test_a_crawl_delay_is_kept_within_bounds(store) -> None:
    rules = text(b"User-agent: *\nCrawl-delay: 0.1\n")
    with hp.Provider(routes(rules)) as provider:
        reasons(provider, store, "open", "private", "private-2", longest_pause=5.0)
        times = [request.at for request in provider.log if request.path != "robots.txt"]
    assert times[-1] - times[0] >= 0.18
    with hp.Provider(routes(text(b"User-agent: *\nCrawl-delay: 99999999\n"))) as provider:
        assert reasons(provider, store, "open", "private") == {"open": None, "private": None}
