"""What is not a whole, servable GGUF file is refused, whatever its header claims."""

from pathlib import Path

import pytest
from gguf import GGMLQuantizationType

from deploys.catalogue.architecture import Architecture
from deploys.catalogue.gguf_header import GgufHeader, read_header
from deploys.catalogue.tiny import write_tiny
from deploys.settings.refusal import Complaint, Refused
from tests.catalogue.gguf_files import (
    SHAPE,
    Tensors,
    Words,
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
