"""The server with known timings, and what it says that it did."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from checks.benchmarks.second_opinions.question import Told, told
from tests.benchmarks.client.timed_server import Served
from tests.lab.machine import ROOT

MODULE = "tests.benchmarks.client.timed_server"


@contextmanager
def timed_server(*words: str) -> Iterator[str]:
    """Its URL."""
    command = [sys.executable, "-m", MODULE, *words]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


def truth(url: str) -> list[Served]:
    """All answers since it was asked last."""
    with urllib.request.urlopen(f"{url}/truth", timeout=60) as answer:  # noqa: S310 - loopback
        return [Served(**one) for one in json.load(answer)]


def told_by_server(served: Sequence[Served]) -> Told:
    """The truth."""
    return told(
        [one.writes[0] - one.arrived for one in served],
        [_token_seconds(one) for one in served],
        [one.ended - one.arrived for one in served],
    )


def _token_seconds(one: Served) -> float:
    later = one.tokens - one.tokens / len(one.writes)
    return (one.writes[-1] - one.writes[0]) / later
