"""Which addresses may be asked: http(s) hosts outside private networks, and files below the image root.

A host name is resolved once, the answer is checked, and the connection goes to the checked address; a second, different answer
of a hostile name server (DNS rebinding) is never seen. Redirects pass here again, since each is a new request.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

import httpx

from heritage_assets.curation.images.outcomes import ImageError
from heritage_assets.curation.images.policy import Reason

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""Well-known prefix of IPv4 addresses behind a translator (RFC 6052)."""
PLATFORM_ADDRESSES = frozenset({ipaddress.IPv4Address("168.63.129.16")})
"""Public by number, yet a cloud's own host service as seen from its machines."""
RESOLUTION_SECONDS = 300.0
"""A checked answer is used that long, so a run resolves a host once and not once a connection."""


def embedded_ipv4(address: IPAddress) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address that an IPv6 address carries (mapped, NAT64, 6to4, Teredo), if any."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if address.teredo:
        return address.teredo[1]
    return address.ipv4_mapped or address.sixtofour


def is_allowed(address: IPAddress, allowed_networks: Iterable[IPNetwork] = ()) -> bool:
    """Tell whether a connection to ``address`` may be made.

    Refused: private, shared, loopback, link-local, cloud metadata, multicast, reserved and unspecified addresses, and IPv6
    addresses that carry such an IPv4 address; unless the address is in one of ``allowed_networks``.
    """
    carried = embedded_ipv4(address)
    if any(candidate in network for network in allowed_networks for candidate in (address, carried) if candidate):
        return True
    if carried is not None:
        return is_allowed(carried)
    if isinstance(address, ipaddress.IPv6Address) and address.is_site_local:
        return False
    return (
        address.is_global and not address.is_multicast and not address.is_reserved and address not in PLATFORM_ADDRESSES
    )


def parse_address(url: str) -> httpx.URL:
    """Return the parsed http(s) address.

    Raises:
        ImageError: bad_url (can't be parsed, no host, a port out of range), unsupported_scheme.
    """
    try:
        parsed = httpx.URL(url.strip())
        host = parsed.host
        port = parsed.port
    except (httpx.InvalidURL, ValueError, UnicodeError) as error:
        raise ImageError(Reason.BAD_URL, f"{error} (in {url[:200]!r})") from None
    if parsed.scheme not in ("http", "https"):
        raise ImageError(
            Reason.UNSUPPORTED_SCHEME, f"scheme {parsed.scheme or 'missing'!r} in {url[:200]!r}: use http or https"
        )
    if not host or (port is not None and not 0 < port < 65_536):
        raise ImageError(Reason.BAD_URL, f"no host, or a port out of range, in {url[:200]!r}")
    return parsed


def resolve_file(url: str, image_root: str | None) -> Path:
    """Return the file behind a ``file:`` address, which must lie below ``image_root`` after all links are followed.

    Raises:
        ImageError: unsupported_scheme (no image root), blocked_address (outside it), not_found, bad_url.
    """
    if image_root is None:
        raise ImageError(Reason.UNSUPPORTED_SCHEME, "file: addresses need an image root, and none is set")
    root = Path(unquote(urlsplit(image_root).path) if image_root.startswith("file:") else image_root).resolve()
    try:
        parts = urlsplit(url)
        if parts.netloc not in ("", "localhost"):
            raise ImageError(Reason.BLOCKED_ADDRESS, f"file on another host in {url[:200]!r}")
        path = Path(url2pathname(parts.path)).resolve(strict=True)
    except FileNotFoundError:
        raise ImageError(Reason.NOT_FOUND, f"no such file: {url[:200]!r}") from None
    except (OSError, ValueError, RuntimeError) as error:
        raise ImageError(Reason.BAD_URL, f"{error} (in {url[:200]!r})") from None
    if not path.is_relative_to(root):
        raise ImageError(Reason.BLOCKED_ADDRESS, f"{url[:200]!r} leads out of the image root")
    return path


class Resolver:
    """Resolves host names to addresses that may be asked, and remembers the answers for a while.

    Args:
        allowed_networks: networks allowed although private.
        timeout: seconds to wait for an answer.
    """

    def __init__(self, allowed_networks: Sequence[IPNetwork], timeout: float) -> None:
        self._allowed = tuple(allowed_networks)
        self._timeout = timeout
        self._known: dict[tuple[str, int], tuple[float, list[str]]] = {}

    async def resolve(self, host: str, port: int) -> list[str]:
        """Return the allowed addresses of ``host``, in the order of the resolver.

        Raises:
            ImageError: dns_failed, or blocked_address when any address is refused: an honest public host has none, and
                choosing among mixed answers would let a hostile one learn which private hosts exist.
        """
        known = self._known.get((host, port))
        if known and known[0] > time.monotonic():
            return known[1]
        found = await self._lookup(host, port)
        refused = [address for address in found if not is_allowed(ipaddress.ip_address(address), self._allowed)]
        if refused:
            raise ImageError(
                Reason.BLOCKED_ADDRESS, f"{host} is {refused[0]}, which is not public; allowed_networks can name it"
            )
        if len(self._known) > 10_000:
            self._known.clear()
        self._known[host, port] = (time.monotonic() + RESOLUTION_SECONDS, found)
        return found

    async def _lookup(self, host: str, port: int) -> list[str]:
        try:
            async with asyncio.timeout(self._timeout):
                answers = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except TimeoutError:
            raise ImageError(Reason.DNS_FAILED, f"no answer for {host} in {self._timeout:g} s") from None
        except (OSError, UnicodeError) as error:
            raise ImageError(Reason.DNS_FAILED, f"{host}: {error}") from None
        return list(dict.fromkeys(str(answer[4][0]) for answer in answers))
