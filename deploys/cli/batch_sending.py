"""How a run of many requests is carried out by a command, and how it ends."""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import httpx

from deploys.batch.line import Request
from deploys.batch.offer import longest_silence_seconds
from deploys.batch.running import Run, Stopped, run_lines
from deploys.batch.stopping import stopped_by_signals
from deploys.certificates.entrance import entrance, many_at_once
from deploys.cli.batch_options import key_of
from deploys.cli.chat import committed_gateway
from deploys.cli.exit_codes import ExitCode
from deploys.settings.environment import Environment

# The gateway's own 504 comes first, and says more than a connection that we give up.
BEYOND_THE_GATEWAY_SECONDS = 30

Progress = AbstractContextManager[Callable[[str], None]]


def asking_client(
    root: Path, settings: Environment, client: str, concurrency: int
) -> httpx.AsyncClient:
    """Asks the environment's gateway with the key of a client, or with the kit's own."""
    gateway = committed_gateway(root, settings.name)
    key = key_of(gateway, client, root)
    way = entrance(gateway.shared or gateway.listen, gateway.tls, root)
    headers = {"Authorization": f"Bearer {key.reveal()}"}
    silence = longest_silence_seconds(settings.pools, settings.gateway)
    return many_at_once(way, headers, silence + BEYOND_THE_GATEWAY_SECONDS, concurrency)


async def send(run: Run, lines: Iterator[Request], concurrency: int, progress: Progress) -> None:
    """Sends what is not finished, until it is, or signals or failures end it: raises Stopped."""
    with progress as say, stopped_by_signals(run, say):
        await run_lines(run, lines, concurrency)


def ending(stopped: Stopped | OSError | None, dead_letters: bool) -> int:
    """What is said of it, and the exit code."""
    if stopped is None:
        return ExitCode.OPERATION_FAILED if dead_letters else ExitCode.DONE
    why = f"{stopped.filename}: {stopped.strerror}" if isinstance(stopped, OSError) else stopped
    print(f"error: {why}\nhint: the same command goes on from here", file=sys.stderr)
    if isinstance(stopped, Stopped) and stopped.unreachable:
        return ExitCode.HOST_UNREACHABLE
    return ExitCode.OPERATION_FAILED
