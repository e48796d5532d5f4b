"""Connections to hosts that a provider names: public addresses only, unless a network is allowed.

A host name is resolved once for each request and the connection goes to the checked address, so that a second, different
answer of a hostile name server is never seen.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence

import httpx

from heritage_assets.curation.images.addresses import IPNetwork, is_allowed
from heritage_assets.curation.sources.politeness import BlockedAddressError


class GuardedTransport(httpx.BaseTransport):
    """Sends requests to checked addresses; TLS still verifies the host's name.

    Raises:
        BlockedAddressError: any address of the host is private and in none of ``allowed_networks``.
        httpx.ConnectError: the name does not resolve, or no address answers.
    """

    def __init__(self, allowed_networks: Sequence[IPNetwork] = ()) -> None:
        self._allowed = tuple(allowed_networks)
        self._inner = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request to the first checked address that answers."""
        host = request.url.host
        addresses = self._checked(host, request.url.port or (443 if request.url.scheme == "https" else 80))
        for address in addresses[:-1]:
            try:
                return self._inner.handle_request(_addressed(request, address, host))
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        return self._inner.handle_request(_addressed(request, addresses[-1], host))

    def close(self) -> None:
        """Close all connections."""
        self._inner.close()

    def _checked(self, host: str, port: int) -> list[str]:
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpx.ConnectError(f"{host}: {error}") from None
        found = list(dict.fromkeys(str(answer[4][0]) for answer in answers))
        refused = [address for address in found if not is_allowed(ipaddress.ip_address(address), self._allowed)]
        if refused:
            raise BlockedAddressError(
                f"{host} is {refused[0]}, which is not public: HERITAGE_FETCH__ALLOWED_NETWORKS can name its network"
            )
        return found


def _addressed(request: httpx.Request, address: str, host: str) -> httpx.Request:
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,  # Host names the host, not the address
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": host},
    )
