"""Files of any length: what is in memory has a bound that does not grow with them."""

import io
import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploys.batch.checking import batch_format, checked, pending
from deploys.batch.line import Request
from deploys.batch.offer import Offer
from deploys.settings.refusal import Refused
from tests.batch import direct
from tests.batch.batch_files import CHAT, chat_line
from tests.batch.direct import Direct
from tests.batch.scripted_gateway import Reply, ScriptedGateway

LARGE = Offer({CHAT: {"chat": "chat"}}, 2**20)
LINE_BYTES = 200_000


class Made(io.BytesIO):
    """A file of large lines that is made while it is read."""

    def __init__(self, lines: int) -> None:
        super().__init__()
        self._left = lines
        self.largest_bytes = 0

    def readline(self, size: int | None = -1, /) -> bytes:
        """Up to `size` bytes of the present line; notes the most that was asked for."""
        self.largest_bytes = max(self.largest_bytes, size or 0)
        if self.tell() == len(self.getbuffer()) and self._left:
            self._left -= 1
            line = chat_line(str(self._left), user="x" * LINE_BYTES)
            super().__init__(json.dumps(line).encode() + b"\n")
        return super().readline(size)


def test_the_first_reading_holds_one_line_at_a_time() -> None:
    source = Made(lines=100)
    tracemalloc.start()
    try:
        found = checked(source, "in.jsonl", batch_format("in.jsonl", LARGE))
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found.index.lines() == 100
    # 20 MB in all. Of one line: its bytes twice, text, document, and what would be sent of it.
    assert peak_bytes < 8 * LINE_BYTES
    assert source.largest_bytes == LARGE.line_limit_bytes


def test_the_second_reading_takes_no_more_lines_than_may_run_at_once(
    tmp_path: Path, gateway: ScriptedGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[int] = []
    most: list[int] = []

    def counted(*words: object) -> Iterator[Request]:
        lines: Iterator[Request] = pending(*words)  # type: ignore[arg-type]
        for request in lines:
            taken.append(request.number)
            yield request

    def reply(_name: str, _time: int) -> Reply:
        with gateway.lock:
            most.append(len(taken) - (len(gateway.asked) - gateway.running))
        return Reply()

    monkeypatch.setattr(direct, "pending", counted)
    gateway.reply = reply
    Direct(tmp_path, gateway).run([chat_line(str(number)) for number in range(60)], 4)
    assert len(taken) == 60
    assert max(most) <= 4


def test_an_input_that_changes_meanwhile_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    for changed in ('{"custom_id": "a"}', json.dumps(chat_line("b"))):
        path.write_text(json.dumps(chat_line("a")))
        with path.open("rb") as source:
            form = batch_format("in.jsonl", LARGE)
            found = checked(source, "in.jsonl", form)
            path.write_text(changed)
            with pytest.raises(Refused, match="has changed meanwhile"):
                next(pending(source, "in.jsonl", form, found.index))
