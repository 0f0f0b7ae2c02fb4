"""A run without the command around it, whose waits a test decides and records."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from deploys.batch.checking import batch_format, checked, pending
from deploys.batch.files import Files, opened, outlet, places
from deploys.batch.line import Request
from deploys.batch.offer import Offer
from deploys.batch.retrying import Policy
from deploys.batch.running import Run, run_lines
from tests.batch.batch_files import CHAT, EMBEDDINGS, write_lines
from tests.batch.scripted_gateway import ScriptedGateway

OFFER = Offer({CHAT: {"chat": "chat", "gpt-4o": "chat"}, EMBEDDINGS: {"embed": "embed"}}, 4096)


@dataclass
class Waits:
    """A sleeper that does not sleep, and a die that always falls as high as it can."""

    seconds: list[float] = field(default_factory=list)
    drawn: list[tuple[float, float]] = field(default_factory=list)

    async def pause(self, seconds: float) -> None:
        """Lets others have their turn."""
        self.seconds.append(seconds)
        await asyncio.sleep(0)

    def draw(self, low: float, high: float) -> float:
        """The upper end."""
        self.drawn.append((low, high))
        return high


@dataclass
class Direct:
    """What a run needs."""

    folder: Path
    gateway: ScriptedGateway
    waits: Waits = field(default_factory=Waits)
    policy: Policy = field(default_factory=Policy)
    timeout_seconds: float = 20

    def run(self, lines: Iterable[Mapping[str, object]], concurrency: int = 1) -> Run:
        """Sends all lines that are not finished; raises what ends it early."""
        where = places(write_lines(self.folder / "in.jsonl", lines), None, None)
        form = batch_format("in.jsonl", OFFER)
        with where.source.open("rb") as source:
            found = checked(source, "in.jsonl", form)
            with opened(where, found) as files:
                run = self._run(files, found.digest)
                left = pending(source, "in.jsonl", form, found.index)
                asyncio.run(_whole(run, left, concurrency))
        return run

    def _run(self, files: Files, digest: str) -> Run:
        client = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{self.gateway.port}",
            timeout=self.timeout_seconds,
            trust_env=False,
        )
        run = Run(client, outlet(files, digest), self.policy)
        run.pause, run.draw = self.waits.pause, self.waits.draw
        return run


async def _whole(run: Run, lines: Iterator[Request], concurrency: int) -> None:
    async with run.client:
        await run_lines(run, lines, concurrency)
