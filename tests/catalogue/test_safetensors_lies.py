"""A folder of safetensors that is not whole, or lies: each is refused in words."""

import json
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploys.catalogue.taking_in import Wish, from_path
from deploys.settings.refusal import Refused
from tests.catalogue.safetensors_files import CONFIG, TENSORS, model_files, safetensors, with_header
from tests.catalogue.test_safetensors import folder, read

FIRST = "model-00001-of-00002.safetensors"


def refusal(root: Path, files: dict[str, bytes]) -> str:
    with pytest.raises(Refused) as refused:
        read(root, files)
    return str(refused.value)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ({"num_hidden_layers": 0}, "states num_hidden_layers as 0"),
        ({"num_hidden_layers": -1}, "states num_hidden_layers as -1"),
        ({"num_hidden_layers": 10**9}, "states num_hidden_layers as 1000000000"),
        ({"num_hidden_layers": "two"}, "states num_hidden_layers as 'two'"),
        ({"num_attention_heads": 0}, "states heads as 0"),
        ({"num_attention_heads": -4}, "states heads as -4"),
        ({"num_key_value_heads": 3}, "4 heads are not a multiple of 3 kv heads"),
        ({"num_key_value_heads": 0}, "states kv_heads as 0"),
        ({"head_dim": -16}, "states key_length as -16"),
        ({"hidden_size": None}, "states no hidden_size"),
        ({"hidden_size": 128}, "makes model.embed_tokens.weight 100 x 128, and it is 100 x 64"),
        ({"num_key_value_heads": 4}, "k_proj.weight 64 x 64, and it is 32 x 64"),
        ({"hidden_size": 2**70}, "states hidden_size as"),
        ({"hidden_size": True}, "states hidden_size as True"),
        ({"vocab_size": 101}, "makes model.embed_tokens.weight 101 x 64"),
        ({"intermediate_size": -1}, "states feed_forward_length as -1"),
        ({"max_position_embeddings": 0}, "states context_tokens as 0"),
        ({"model_type": "qwen2", "hidden_size": None}, "states no hidden_size"),
        ({"model_type": "qwen2", "use_sliding_window": True, "sliding_window": -1},
         "states sliding_window as -1"),
        ({"model_type": "gemma2", "layer_types": ["full_attention"], "sliding_window": 8},
         "lists the kinds of another number of layers than its 2"),
        ({"model_type": "mixtral", "num_local_experts": 4, "num_experts_per_tok": 5},
         "5 of 4 experts are used"),
        ({"model_type": "mixtral", "num_local_experts": 4}, "states no num_experts_per_tok"),
        ({"model_type": "deepseek_v3", "kv_lora_rank": 0, "qk_rope_head_dim": 8,
          "qk_nope_head_dim": 8, "v_head_dim": 8}, "states kv_lora_rank as 0"),
        ({"model_type": "qwen3_next", "linear_num_value_heads": 2, "linear_key_head_dim": 0,
          "linear_value_head_dim": 8, "linear_conv_kernel_dim": 4, "linear_num_key_heads": 2},
         "states linear_key_head_dim as 0"),
    ],
)  # fmt: skip
def test_a_config_that_cannot_be_is_refused(
    tmp_path: Path, words: dict[str, Any], found: str
) -> None:
    said = refusal(tmp_path, model_files({**CONFIG, **words}))
    assert f"{tmp_path}/Model-1B: config.json: " in said
    assert found in said


def without(name: str) -> dict[str, bytes]:
    files = model_files()
    del files[name]
    return files


INDEX = "model.safetensors.index.json"


WHOLE = safetensors(TENSORS)


LIES: list[tuple[Callable[[], dict[str, bytes]], str]] = [
    (lambda: without("config.json"), "has no config.json"),
    (lambda: without(INDEX), f"has neither model.safetensors nor {INDEX}"),
    (lambda: without(FIRST), f"names {FIRST}, and 1 such are not there"),
    (lambda: {**model_files(), "config.json": b"{"}, "config.json: is not JSON"),
    (lambda: {**model_files(), "config.json": b"[" * 10**5}, "config.json: is not JSON"),
    (lambda: {**model_files(), "config.json": b"[]"}, "config.json: holds no words"),
    (lambda: {**model_files(), INDEX: b'{"weight_map": 1}'}, "holds no weight_map"),
    (
        lambda: {**model_files(), INDEX: json.dumps({"weight_map": {"ghost": FIRST}}).encode()},
        "lists 'ghost', which no file holds",
    ),
    (lambda: {**model_files(), FIRST: b""}, "is cut off: it is 0 bytes long"),
    (lambda: {**model_files(), FIRST: b"version https://git-lfs"}, "is a Git LFS pointer"),
    (lambda: {**model_files(), FIRST: WHOLE[:100]}, "says that its header has"),
    (lambda: {**model_files(), FIRST: WHOLE[:-1]}, "it holds"),
    (lambda: {**model_files(), FIRST: WHOLE + b"\0"}, "it holds"),
    (lambda: {**model_files(), FIRST: struct.pack("<Q", 2**63)}, "says that its header has"),
    (lambda: {**model_files(), FIRST: with_header(b"nonsense", 8)}, "is no list of tensors"),
    (lambda: {**model_files(), FIRST: with_header(b"[" * 10**5, 8)}, "is no list of tensors"),
    (lambda: {**model_files(), FIRST: with_header(b"[1]", 8)}, "is no list of tensors"),
    (
        lambda: {**model_files(), FIRST: tensor(shape=[2**40], offsets=[0, 2**41])},
        "describes 2199023255552 bytes of tensors, it holds 8",
    ),
    (lambda: {**model_files(), FIRST: tensor(shape=[3])}, "is no list of tensors"),
    (lambda: {**model_files(), FIRST: tensor(shape=[-4])}, "is no list of tensors"),
    (lambda: {**model_files(), FIRST: tensor(offsets=[8, 0])}, "is no list of tensors"),
    (lambda: {**model_files(), FIRST: tensor(offsets=[0, 2**64])}, "is no list of tensors"),
    (lambda: {**model_files(), FIRST: tensor(offsets=[0])}, "is no list of tensors"),
    (lambda: {**model_files(), FIRST: tensor(shape="4")}, "is no list of tensors"),
]


def tensor(shape: object = None, offsets: object = None) -> bytes:
    entry = {"dtype": "BF16", "shape": shape or [4], "data_offsets": offsets or [0, 8]}
    return with_header(json.dumps({"a": entry}).encode(), 8)


@pytest.mark.parametrize(("files", "found"), LIES)
def test_a_folder_that_is_not_whole_or_lies_is_refused(
    tmp_path: Path, files: Callable[[], dict[str, bytes]], found: str
) -> None:
    assert found in refusal(tmp_path, files())


def test_a_tensor_in_two_files_is_refused(tmp_path: Path) -> None:
    files = model_files()
    files["model-00002-of-00002.safetensors"] = files[FIRST]
    assert "stands in two files" in refusal(tmp_path, files)


def test_a_folder_of_gguf_files_names_them(tmp_path: Path) -> None:
    said = refusal(tmp_path, {"a.gguf": b"GGUF"})
    assert "give the path of one of them: a.gguf" in said


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_damaged_header_never_ends_in_a_traceback(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = bytearray(WHOLE)
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, 2000))] = data.draw(st.integers(0, 255))
    files = {"config.json": json.dumps(CONFIG).encode(), "model.safetensors": bytes(content)}
    root = folder(tmp_path_factory.getbasetemp() / "damaged", files)
    with suppress(Refused):
        from_path(root, Wish())
