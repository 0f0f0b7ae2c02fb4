"""Many requests at once enter a gateway as one does: by its name, and only if it is believed."""

import asyncio
from pathlib import Path

import httpx
import pytest

from deploys.certificates.entrance import Entrance, many_at_once
from tests.batch.batch_files import CHAT, chat_line
from tests.batch.scripted_gateway import scripted_gateway
from tests.certificates.issuing import NAME, authority, gateway_pem


def asked(tmp_path: Path, name: str, trust: bool = True) -> tuple[int, str]:
    """Status, and the Host header that the gateway saw."""
    (tmp_path / "gateway.pem").write_text(gateway_pem())
    (tmp_path / "ca.pem").write_text(authority()[1])

    async def ask(way: Entrance) -> int:
        async with many_at_once(way, {"Authorization": "Bearer k"}, 20, 2) as client:
            return (await client.post(CHAT, json=chat_line("a")["body"])).status_code

    with scripted_gateway(certificate=tmp_path / "gateway.pem") as gateway:
        url = f"https://127.0.0.1:{gateway.port}"
        way = Entrance(url, name, tmp_path / "ca.pem" if trust else None)
        status = asyncio.run(ask(way))
        return status, gateway.requests[0]["headers"]["Host"]


def test_a_gateway_is_asked_by_address_under_its_name(tmp_path: Path) -> None:
    assert asked(tmp_path, NAME) == (200, NAME)


@pytest.mark.parametrize(("name", "trust"), [("other.example", True), (NAME, False)])
def test_a_gateway_that_is_not_believed_is_not_asked(
    tmp_path: Path, name: str, trust: bool
) -> None:
    with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
        asked(tmp_path, name, trust)
