"""Lines of a log in whatever shape it is handed over: a huge one, Docker's own file, a paste."""

import io
import json
import re
from collections.abc import Iterator
from typing import BinaryIO

from deploys.causes.evidence import Line

# What says why something ended stands near the beginning of its line; a prompt or a dump of
# tensors in the same line may be megabytes.
LONGEST_CHARACTERS = 8192

# Colours and other orders to a terminal (ECMA-48): CSI, OSC, and those of two characters.
_ORDERS = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffd]+")
# How PowerShell writes what is redirected into a file.
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def is_text(stream: BinaryIO) -> bool:
    """Whether it begins like a log; without taking anything from a stream that has more to give.

    NULs count for nothing: a log that was cut while somebody wrote to it begins with many.
    """
    begin = _beginning(stream, 4096)
    if begin[:2] in _UTF_16:
        return True
    text = begin.replace(b"\0", b"").decode("utf-8", errors="replace")
    strange = sum(len(found) for found in _CONTROLS.findall(_ORDERS.sub("", text)))
    return strange <= len(text) * 0.1


def lines(stream: BinaryIO) -> Iterator[Line]:
    """Every line as a person would see it, read one at a time; what is no text is left out."""
    encoding = "utf-16" if _beginning(stream, 2) in _UTF_16 else "utf-8"
    text = io.TextIOWrapper(stream, encoding, errors="replace", newline="\n")
    try:
        for number, line in enumerate(_cut(text), start=1):
            yield Line(number, plain(line))
    finally:
        # The stream is the caller's, who may want to close it.
        text.detach()


def plain(line: str) -> str:
    """A line without Docker's JSON around it, colours, and what a progress bar drew over."""
    line = _ORDERS.sub("", _unpacked(line).rstrip("\r\n"))
    if "\r" in line:
        line = next((part for part in reversed(line.split("\r")) if part.strip()), "")
    return _CONTROLS.sub("", line).rstrip()


def _beginning(stream: BinaryIO, size_bytes: int) -> bytes:
    peek = getattr(stream, "peek", None)
    return bytes(peek(size_bytes)[:size_bytes]) if peek else b""


def _cut(text: io.TextIOWrapper) -> Iterator[str]:
    """Each line, no more of it than can be of use."""
    while line := text.readline(LONGEST_CHARACTERS):
        rest = line
        while rest and not rest.endswith("\n"):
            rest = text.readline(LONGEST_CHARACTERS)
        yield line


def _unpacked(line: str) -> str:
    """What stands under `log` in a line of Docker's json-file driver; any other line as it is."""
    if not line.startswith('{"log":'):
        return line
    try:
        return str(json.loads(line)["log"])
    except (ValueError, RecursionError):
        return line
