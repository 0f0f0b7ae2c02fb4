"""A gateway on loopback that streams to `homeport bench`, in a thread of its own."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from tests.batch.desk import RELEASE, settled
from tests.batch.scripted_gateway import ScriptedGateway
from tests.checks.benchmarks.scripted_server import Script, chunked, serving, stop, text

DONE = b"[DONE]"
SHORT = ("--seconds", "10", "--warm-up", "0", "--runs", "1", "--prompt-tokens", "64")
CLOSED = (*SHORT, "--concurrency", "1")
Bench = Callable[..., int]
"""`homeport bench small` with these words; its exit code."""


def usage(prompt_tokens: int, completion_tokens: int) -> bytes:
    """The last chunk."""
    counts = b'{"prompt_tokens": %d, "completion_tokens": %d}'
    return b'{"choices": [], "usage": %s}' % (counts % (prompt_tokens, completion_tokens))


def whole(prompt_tokens: int, words: int = 4, headers: bytes = b"") -> list[bytes]:
    """A stream of so many words."""
    texts = [text("a") for _ in range(words)]
    return chunked(*texts, stop(), usage(prompt_tokens, words), DONE, headers=headers)


# The two probes of the tokenizer (16 and 96 words, 1.5 tokens each), and all that follow.
ANSWERS = (whole(34, 1), whole(154, 1), whole(50))


@contextmanager
def streaming_gateway(replies: Sequence[Sequence[bytes]] = ANSWERS) -> Iterator[Script]:
    """Serves until the end of the block."""
    script = Script(replies)
    ready, over = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with serving(script):
            ready.set()
            await over.wait()

    def work() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(serve())

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    ready.wait()
    try:
        yield script
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()


def applied(root: Path, port: int, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The environment `small`, whose gateway has this port, and whose host runs what is committed;
    gives the link that says so.
    """
    settled(root, ScriptedGateway(port=port), {}, monkeypatch)
    release = yaml.safe_load((root / RELEASE).read_text())["release"]
    current = root / ".homeport" / "small" / "current"
    current.parent.mkdir(parents=True)
    current.symlink_to(f"releases/{release}")
    return current
