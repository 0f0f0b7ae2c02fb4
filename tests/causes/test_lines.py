"""Lines are found in whatever was pasted, and nothing in it makes reading end or grow."""

import io
import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploys.causes.evidence import Line
from deploys.causes.lines import LONGEST_CHARACTERS, is_text, lines, plain
from tests.causes.logs import causes

OOM = "ggml_backend_cuda_buffer_type_alloc_buffer: allocating 9 MiB on device 0: cudaMalloc failed: out of memory"  # noqa: E501 - as it is told
FOUND = ["gpu_memory_full_at_start"]
# All but the tab.
CONTROLS = {chr(number) for number in (*range(9), *range(11, 32), *range(127, 160))}


def _read(text: bytes) -> list[Line]:
    return list(lines(io.BufferedReader(io.BytesIO(text))))


@pytest.mark.parametrize(
    "log",
    [
        f"chat-1  | {OOM}\n",
        f"\x1b[31;1m{OOM.replace('cudaMalloc', chr(27) + '[0mcudaMalloc')}\x1b[0m\n",
        f"\x1b]0;a title\x07{OOM}",
        json.dumps({"log": f"{OOM}\n", "stream": "stderr", "time": "2026-11-26T12:00:00Z"}),
        f"Loading shards:  10%\rLoading shards: 100%\r{OOM}\r\n",
        f"Loading shards:  10%\r{OOM}\r",
    ],
    ids=["by compose", "in colours", "after a title", "by Docker's file", "bar", "bar at the end"],
)
def test_a_line_is_found_however_it_was_pasted(log: str) -> None:
    assert causes(log) == FOUND


def test_a_log_that_powershell_has_redirected_is_read() -> None:
    assert causes(f"INFO begins\r\n{OOM}\r\n".encode("utf-16")) == FOUND


def test_a_log_that_was_cut_while_somebody_wrote_to_it_is_read() -> None:
    log = b"\0" * 5000 + f"\n{OOM}\n".encode()
    assert is_text(io.BufferedReader(io.BytesIO(log)))
    assert causes(log) == FOUND


def test_a_line_of_docker_that_is_no_json_stays_as_it_is() -> None:
    for line in ('{"log":"half of it', '{"log":' + "[" * 8000):
        assert plain(line) == line


def test_lines_keep_their_numbers() -> None:
    assert [(line.number, line.text) for line in _read(b"a\n\nb\x07\n")] == [
        (1, "a"),
        (2, ""),
        (3, "b"),
    ]


def test_of_a_line_of_megabytes_only_the_beginning_is_kept() -> None:
    first, second = _read(b"x" * 5_000_000 + b"\nnext\n")
    assert len(first.text) == LONGEST_CHARACTERS
    assert (second.number, second.text) == (2, "next")


class _Endless(io.RawIOBase):
    """Gigabytes of a log, made as they are read."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self.given_bytes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        block = next(self._blocks, b"")
        memoryview(buffer)[: len(block)] = block  # type: ignore[arg-type]
        self.given_bytes += len(block)
        return len(block)


def test_a_log_is_read_as_it_comes_and_not_as_a_whole() -> None:
    stream = _Endless(iter([b"line\n" * 100] * 1_000_000))
    reading = lines(io.BufferedReader(stream, 1000))
    assert [next(reading).number for _ in range(5)] == [1, 2, 3, 4, 5]
    assert stream.given_bytes < 100_000
    reading.close()  # type: ignore[attr-defined]


@given(st.binary(max_size=2000))
def test_no_bytes_end_the_reading(garbage: bytes) -> None:
    log = garbage + b"\n" + OOM.encode() + b"\n"
    # A byte order mark makes another text of all that follows.
    if garbage[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        assert FOUND[0] in causes(log)
    for line in _read(log):
        assert not CONTROLS & set(line.text)


def test_what_is_compressed_is_no_text_and_a_log_is() -> None:
    compressed = b"\x1f\x8b\x08\x00" + bytes(range(128, 256)) * 20
    assert not is_text(io.BufferedReader(io.BytesIO(compressed)))
    for text in (b"", OOM.encode(), "▄▄ ▄█ vLLM startet für Müller\n".encode() * 50):
        assert is_text(io.BufferedReader(io.BytesIO(text)))
