"""Where clients enter a gateway, and whom they must believe to do so."""

import functools
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from deploys.settings.tls import Tls

# A gateway that is there accepts within a round trip; a lost SYN is sent again after 1 and 3 s.
CONNECT_SECONDS = 10


@dataclass(frozen=True)
class Entrance:
    """A gateway's URL, asked by address: names need not lead here yet, or lead to another one."""

    url: str
    """SCHEME://HOST:PORT without a path."""
    server_name: str = ""
    """What is asked for in SNI and `Host`, and must be in the certificate; empty: the URL's own."""
    trust: Path | None = None
    """PEM of the authority; None: those that this machine trusts."""

    @property
    def address(self) -> tuple[str, int]:
        """Where a connection goes."""
        url = httpx.URL(self.url)
        return url.host, url.port or (443 if url.scheme == "https" else 80)


def entrance(listener: str, tls: Tls | None, root: Path) -> Entrance:
    """The way into a listener (ADDRESS:PORT); files are below `root`."""
    if tls is None:
        return Entrance(f"http://{listener}")
    return Entrance(f"https://{listener}", tls.names[0], _trust(tls, root))


def other_entrance(url: str, tls: Tls | None, root: Path) -> Entrance:
    """The way in by a URL that a person has given: its own name, and the same authority."""
    return Entrance(url.rstrip("/"), "", _trust(tls, root))


def client(way: Entrance, headers: Mapping[str, str], timeout_seconds: float) -> httpx.Client:
    """Sends requests there with these headers; straight, whatever proxy this machine has."""

    def ask_for_name(request: httpx.Request) -> None:
        request.extensions |= _server_name(way)

    return httpx.Client(
        base_url=way.url,
        headers=_named(way, headers),
        timeout=timeout_seconds,
        trust_env=False,
        verify=_context(way.trust),
        event_hooks={"request": [ask_for_name]},
    )


def many_at_once(
    way: Entrance, headers: Mapping[str, str], timeout_seconds: float, connections: int
) -> httpx.AsyncClient:
    """The same for as many requests at a time, over connections that stay open between them."""

    async def ask_for_name(request: httpx.Request) -> None:
        request.extensions |= _server_name(way)

    return httpx.AsyncClient(
        base_url=way.url,
        headers=_named(way, headers),
        timeout=httpx.Timeout(timeout_seconds, connect=CONNECT_SECONDS),
        limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
        trust_env=False,
        verify=_context(way.trust),
        event_hooks={"request": [ask_for_name]},
    )


def server_context(way: Entrance) -> ssl.SSLContext | None:
    """Whom to believe there; None where it is no TLS. For who opens connections by himself."""
    return _context(way.trust) if way.url.startswith("https://") else None


def _named(way: Entrance, headers: Mapping[str, str]) -> dict[str, str]:
    return {**headers, "Host": way.server_name} if way.server_name else dict(headers)


def _server_name(way: Entrance) -> dict[str, str]:
    return {"sni_hostname": way.server_name} if way.server_name else {}


def _trust(tls: Tls | None, root: Path) -> Path | None:
    return root / tls.trust if tls is not None and tls.trust is not None else None


@functools.cache
def _context(trust: Path | None) -> ssl.SSLContext:
    """Reading the machine's certificates takes longer than most requests: once is enough."""
    return ssl.create_default_context(cafile=trust)
