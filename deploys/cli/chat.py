"""`homeport chat ENV`: one answer through the gateway, streamed as it arrives."""

import json
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import httpx
import typer

from deploys.certificates.entrance import client, entrance
from deploys.cli.exit_codes import ExitCode
from deploys.cli.options import EnvironmentArgument
from deploys.cli.root import repository_root
from deploys.render.nginx_paths import CHAT
from deploys.render.release import Release
from deploys.render.release_gateway import GatewayRelease
from deploys.render.release_text import read_manifest
from deploys.settings.client import asking_key
from deploys.settings.inventory import read_inventory
from deploys.settings.refusal import Complaint, Refused
from deploys.settings.secrets import resolve

FIRST_BYTE_SECONDS = 120


def chat(
    environment: EnvironmentArgument,
    prompt: Annotated[str, typer.Argument(help="What to say.")] = "Tell me about harbours.",
    model: Annotated[str, typer.Option(help="Public model name; the first one if left out.")] = "",
    max_tokens: Annotated[int, typer.Option(help="Longest answer.")] = 256,
) -> int:
    """Streams one chat answer through the gateway, as a client of the environment."""
    root = repository_root()
    read_inventory(root, environment)
    gateway = committed_gateway(root, environment)
    key = resolve(asking_key(gateway.clients, datetime.now(UTC)), root)
    way = entrance(gateway.shared or gateway.listen, gateway.tls, root)
    headers = {"Authorization": f"Bearer {key.reveal()}"}
    with client(way, headers, FIRST_BYTE_SECONDS) as asking:
        try:
            name = model or _first(asking, gateway)
            path = gateway.paths.get(name, CHAT)
            arrivals = _show(_stream(asking, path, name, prompt, max_tokens))
        except httpx.HTTPError as error:
            return _failed(error, way.url, environment)
    print(f"\n({arrivals})")
    return ExitCode.DONE


def _show(pieces: Iterator[str]) -> str:
    """Prints each piece as it arrives; says afterwards when they did."""
    started = time.monotonic()
    seconds = []
    for text in pieces:
        seconds.append(time.monotonic() - started)
        sys.stdout.write(text)
        sys.stdout.flush()
    if not seconds:
        return "the answer is empty"
    return (
        f"{len(seconds)} pieces, one by one: the first after {seconds[0] * 1000:.0f} ms, "
        f"the last after {seconds[-1] * 1000:.0f} ms"
    )


def committed_gateway(root: Path, environment: str) -> GatewayRelease:
    """The gateway of the environment's first gateway host, from its committed release."""
    for release in committed_releases(root, environment):
        if release.gateway is not None:
            return release.gateway
    hint = f"homeport render {environment}"
    raise Refused([Complaint(f"compose/{environment}", "", "holds no gateway's release", hint)])


def committed_releases(root: Path, environment: str) -> Iterator[Release]:
    """Each host's, by name."""
    for path in sorted((root / "compose" / environment).glob("*/release.yaml")):
        yield read_manifest(root, str(path.relative_to(root)), f"homeport render {environment}")


def _first(asking: httpx.Client, gateway: GatewayRelease) -> str:
    """The first model that generates text, or the first of all."""
    listed = asking.get("/v1/models").raise_for_status().json()["data"]
    names = [str(one["id"]) for one in listed]
    chatty = [name for name in names if gateway.paths.get(name, CHAT).endswith(CHAT)]
    return [*chatty, *names][0]


def _stream(
    asking: httpx.Client, path: str, model: str, prompt: str, max_tokens: int
) -> Iterator[str]:
    body = {
        "model": model,
        "stream": True,
        "max_tokens": max_tokens,
        "messages": [{"role": "user", "content": prompt}],
    }
    with asking.stream("POST", path, json=body) as answer:
        if answer.is_error:
            answer.read()
        answer.raise_for_status()
        for line in answer.iter_lines():
            data = line.removeprefix("data: ")
            if data in (line, "[DONE]"):
                continue
            for choice in json.loads(data).get("choices", []):
                if text := choice.get("delta", {}).get("content"):
                    yield text


def _failed(error: httpx.HTTPError, url: str, environment: str) -> int:
    if isinstance(error, httpx.HTTPStatusError):
        print(f"error: {url}: {error.response.status_code} {error.response.text}", file=sys.stderr)
    else:
        print(f"error: {url}: {error}", file=sys.stderr)
    print(f"hint: homeport verify {environment}", file=sys.stderr)
    return ExitCode.OPERATION_FAILED
