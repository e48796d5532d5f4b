"""Every behaviour of a bad provider, over a real socket, and the row that must come of it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import hostile_provider as hp
import pytest
import sample_images as samples
from image_runs import LOOPBACK, QUICK, run

from heritage_assets.curation.images import REASONS, FetchSettings, Reason
from heritage_assets.stores.objects import FolderStore

OK = None
BEHAVIOURS: dict[str, tuple[hp.Behaviour, Reason | None, int | None]] = {
    # What arrives.
    "plain": (hp.image(samples.jpeg(1)), OK, 200),
    "cmyk": (hp.image(samples.encoded(samples.picture().convert("CMYK"), "JPEG")), OK, 200),
    "grey16": (hp.image(samples.grey16_png(), "image/png"), OK, 200),
    "palette": (hp.image(samples.transparent_palette_png(), "image/png"), OK, 200),
    "alpha": (hp.image(samples.transparent_png(), "image/png"), OK, 200),
    "bilevel-tiff": (hp.image(samples.encoded(samples.picture().convert("1"), "TIFF"), "image/tiff"), OK, 200),
    "animated": (hp.image(samples.animated_gif(), "image/gif"), OK, 200),
    "pages": (hp.image(samples.multipage_tiff(), "image/tiff"), OK, 200),
    "webp": (hp.image(samples.encoded(samples.picture(), "WEBP"), "image/webp"), OK, 200),
    "avif": (hp.image(samples.encoded(samples.picture(), "AVIF"), "image/avif"), OK, 200),
    "jpeg2000": (hp.image(samples.encoded(samples.picture(), "JPEG2000"), "image/jp2"), OK, 200),
    "bmp": (hp.image(samples.encoded(samples.picture(), "BMP"), "image/bmp"), OK, 200),
    "rotated": (hp.image(samples.rotated_jpeg(6)), OK, 200),
    "lying-type": (hp.image(samples.jpeg(2), "text/html; charset=utf-8"), OK, 200),
    "gzip": (hp.gzipped(samples.jpeg(4)), OK, 200),
    "chunked": (hp.chunked, OK, 200),
    "until-close": (hp.until_close(samples.jpeg(5)), OK, 200),
    "slow-first-byte": (hp.slow_first_byte, OK, 200),
    "redirect": (hp.redirect("/plain"), OK, 200),
    "redirect-308-other-host": (hp.redirect("//localhost:{port}/plain", 308), OK, 200),
    "flapping-500": (hp.after(1, hp.status(500), hp.image(samples.jpeg(6))), OK, 200),
    "flapping-reset": (hp.after(1, hp.reset_midway, hp.image(samples.jpeg(8))), OK, 200),
    "storm-429": (hp.after(1, hp.status(429, Retry_After="0"), hp.image(samples.jpeg(9))), OK, 200),
    # What does not, and never will.
    "not-found": (hp.status(404), Reason.NOT_FOUND, 404),
    "gone": (hp.status(410), Reason.GONE, 410),
    "unauthorized": (hp.status(401), Reason.FORBIDDEN, 401),
    "forbidden": (hp.status(403), Reason.FORBIDDEN, 403),
    "legal": (hp.status(451), Reason.FORBIDDEN, 451),
    "teapot": (hp.status(418), Reason.REFUSED, 418),
    "no-content": (hp.status(204), Reason.NOT_AN_IMAGE, 204),
    "opted-out": (lambda x: x.reply(200, samples.jpeg(), X_Robots_Tag="noai"), Reason.OPTED_OUT, 200),
    "opted-out-other-bot": (lambda x: x.reply(200, samples.jpeg(), X_Robots_Tag="otherbot: noindex"), OK, 200),
    "redirect-loop": (hp.redirect("/redirect-loop"), Reason.TOO_MANY_REDIRECTS, None),
    "many-redirects": (hp.counted_redirect, Reason.TOO_MANY_REDIRECTS, None),
    "redirect-private": (hp.redirect("http://10.0.0.1/secret"), Reason.BLOCKED_ADDRESS, None),
    "redirect-metadata": (hp.redirect("http://169.254.169.254/latest/meta-data/"), Reason.BLOCKED_ADDRESS, None),
    "redirect-mapped": (hp.redirect("http://[::ffff:10.0.0.1]/"), Reason.BLOCKED_ADDRESS, None),
    "redirect-file": (hp.redirect("file:///etc/passwd"), Reason.UNSUPPORTED_SCHEME, 302),
    "redirect-nowhere": (hp.status(302), Reason.BAD_REDIRECT, 302),
    "redirect-garbage": (hp.redirect("http://a:b/"), Reason.BAD_REDIRECT, 302),
    "html": (hp.image(samples.HTML), Reason.HTML_INSTEAD_OF_IMAGE, 200),
    "svg": (hp.image(samples.SVG, "image/svg+xml"), Reason.UNSUPPORTED_MEDIA_TYPE, 200),
    "heic": (hp.image(samples.HEIC, "image/heic"), Reason.UNSUPPORTED_MEDIA_TYPE, 200),
    "film": (hp.image(samples.MP4), Reason.UNSUPPORTED_MEDIA_TYPE, 200),
    "pdf": (hp.image(samples.PDF), Reason.UNSUPPORTED_MEDIA_TYPE, 200),
    "json": (hp.image(b'{"error": "no image"}'), Reason.NOT_AN_IMAGE, 200),
    "empty": (hp.image(b""), Reason.NOT_AN_IMAGE, 200),
    "truncated-jpeg": (hp.image(samples.jpeg()[:-3000]), Reason.TRUNCATED, 200),
    "truncated-png": (hp.image(samples.encoded(samples.picture(), "PNG")[:-3000]), Reason.TRUNCATED, 200),
    "length-too-small": (hp.long_body, Reason.TRUNCATED, 200),
    "corrupt-png": (hp.image(samples.corrupt_png(), "image/png"), Reason.CORRUPT, 200),
    "bomb": (hp.image(samples.bomb_png(), "image/png"), Reason.TOO_MANY_PIXELS, 200),
    "frames": (hp.image(samples.animated_gif(60), "image/gif"), Reason.TOO_MANY_FRAMES, 200),
    "endless": (hp.endless, Reason.TOO_LARGE, 200),
    "announced-huge": (lambda x: x.reply(200, b"", length=10**12), Reason.TOO_LARGE, 200),
    "gzip-bomb": (hp.gzipped(bytes(40 << 20)), Reason.TOO_LARGE, 200),
    # What may, later.
    "server-error": (hp.status(500), Reason.SERVER_ERROR, 500),
    "bad-gateway": (hp.status(502), Reason.SERVER_ERROR, 502),
    "unavailable": (hp.status(503), Reason.SERVER_ERROR, 503),
    "rate-limited": (hp.status(429), Reason.RATE_LIMITED, 429),
    "request-timeout": (hp.status(408), Reason.TIMEOUT, 408),
    "silent": (hp.silent, Reason.TIMEOUT, None),
    "trickle": (hp.trickle, Reason.TIMEOUT, None),
    "reset-midway": (hp.reset_midway, Reason.INCOMPLETE_BODY, 200),
    "short-body": (hp.short_body, Reason.INCOMPLETE_BODY, 200),
    "cut-until-close": (hp.until_close(samples.jpeg()[:-3000]), Reason.INCOMPLETE_BODY, 200),
    "closed-at-once": (hp.closed_at_once, Reason.CONNECTION_FAILED, None),
    "garbage": (hp.garbage, Reason.PROTOCOL_ERROR, None),
}
NOTES = {
    "pages": "first of 3 pages",
    "animated": "first of 5 frames",
    "lying-type": "sent as 'text/html', is image/jpeg",
}
ELSEWHERE: dict[str, tuple[str, Reason]] = {
    "no-such-host": ("http://does-not-exist.invalid/a.jpg", Reason.DNS_FAILED),
    "private": ("http://192.168.1.1/a.jpg", Reason.BLOCKED_ADDRESS),
    "decimal-private": ("http://167772161/a.jpg", Reason.BLOCKED_ADDRESS),
    "ftp": ("ftp://127.0.0.1/a.jpg", Reason.UNSUPPORTED_SCHEME),
    "javascript": ("javascript:alert(1)", Reason.UNSUPPORTED_SCHEME),
    "relative": ("images/a.jpg", Reason.UNSUPPORTED_SCHEME),
    "bad-port": ("http://127.0.0.1:99999/a.jpg", Reason.BAD_URL),
    "control-characters": ("http://127.0.0.1/a\x00.jpg", Reason.BAD_URL),
    "no-host": ("http:///a.jpg", Reason.BAD_URL),
    "closed-port": ("http://127.0.0.9:1/a.jpg", Reason.CONNECTION_FAILED),
    "tls-to-plain": ("https://127.0.0.8:{port}/plain", Reason.TLS_FAILED),
    "file-without-root": ("file:///etc/passwd", Reason.UNSUPPORTED_SCHEME),
}


def _with_port(behaviour: hp.Behaviour) -> hp.Behaviour:
    """Let a redirect name the port, which is known once the server runs."""

    async def behave(exchange: hp.Exchange) -> None:
        port = exchange.request.headers["host"].rpartition(":")[2]
        await exchange.reply(308, b"", Location=f"//localhost:{port}/plain")

    return behave


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory):
    routes = {name: behaviour for name, (behaviour, _, _) in BEHAVIOURS.items()}
    routes["redirect-308-other-host"] = _with_port(routes["redirect-308-other-host"])
    settings = FetchSettings(
        **{
            **QUICK,
            "max_frames": 50,
            "max_bytes": 4 << 20,
            "max_pixels": 1_000_000,
            "total_timeout": 2.0,
            "read_timeout": 1.0,
            "host_failures": 1000,
            "host_concurrency": 16,
        }
    )
    with hp.Provider(routes) as provider:
        urls = {name: provider.url(name) for name in BEHAVIOURS}
        urls |= {name: url.replace("{port}", str(provider.port)) for name, (url, _) in ELSEWHERE.items()}
        store = FolderStore(tmp_path_factory.mktemp("store"))
        yield run({**urls, "no-image": None}, store, settings)


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_each_behaviour_has_its_row(rows, name) -> None:
    _, reason, http_status = BEHAVIOURS[name]
    row = rows[name]
    assert (row["status"], row["reason"], row["http_status"]) == ("FAILED" if reason else "OK", reason, http_status), (
        row
    )
    assert row["attempts"] == 1
    if reason is None:
        assert row["sha256"] and row["derivative"] and row["thumbnail"] and len(row["perceptual_hash"]) == 16
        assert row["detail"] == NOTES.get(name)
    else:
        _check_failure(row, reason)


@pytest.mark.parametrize("name", ELSEWHERE)
def test_each_bad_address_has_its_row(rows, name) -> None:
    assert (rows[name]["status"], rows[name]["reason"]) == ("FAILED", ELSEWHERE[name][1]), rows[name]
    _check_failure(rows[name], ELSEWHERE[name][1])


def _check_failure(row, reason) -> None:
    assert row["permanent"] is REASONS[reason].permanent
    assert (row["next_attempt_at"] is None) is row["permanent"]
    assert row["detail"] and row["sha256"] is None and row["derivative"] is None
    if not row["permanent"]:
        wait = row["next_attempt_at"] - row["fetched_at"]
        assert timedelta(minutes=5) <= wait <= timedelta(minutes=10)


def test_a_record_without_an_image_is_no_failure(rows) -> None:
    assert (rows["no-image"]["status"], rows["no-image"]["reason"]) == ("NO_IMAGE", "no_image_url")


def test_a_rotated_image_is_measured_upright(rows) -> None:
    assert (rows["rotated"]["width"], rows["rotated"]["height"]) == samples.SIZE[::-1]


def test_loopback_is_refused_unless_allowed(tmp_path: Path) -> None:
    with hp.Provider({"a": hp.image(samples.jpeg())}) as provider:
        settings = FetchSettings(**{**QUICK, "allowed_networks": ()})
        for host in ("127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "[::1]", "0.0.0.0"):
            row = run({"g": provider.url("a", host)}, FolderStore(tmp_path), settings)["g"]
            assert row["reason"] == Reason.BLOCKED_ADDRESS, (host, row)
        assert not provider.log
    assert LOOPBACK == ("127.0.0.0/8",)
