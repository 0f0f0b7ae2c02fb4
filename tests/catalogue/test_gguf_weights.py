"""Which bytes of a GGUF file belong to which part, and what they really are."""

from pathlib import Path

import pytest
from gguf import GGMLQuantizationType as Type
from gguf import LlamaFileType, PoolingType

from deploys.catalogue.gguf_header import GgufHeader, read_header
from deploys.settings.refusal import Refused
from tests.catalogue.gguf_files import SHAPE, Tensors, Words, header_bytes, sparse_gguf

SMALL: Words = {"general.architecture": "llama", **SHAPE}
MIXED: Words = {**SMALL, "llama.expert_count": 4, "llama.expert_used_count": 2}
TENSORS: Tensors = {
    "token_embd.weight": ((256, 100), Type.Q6_K),
    "output.weight": ((256, 100), Type.Q6_K),
    "output_norm.weight": ((256,), Type.F32),
    "blk.0.attn_q.weight": ((256, 256), Type.Q4_K),
    "blk.1.attn_q.weight": ((256, 256), Type.Q5_K),
    "blk.1.ffn_up_exps.weight": ((256, 256, 4), Type.Q4_K),
    "blk.1.ffn_down_exps.weight": ((256, 256, 4), Type.Q6_K),
    "blk.1.ffn_up_shexp.weight": ((256, 256), Type.Q4_K),
}
# Bytes of 256 numbers (gguf's GGML_QUANT_SIZES): q4_K 144, q5_K 176, q6_K 210.
Q4, Q5, Q6 = 144, 176, 210


def header(folder: Path, words: Words = MIXED, tensors: Tensors | None = None) -> GgufHeader:
    return read_header(sparse_gguf(folder / "a.gguf", words, tensors or TENSORS))


def test_every_byte_is_counted_once_and_in_its_part(tmp_path: Path) -> None:
    weights = header(tmp_path).weights
    assert weights.token_embedding_bytes == weights.output_bytes == 100 * Q6
    assert weights.other_bytes == 256 * 4
    assert weights.layer_bytes == (256 * Q4, 256 * Q5 + 256 * Q4)
    assert weights.expert_bytes == (0, 4 * 256 * (Q4 + Q6))
    assert weights.largest_expert_bytes == weights.largest_tensor_bytes == 4 * 256 * Q6
    assert weights.total_bytes == sum(weights.type_bytes.values())


def test_the_largest_tensor_of_each_block_is_kept(tmp_path: Path) -> None:
    weights = header(tmp_path).weights
    assert weights.layer_largest_bytes == (256 * Q4, 256 * Q5)
    assert weights.expert_largest_bytes == (0, 4 * 256 * Q6)


def test_draft_layers_come_last(tmp_path: Path) -> None:
    words: Words = {**SMALL, "llama.block_count": 3, "llama.nextn_predict_layers": 1}
    tensors: Tensors = {**TENSORS, "blk.2.nextn.eh_proj.weight": ((512, 256), Type.F16)}
    found = header(tmp_path, words, tensors)
    assert found.architecture is not None
    assert (found.architecture.layers, found.architecture.draft_layers) == (2, 1)
    assert found.weights.layer_bytes[2] == 512 * 256 * 2


@pytest.mark.parametrize(
    ("file_type", "word"),
    [
        (LlamaFileType.MOSTLY_Q4_K_M, "Q4_K_M"),
        (LlamaFileType.MOSTLY_Q6_K, "Q6_K"),
        # Nothing of it is F16, whatever it says.
        (LlamaFileType.MOSTLY_F16, "Q6_K"),
        (LlamaFileType.GUESSED, "Q6_K"),
        (999, "Q6_K"),
        (None, "Q6_K"),
    ],
)
def test_the_quantization_is_the_files_own_word_where_its_tensors_bear_it_out(
    tmp_path: Path, file_type: int | None, word: str
) -> None:
    words = dict(MIXED)
    if file_type is not None:
        words["general.file_type"] = int(file_type)
    assert header(tmp_path, words).quantization == word


