"""What is not a whole, servable GGUF file is refused, whatever its header claims."""

import os
import resource
import struct
from pathlib import Path

import pytest
from gguf import LlamaFileType
from hypothesis import given, settings
from hypothesis import strategies as st

from deploys.catalogue.gguf_header import GgufHeader, read_header
from deploys.catalogue.tiny import write_tiny
from deploys.settings.refusal import Complaint, Refused
from tests.catalogue.gguf_files import Words, counts, entry, raw, write_gguf


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny(tmp_path_factory.mktemp("tiny") / "tiny.gguf")


def complaint(path: Path) -> Complaint:
    with pytest.raises(Refused) as refused:
        read_header(path)
    (found,) = refused.value.complaints
    assert found.file == str(path)
    return found


def test_the_shape_is_read_and_derived_where_the_file_leaves_it_out(tmp_path: Path) -> None:
    header = read_header(write_gguf(tmp_path / "a.gguf", {}))
    shape = header.architecture
    assert (shape.heads, shape.kv_heads) == (4, 4)
    assert (shape.key_length, shape.value_length) == (16, 16)
    assert (header.weights_bytes, header.quantization) == (4 * 64 * 4, "F32")
    assert (header.chat_template, header.licence) == (False, None)


def test_what_the_file_states_wins(tmp_path: Path) -> None:
    words: Words = {
        "llama.attention.head_count_kv": [2, 1],
        "llama.attention.key_length": 32,
        "general.file_type": int(LlamaFileType.MOSTLY_Q4_K_M),
        "general.license": "apache-2.0",
        "tokenizer.chat_template": "{{ messages }}",
    }
    header = read_header(write_gguf(tmp_path / "a.gguf", words))
    assert (header.architecture.kv_heads, header.architecture.key_length) == (2, 32)
    assert header.quantization == "Q4_K_M"
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
        ({"split.count": 3}, "is one of 3 parts"),
        ({"general.alignment": 0}, "alignment is 0"),
    ],
)
def test_a_whole_file_that_cannot_be_served_is_refused(
    tmp_path: Path, words: Words, found: str
) -> None:
    assert found in complaint(write_gguf(tmp_path / "a.gguf", words)).found


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
