"""Which addresses may be asked, and that no trick of names or links gets around it."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import hostile_provider as hp
import httpcore
import pytest
import sample_images as samples
from hypothesis import given
from hypothesis import strategies as st
from image_runs import QUICK, run

from heritage_assets.curation.images import FetchSettings, ImageError, Reason
from heritage_assets.curation.images.addresses import Resolver, embedded_ipv4, is_allowed
from heritage_assets.curation.images.answers import opt_out
from heritage_assets.curation.images.connections import CheckedBackend
from heritage_assets.curation.images.hosts import parse_retry_after
from heritage_assets.stores.objects import FolderStore

REFUSED = [
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.2.0/24",
    "192.168.0.0/16", "198.18.0.0/15", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "::/128", "::1/128", "fc00::/7",
    "fe80::/10", "fec0::/10", "ff00::/8", "2001:db8::/32", "::ffff:127.0.0.0/104", "64:ff9b::a00:0/104", "2002:7f00::/24",
]  # fmt: skip


def members(network: str) -> st.SearchStrategy[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    return st.ip_addresses(network=network)


@given(st.sampled_from(REFUSED).flatmap(members))
def test_no_address_of_a_private_or_reserved_network_is_allowed(address) -> None:
    assert not is_allowed(address)


@given(
    st.sampled_from(["8.8.8.0/24", "131.0.0.0/9", "185.60.216.0/22", "2a00:1450::/32", "2606:4700::/32"]).flatmap(
        members
    )
)
def test_public_addresses_are_allowed(address) -> None:
    assert is_allowed(address)


@given(st.ip_addresses(v=4))
def test_an_ipv6_address_is_as_good_as_the_ipv4_address_in_it(address) -> None:
    number = int(address)
    mapped = ipaddress.IPv6Address((0xFFFF << 32) | number)
    translated = ipaddress.IPv6Address(int(ipaddress.IPv6Address("64:ff9b::")) | number)
    tunnelled = ipaddress.IPv6Address((0x2002 << 112) | (number << 80) | 1)
    for carrier in (mapped, translated, tunnelled):
        assert embedded_ipv4(carrier) == address
        assert is_allowed(carrier) == is_allowed(address)


@given(members("10.1.0.0/16"), members("10.2.0.0/16"))
def test_an_allowed_network_allows_its_own_addresses_only(inside, outside) -> None:
    networks = (ipaddress.ip_network("10.1.0.0/16"),)
    assert is_allowed(inside, networks) and not is_allowed(outside, networks)


class ChangingResolver(Resolver):
    """A name server that answers honestly once, then with a private address (DNS rebinding)."""

    lookups = 0

    async def _lookup(self, host: str, port: int) -> list[str]:
        self.lookups += 1
        return ["93.184.216.34"] if self.lookups == 1 else ["127.0.0.1"]


class RecordingBackend(httpcore.AnyIOBackend):
    def __init__(self) -> None:
        self.asked: list[str] = []

    async def connect_tcp(self, host, *args, **kwargs):
        self.asked.append(host)
        raise httpcore.ConnectError("recorded")


def test_a_host_name_is_resolved_once_and_the_checked_address_is_used() -> None:
    resolver = ChangingResolver((), 1.0)
    backend = CheckedBackend(resolver)
    backend._inner = recorder = RecordingBackend()

    async def connect_twice() -> None:
        for _ in range(2):
            with pytest.raises(httpcore.ConnectError):
                await backend.connect_tcp("rebinding.example", 80)

    asyncio.run(connect_twice())
    assert recorder.asked == ["93.184.216.34"] * 2 and resolver.lookups == 1


def test_one_private_address_among_public_ones_refuses_the_host() -> None:
    class Mixed(Resolver):
        async def _lookup(self, host: str, port: int) -> list[str]:
            return ["93.184.216.34", "10.0.0.1"]

    with pytest.raises(ImageError) as refused:
        asyncio.run(Mixed((), 1.0).resolve("mixed.example", 443))
    assert refused.value.reason is Reason.BLOCKED_ADDRESS and "10.0.0.1" in refused.value.detail


def test_the_next_address_of_a_host_is_tried() -> None:
    class Two(Resolver):
        async def _lookup(self, host: str, port: int) -> list[str]:
            return ["127.0.0.66", "127.0.0.1"]

    async def connect(port: int) -> None:
        backend = CheckedBackend(Two((ipaddress.ip_network("127.0.0.0/8"),), 1.0))
        await (await backend.connect_tcp("two.example", port, timeout=1.0)).aclose()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        asyncio.run(connect(listener.getsockname()[1]))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "ä picture.jpg").write_bytes(samples.jpeg())
    (tmp_path / "secret.jpg").write_bytes(samples.jpeg(1))
    (folder / "escape.jpg").symlink_to(tmp_path / "secret.jpg")
    (folder / "inside.jpg").symlink_to(folder / "sub" / "ä picture.jpg")
    (folder / "big.jpg").write_bytes(samples.jpeg() + bytes(2_000_000))
    os.mkfifo(folder / "pipe.jpg")
    return folder


def test_files_are_read_below_the_image_root_only(root: Path, tmp_path: Path) -> None:
    expected = {
        (root / "sub" / "ä picture.jpg").as_uri(): None,
        (root / "inside.jpg").as_uri(): None,
        f"file://localhost{(root / 'inside.jpg').as_posix()}": None,
        (root / "escape.jpg").as_uri(): Reason.BLOCKED_ADDRESS,
        f"{root.as_uri()}/../secret.jpg": Reason.BLOCKED_ADDRESS,
        f"{root.as_uri()}/%2e%2e/secret.jpg": Reason.BLOCKED_ADDRESS,
        "file:///etc/passwd": Reason.BLOCKED_ADDRESS,
        "file://server/share/a.jpg": Reason.BLOCKED_ADDRESS,
        f"{root.as_uri()}/missing.jpg": Reason.NOT_FOUND,
        f"{root.as_uri()}/nul%00.jpg": Reason.BAD_URL,
        f"{root.as_uri()}/sub": Reason.NOT_AN_IMAGE,
        f"{root.as_uri()}/pipe.jpg": Reason.NOT_AN_IMAGE,
        f"{root.as_uri()}/big.jpg": Reason.TOO_LARGE,
    }
    settings = FetchSettings(**QUICK, max_bytes=1_000_000)
    store = FolderStore(tmp_path / "store")
    for image_root in (str(root), root.as_uri()):
        rows = run({url: url for url in expected}, store, settings, image_root=image_root)
        assert {url: row["reason"] for url, row in rows.items()} == expected


def test_the_body_of_a_redirect_to_a_file_is_never_read(root: Path, tmp_path: Path) -> None:
    with hp.Provider({"a": hp.redirect((root / "inside.jpg").as_uri())}) as provider:
        row = run({"g": provider.url("a")}, FolderStore(tmp_path / "store"), image_root=str(root))["g"]
    assert row["reason"] == Reason.UNSUPPORTED_SCHEME


NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("Thu, 01 Jan 2026 00:02:00 GMT", 120),
        ("Thu, 01 Jan 2015 00:00:00 GMT", 0),
        ("99999999999999999999", 7 * 86400),
        ("31536000", 7 * 86400),
        ("soon", None),
        ("-5", None),
        ("", None),
        (None, None),
        ("²", None),
    ],
)
def test_retry_after_is_read_and_bounded(header, seconds) -> None:
    wait = parse_retry_after(header, NOW)
    assert wait == (None if seconds is None else timedelta(seconds=seconds))


@given(st.text(max_size=40))
def test_any_retry_after_is_survived(header) -> None:
    wait = parse_retry_after(header, NOW)
    assert wait is None or timedelta() <= wait <= timedelta(days=7)


@pytest.mark.parametrize(
    ("header", "directive"),
    [
        ("noai", "noai"),
        ("nofollow, NoImageAI", "noimageai"),
        ("none", "none"),
        ("googlebot: noindex", None),
        ("heritage-assets: noindex, nofollow", "noindex"),
        ("max-snippet: 10, noindex", "noindex"),
        ("index, follow", None),
    ],
)
def test_opt_outs_are_understood(header, directive) -> None:
    assert opt_out(header, "heritage-assets") == directive