@pytest.mark.parametrize(
    ("pooling", "kind"),
    [
        (None, "chat"),
        (PoolingType.NONE, "chat"),
        (PoolingType.MEAN, "embedding"),
        (PoolingType.CLS, "embedding"),
        (PoolingType.LAST, "embedding"),
        (PoolingType.RANK, "rerank"),
    ],
)
def test_the_kind_is_how_tokens_are_pooled(tmp_path: Path, pooling: int | None, kind: str) -> None:
    words = MIXED if pooling is None else {**MIXED, "llama.pooling_type": int(pooling)}
    assert header(tmp_path, words).kind == kind


def test_of_an_unknown_architecture_the_weights_are_known_and_nothing_else(
    tmp_path: Path,
) -> None:
    found = header(tmp_path, {"general.architecture": "mystery-9", "mystery-9.block_count": 2})
    assert (found.architecture, found.architecture_name) == (None, "mystery-9")
    assert found.weights.layer_bytes == (256 * Q4, 256 * Q5 + 256 * Q4)
    assert found.weights.total_bytes == sum(found.weights.type_bytes.values())


def test_a_number_in_a_name_alone_makes_no_list_long(tmp_path: Path) -> None:
    tensors: Tensors = {"blk.999999.x.weight": ((256,), Type.F32)}
    weights = header(tmp_path, {"general.architecture": "mystery-9"}, tensors).weights
    assert (weights.layer_bytes, weights.other_bytes) == ((), 1024)


@pytest.mark.parametrize(
    "words",
    [
        # No two layers alike: more than Architecture can say.
        {"llama.attention.head_count_kv": [1, 2]},
        {"llama.attention.head_count": [2, 4]},
        {"llama.attention.shared_kv_layers": 1},
        # The files of 2024 keep whole heads, which the latent cache would not cover.
        {"general.architecture": "deepseek2"},
        {"general.architecture": "gemma2", "gemma2.attention.sliding_window": 0},
    ],
)
def test_what_cannot_be_described_is_unknown_not_guessed(tmp_path: Path, words: Words) -> None:
    name = words.get("general.architecture", "llama")
    own = {key.replace("llama.", f"{name}."): value for key, value in SMALL.items()}
    found = header(tmp_path, {**own, **words})
    assert (found.architecture, found.architecture_name) == (None, name)


def split(folder: Path, *, parts: int = 3, numbers: tuple[int, ...] = (0, 1, 2)) -> Path:
    """A model in three files, as llama-gguf-split writes them."""
    names = list(TENSORS)
    for index, number in enumerate(numbers):
        words: Words = {"split.no": number, "split.count": parts, "split.tensors.count": 8}
        if index == 0:
            words = {**MIXED, **words}
        chosen = {name: TENSORS[name] for name in names[index * 3 : index * 3 + 3]}
        sparse_gguf(folder / f"a-{index + 1:05d}-of-00003.gguf", words, chosen)
    return folder / "a-00001-of-00003.gguf"


def test_a_split_file_is_what_its_parts_are_together(tmp_path: Path) -> None:
    assert read_header(split(tmp_path)).weights == header(tmp_path).weights


def refusal(path: Path) -> str:
    with pytest.raises(Refused) as refused:
        read_header(path)
    return str(refused.value)


def test_a_later_part_names_the_first(tmp_path: Path) -> None:
    split(tmp_path)
    assert "give the first part: a-00001-of-00003" in refusal(tmp_path / "a-00002-of-00003.gguf")


def test_a_part_that_is_not_there_is_named(tmp_path: Path) -> None:
    first = split(tmp_path)
    (tmp_path / "a-00003-of-00003.gguf").unlink()
    assert "a-00003-of-00003.gguf: cannot be read: No such file" in refusal(first)


def test_parts_in_another_order_are_refused(tmp_path: Path) -> None:
    assert "is part 2 of 3, not 1 of 3" in refusal(split(tmp_path, numbers=(0, 2, 1)))


def test_parts_of_another_file_are_refused(tmp_path: Path) -> None:
    first = split(tmp_path)
    words: Words = {"split.no": 2, "split.count": 3}
    sparse_gguf(tmp_path / "a-00003-of-00003.gguf", words, {"x": ((32,), Type.F32)})
    assert "has 7 tensors in its parts, and says 8" in refusal(first)


def test_the_header_ends_where_the_weights_begin() -> None:
    assert len(header_bytes(MIXED, TENSORS)) % 32 == 0
