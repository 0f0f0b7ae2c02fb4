"""What is not a whole, servable GGUF file is refused, whatever its header claims."""

import os
import resource
import struct
from pathlib import Path

import pytest
from gguf import GGMLQuantizationType
from hypothesis import given, settings
from hypothesis import strategies as st

from deploys.catalogue import gguf_bytes
from deploys.catalogue.architecture import Architecture
from deploys.catalogue.gguf_header import GgufHeader, read_header
from deploys.catalogue.tiny import write_tiny
from deploys.settings.refusal import Complaint, Refused
from tests.catalogue.gguf_files import (
    SHAPE,
    Tensors,
    Words,
    counts,
    entry,
    header_bytes,
    raw,
    sparse_gguf,
    write_gguf,
)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny(tmp_path_factory.mktemp("tiny") / "tiny.gguf")


def known(header: GgufHeader) -> Architecture:
    assert header.architecture is not None
    return header.architecture


def complaint(path: Path) -> Complaint:
    with pytest.raises(Refused) as refused:
        read_header(path)
    (found,) = refused.value.complaints
    assert found.file == str(path)
    return found


def test_the_shape_is_read_and_derived_where_the_file_leaves_it_out(tmp_path: Path) -> None:
    header = read_header(write_gguf(tmp_path / "a.gguf", {}))
    shape = known(header)
    assert (shape.heads, shape.kv_heads) == (4, 4)
    assert (shape.key_length, shape.value_length) == (16, 16)
    assert (header.weights.total_bytes, header.quantization) == (4 * 64 * 4, "F32")
    assert (header.chat_template, header.licence) == (False, None)


def test_what_the_file_states_wins(tmp_path: Path) -> None:
    words: Words = {
        "llama.attention.head_count_kv": [2, 2],
        "llama.attention.key_length": 32,
        "general.license": "apache-2.0",
        "tokenizer.chat_template": "{{ messages }}",
    }
    header = read_header(write_gguf(tmp_path / "a.gguf", words))
    assert (known(header).kv_heads, known(header).key_length) == (2, 32)
    assert (header.chat_template, header.licence) == (True, "apache-2.0")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "is empty"),
        (b"hello world", "not b'GGUF'"),
        (b"\n<!DOCTYPE html>", "is a web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
        (b"PK\x03\x04archive", "zip archive"),
        (b"GGU", "is not GGUF"),
        (b"GGUF", "is cut off"),
    ],
)
def test_a_file_that_is_not_gguf_is_refused(tmp_path: Path, content: bytes, found: str) -> None:
    path = tmp_path / "a.gguf"
    path.write_bytes(content)
    assert found in complaint(path).found


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    assert "No such file" in complaint(tmp_path / "none.gguf").found
    assert "Is a directory" in complaint(tmp_path).found


def test_a_file_that_is_cut_off_in_its_weights_is_refused_with_both_sizes(
    tiny: Path, tmp_path: Path
) -> None:
    whole = tiny.read_bytes()
    path = tmp_path / "cut.gguf"
    path.write_bytes(whole[:-1])
    found = complaint(path).found
    assert (
        found == f"is cut off: it is {len(whole) - 1} bytes long, its header asks for {len(whole)}"
    )


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


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ({"llama.block_count": None}, "states no llama.block_count"),
        ({"llama.block_count": 0}, "states layers as 0"),
        ({"llama.attention.head_count": 0}, "states heads as 0"),
        ({"llama.context_length": "long"}, "states no llama.context_length"),
        ({"llama.vocab_size": None}, "states no llama.vocab_size"),
        ({"split.count": 3}, "is one of 3 parts, and its name does not say so"),
        ({"llama.attention.head_count_kv": 3}, "4 heads are not a multiple of 3 kv heads"),
        ({"llama.attention.head_count_kv": [2]}, "of 1 of its 2 layers"),
        ({"llama.nextn_predict_layers": 2}, "2 of its 2 blocks are for drafts"),
        ({"llama.expert_count": 4, "llama.expert_used_count": 5}, "5 of 4 experts are used"),
        ({"llama.expert_count": 4, "llama.expert_used_count": 0}, "of which 0 are used"),
        ({"llama.feed_forward_length": 0}, "there is no feed-forward part"),
        ({"llama.block_count": 2**31}, "states layers as"),
        ({"general.alignment": 0}, "alignment is 0"),
    ],
)
def test_a_whole_file_that_cannot_be_served_is_refused(
    tmp_path: Path, words: Words, found: str
) -> None:
    assert found in complaint(write_gguf(tmp_path / "a.gguf", words)).found


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


def test_a_block_that_the_header_does_not_count_is_refused(tmp_path: Path) -> None:
    tensors: Tensors = {
        "token_embd.weight": ((64, 4), GGMLQuantizationType.F32),
        "blk.7.attn_q.weight": ((64, 4), GGMLQuantizationType.F32),
    }
    words: Words = {"general.architecture": "llama", **SHAPE}
    path = sparse_gguf(tmp_path / "a.gguf", words, tensors)
    assert "has a block 7, and states 2 blocks" in complaint(path).found


def test_a_vocabulary_without_weights_is_refused(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "a.gguf", {}, tensors=False)
    assert "holds no weights" in complaint(path).found


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
