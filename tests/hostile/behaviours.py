"""What the hostile provider does at each of its addresses, and what must become of the image there in the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import hostile_provider as hp
import sample_images as samples

from heritage_assets.curation.images import Reason

SMALL = (64, 48)
BODIES = [samples.jpeg(seed, SMALL) for seed in range(20)]
GIVEN_UP = Reason.GIVEN_UP


@dataclass(frozen=True)
class Kind:
    """A behaviour at ``count`` addresses; ``reason`` is the final one, None for an image that must be OK.

    ``make`` gets the number of the address and what it serves when it serves.
    """

    count: int
    reason: Reason | None
    make: Callable[[int, hp.Behaviour], hp.Behaviour]


def good(count: int, make: Callable[[int, hp.Behaviour], hp.Behaviour]) -> Kind:
    return Kind(count, None, make)


def bad(count: int, reason: Reason, behaviour: hp.Behaviour) -> Kind:
    return Kind(count, reason, lambda number, serve: behaviour)


def flapping(count: int, failure: hp.Behaviour, times: int = 3) -> Kind:
    return good(count, lambda number, serve: hp.after(1 + number % times, failure, serve))


def slowly(serve: hp.Behaviour) -> hp.Behaviour:
    async def behave(exchange: hp.Exchange) -> None:
        await hp.asyncio.sleep(0.1)
        await serve(exchange)

    return behave


def as_file(kind: str, media_type: str = "image/png") -> Callable[[int, hp.Behaviour], hp.Behaviour]:
    body = samples.encoded(samples.picture(7, SMALL), kind)
    return lambda number, serve: hp.image(body, media_type)


KINDS: dict[str, Kind] = {
    # Recoverable: good at once, or after some failures.
    "plain": good(3_000, lambda number, serve: serve),
    "slow-first-byte": good(40, lambda number, serve: slowly(serve)),
    "png": good(30, as_file("PNG")),
    "webp": good(30, as_file("WEBP", "image/webp")),
    "gzip": good(30, lambda number, serve: hp.gzipped(BODIES[number % 20])),
    "until-close": good(30, lambda number, serve: hp.until_close(BODIES[number % 20])),
    "redirect": good(60, lambda number, serve: hp.redirect("/shared")),
    "lying-type": good(30, lambda number, serve: hp.image(BODIES[number % 20], "text/html")),
    "flapping-500": flapping(400, hp.status(500)),
    "flapping-502": flapping(100, hp.status(502)),
    "flapping-503": flapping(100, hp.status(503, Retry_After="0")),
    "flapping-reset": flapping(120, hp.reset_midway),
    "flapping-closed": flapping(120, hp.closed_at_once),
    "flapping-short": flapping(120, hp.short_body),
    "flapping-garbage": flapping(60, hp.garbage),
    "flapping-408": flapping(40, hp.status(408)),
    "storm-429": flapping(150, hp.status(429, Retry_After="0")),
    "storm-429-unsaid": flapping(30, hp.status(429)),
    # Final at once.
    "not-found": bad(200, Reason.NOT_FOUND, hp.status(404)),
    "gone": bad(60, Reason.GONE, hp.status(410)),
    "unauthorized": bad(30, Reason.FORBIDDEN, hp.status(401)),
    "forbidden": bad(30, Reason.FORBIDDEN, hp.status(403)),
    "legal": bad(20, Reason.FORBIDDEN, hp.status(451)),
    "teapot": bad(20, Reason.REFUSED, hp.status(418)),
    "no-content": bad(20, Reason.NOT_AN_IMAGE, hp.status(204)),
    "html": bad(60, Reason.HTML_INSTEAD_OF_IMAGE, hp.image(samples.HTML)),
    "svg": bad(20, Reason.UNSUPPORTED_MEDIA_TYPE, hp.image(samples.SVG, "image/svg+xml")),
    "pdf": bad(20, Reason.UNSUPPORTED_MEDIA_TYPE, hp.image(samples.PDF, "image/jpeg")),
    "heic": bad(10, Reason.UNSUPPORTED_MEDIA_TYPE, hp.image(samples.HEIC, "image/heic")),
    "empty": bad(20, Reason.NOT_AN_IMAGE, hp.image(b"")),
    "bomb": bad(10, Reason.TOO_MANY_PIXELS, hp.image(samples.bomb_png(), "image/png")),
    "endless": bad(6, Reason.TOO_LARGE, hp.endless),
    "truncated": bad(30, Reason.TRUNCATED, hp.image(BODIES[0][:-600])),
    "opted-out": bad(20, Reason.OPTED_OUT, lambda x: x.reply(200, BODIES[1], X_Robots_Tag="noai")),
    "robots": bad(20, Reason.DISALLOWED_BY_ROBOTS, hp.image(BODIES[2])),
    "redirect-loop": bad(20, Reason.TOO_MANY_REDIRECTS, hp.redirect("/redirect-loop-0")),
    "redirect-private": bad(20, Reason.BLOCKED_ADDRESS, hp.redirect("http://10.0.0.1/secret")),
    "redirect-metadata": bad(20, Reason.BLOCKED_ADDRESS, hp.redirect("http://169.254.169.254/latest/")),
    "redirect-file": bad(20, Reason.UNSUPPORTED_SCHEME, hp.redirect("file:///etc/passwd")),
    "redirect-nowhere": bad(20, Reason.BAD_REDIRECT, hp.status(302)),
    # Transient for ever: given up in the end.
    "always-500": bad(30, GIVEN_UP, hp.status(500)),
    "always-reset": bad(20, GIVEN_UP, hp.reset_midway),
    "always-garbage": bad(10, GIVEN_UP, hp.garbage),
    "silent": bad(4, GIVEN_UP, hp.silent),
    "trickle": bad(4, GIVEN_UP, hp.trickle),
}
HOSTS = tuple(f"127.0.0.{number}" for number in range(2, 8))
ROBOTS = b"User-agent: *\nDisallow: /robots-\n"


def addresses() -> dict[str, tuple[str, Kind]]:
    """Return host and kind of each path."""
    found = {}
    for name, kind in KINDS.items():
        for number in range(kind.count):
            found[f"{name}-{number}"] = (HOSTS[len(found) % len(HOSTS)], kind)
    return found
