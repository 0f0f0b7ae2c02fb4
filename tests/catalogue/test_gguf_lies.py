"""A GGUF header that lies is refused, and costs neither time nor memory."""

import os
import resource
import struct
from pathlib import Path

import pytest
from gguf import GGMLQuantizationType
from hypothesis import given, settings
from hypothesis import strategies as st

from deploys.catalogue import gguf_bytes
from deploys.catalogue.gguf_header import GgufHeader, read_header
from deploys.catalogue.tiny import write_tiny
from deploys.settings.refusal import Refused
from tests.catalogue.gguf_files import SHAPE, Tensors, Words, counts, entry, header_bytes, raw
from tests.catalogue.test_gguf_header import complaint


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny(tmp_path_factory.mktemp("tiny") / "tiny.gguf")


@pytest.mark.parametrize(
    ("parts", "found"),
    [
        ((struct.pack("<IQQ", 1, 0, 0),), "version 1"),
        ((struct.pack(">IQQ", 3, 0, 0),), "big-endian"),
        ((counts(2**60, 0),), "tensors do not fit"),
        ((counts(0, 2**60),), "entries do not fit"),
        ((counts(0, 1), entry("k", 77, bytes(8))), "unknown type 77"),
        ((counts(0, 1), entry("k", 8, struct.pack("<Q", 2**62))), "is cut off"),
        ((counts(0, 1), entry("k", 9, struct.pack("<IQ", 4, 2**62))), "do not fit"),
        ((counts(0, 1), entry("k", 9, struct.pack("<IQ", 8, 2**62))), "do not fit"),
        ((counts(0, 1), entry("k", 9, struct.pack("<IQ", 9, 1) + bytes(8))), "lists of lists"),
        ((counts(1, 0), struct.pack("<QcI", 1, b"t", 9) + bytes(40)), "9 dimensions"),
        ((counts(1, 0), struct.pack("<QcIQIQ", 1, b"t", 1, 8, 999, 0)), "quantization 999"),
        ((counts(1, 0), struct.pack("<QcIQIQ", 1, b"t", 1, 2**63, 0, 0)), "asks for"),
        ((counts(1, 0), struct.pack("<QcIQIQ", 1, b"t", 1, 0, 0, 0)), "the dimensions [0]"),
        ((counts(1, 0), struct.pack("<QcIQIQ", 1, b"t", 1, 33, 8, 0)), "the dimensions [33]"),
        ((counts(1, 0), struct.pack("<QcIQIQ", 1, b"\xff", 1, 8, 0, 0)), "is not UTF-8"),
        ((counts(0, 1), struct.pack("<Q2sI", 2, b"\xc3\x28", 4) + bytes(8)), "is not UTF-8"),
        ((counts(0, 2), entry("k", 4, bytes(4)) * 2), "'k' stands there twice"),
        ((counts(2, 0), struct.pack("<QcIQIQ", 1, b"t", 1, 8, 0, 0) * 2, bytes(99)), "'t' stands"),
        ((counts(0, 1), entry("k", 9, struct.pack("<IQ", 9, 2**63))), "lists of lists"),
        ((counts(1, 0), struct.pack("<QcIQIQ", 1, b"t", 1, 8, 0, 2**63)), "asks for"),
    ],
)
def test_a_header_that_lies_is_refused(
    tmp_path: Path, parts: tuple[bytes, ...], found: str
) -> None:
    assert found in complaint(raw(tmp_path / "a.gguf", *parts)).found


def test_a_lying_header_in_a_huge_file_costs_neither_time_nor_memory(tmp_path: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for kind, value in ((8, struct.pack("<Q", 2**36)), (9, struct.pack("<IQ", 8, 2**33))):
        path = raw(tmp_path / f"{kind}.gguf", counts(0, 1), entry("k", kind, value))
        # Sparse: 100 GiB that no disk holds.
        os.truncate(path, 100 * 2**30)
        assert "is damaged" in complaint(path).found
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown_kib < 64 * 1024


def test_tensors_that_lie_in_each_other_are_refused(tmp_path: Path) -> None:
    tensors = b"".join(struct.pack("<QcIQIQ", 1, name, 1, 64, 0, 0) for name in (b"a", b"b"))
    header = b"".join((counts(2, 0), tensors))
    path = raw(tmp_path / "a.gguf", header, bytes(-(len(header) + 4) % 32), bytes(64 * 4))
    assert "is cut off" in complaint(path).found


def test_a_header_larger_than_any_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gguf_bytes, "LARGEST_HEADER_BYTES", 1 << 20)
    long_text = entry("k", 8, struct.pack("<Q", 2**20) + bytes(2**20))
    found = complaint(raw(tmp_path / "a.gguf", counts(0, 1), long_text)).found
    assert found == "is damaged: its header is larger than 1 MiB"


@pytest.mark.parametrize(("number", "what"), [(0, "tensors"), (1, "entries")])
def test_more_things_than_any_model_has_are_refused_uncounted(
    tmp_path: Path, number: int, what: str
) -> None:
    path = raw(tmp_path / "a.gguf", counts(*((0, 2**20) if number else (2**20, 0))))
    os.truncate(path, 2**30)
    assert f"asks for 1048576 {what}" in complaint(path).found


def test_lists_of_nothing_cost_no_more_than_a_vocabulary(tmp_path: Path) -> None:
    lists = [
        entry(f"k{index}", 9, struct.pack("<IQ", 0, 2**21) + bytes(2**21)) for index in range(3)
    ]
    found = complaint(raw(tmp_path / "a.gguf", counts(0, 3), *lists)).found
    assert "lists more than 4194304 items" in found


def _read_or_refused(path: Path) -> GgufHeader | None:
    try:
        return read_header(path)
    except Refused:
        return None


@given(length=st.integers(0, 602_047))
@settings(max_examples=60, deadline=None)
def test_a_file_cut_off_anywhere_is_refused(
    tiny: Path, tmp_path_factory: pytest.TempPathFactory, length: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "cut.gguf"
    path.write_bytes(tiny.read_bytes()[:length])
    assert _read_or_refused(path) is None


@given(position=st.integers(0, 24_000), byte=st.integers(0, 255))
@settings(max_examples=150, deadline=None)
def test_a_damaged_byte_never_ends_in_a_traceback(
    tiny: Path, tmp_path_factory: pytest.TempPathFactory, position: int, byte: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.gguf"
    content = bytearray(tiny.read_bytes())
    content[position] = byte
    path.write_bytes(content)
    _read_or_refused(path)


@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_a_header_of_any_bytes_never_ends_in_a_traceback(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    words: Words = {"general.architecture": "qwen3next", **SHAPE}
    tensors: Tensors = {"token_embd.weight": ((64, 4), GGMLQuantizationType.F32)}
    content = bytearray(header_bytes(words, tensors) + bytes(1024))
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(4, len(content) - 1))
        piece = data.draw(st.binary(min_size=1, max_size=12))
        content[place : place + len(piece)] = piece
    path = tmp_path_factory.getbasetemp() / "any.gguf"
    path.write_bytes(content)
    _read_or_refused(path)
