"""A folder of safetensors: what is read of it, and what is refused."""

import json
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploys.catalogue.architecture import Architecture
from deploys.catalogue.model import Model
from deploys.catalogue.safetensors_weights import Heads, tensor_facts, weight_facts
from deploys.catalogue.taking_in import Wish, from_path
from deploys.settings.refusal import Refused
from tests.catalogue.published_models import stored
from tests.catalogue.safetensors_files import (
    CONFIG,
    TENSORS,
    model_files,
    safetensors,
    with_header,
)

FIRST = "model-00001-of-00002.safetensors"


def folder(root: Path, files: dict[str, bytes]) -> Path:
    root.mkdir(exist_ok=True)
    for name, content in files.items():
        (root / name).write_bytes(content)
    return root


def read(root: Path, files: dict[str, bytes] | None = None) -> Model:
    return from_path(folder(root / "Model-1B", files or model_files()), Wish())


def shape(model: Model) -> Architecture:
    assert model.architecture is not None
    return model.architecture


def refusal(root: Path, files: dict[str, bytes]) -> str:
    with pytest.raises(Refused) as refused:
        read(root, files)
    return str(refused.value)


def test_a_folder_is_read_whole_and_kept_under_its_path(tmp_path: Path) -> None:
    model = read(tmp_path)
    assert (model.source, model.revision) == (f"file:{tmp_path}/Model-1B/", "")
    assert (model.licence, model.base, model.quantization) == ("not stated", "", "bf16")
    assert shape(model).kv_heads == 2
    assert not shape(model).tied_embeddings
    assert "README.md" not in [file.name for file in model.files]


def test_every_byte_is_counted_once_by_part_and_once_by_its_spread(tmp_path: Path) -> None:
    weights = read(tmp_path).tensor_mib
    assert weights is not None
    total = sum(tensor.size_bytes for tensor in stored(TENSORS))
    assert weights.total_bytes == total
    assert sum(part.size_bytes for part in weights.spread) == total
    assert weights.type_bytes == {"BF16": total}
    assert weights.token_embedding_bytes == weights.output_bytes == 100 * 64 * 2
    assert weights.layer_bytes[0] == weights.layer_bytes[1] > 0


def test_tensors_are_spread_as_vllm_spreads_them() -> None:
    names = {
        "model.embed_tokens.weight": "vocabulary",
        "lm_head.weight": "vocabulary",
        "model.norm.weight": "whole",
        "model.layers.0.self_attn.q_proj.qweight": "shards",
        "model.layers.0.self_attn.k_proj.weight": "kv_heads",
        "model.layers.0.self_attn.v_proj.scales": "kv_heads",
        "model.layers.0.self_attn.q_a_proj.weight": "whole",
        "model.layers.0.self_attn.kv_a_proj_with_mqa.weight": "whole",
        "model.layers.0.self_attn.kv_b_proj.weight": "shards",
        "model.layers.0.mlp.gate.weight": "whole",
        "model.layers.0.mlp.gate_proj.weight": "shards",
        "model.layers.0.mlp.experts.7.up_proj.weight": "experts",
        "model.layers.0.mlp.shared_experts.up_proj.weight": "shards",
        "visual.blocks.3.attn.qkv.weight": "vision",
        "vision_tower.vision_model.encoder.layers.0.mlp.fc1.weight": "vision",
        "model.layers.2.eh_proj.weight": "draft",
        "mtp.layers.0.mlp.experts.0.up_proj.weight": "draft",
    }
    for name, spread in names.items():
        size = [64] if spread == "whole" and "norm" in name else [64, 64]
        (part,) = weight_facts(stored({name: size}), 2, Heads(4, 2)).spread
        assert (part.spread, name) == (spread, name)


def test_a_fused_matrix_is_divided_by_its_heads() -> None:
    fused = stored({"model.layers.0.self_attn.qkv_proj.weight": [128, 64]})
    spread = {part.spread: part.size_bytes for part in weight_facts(fused, 1, Heads(4, 2)).spread}
    # 4 of queries, 2 of keys and 2 of values.
    assert spread == {"shards": 4 * 16 * 64 * 2, "kv_heads": 4 * 16 * 64 * 2}


def test_draft_layers_stand_behind_the_models_own() -> None:
    names = ["model.layers.0.x.weight", "model.layers.2.x.weight", "mtp.layers.1.x.weight"]
    tensors = stored({name: [8, 8] for name in names})
    assert tensor_facts(tensors, 2).draft_layers == 2
    assert weight_facts(tensors, 2, Heads(1, 1)).layer_bytes == (128, 0, 128, 128)


def test_a_layer_number_alone_makes_no_list_long() -> None:
    weights = weight_facts(stored({"model.layers.99999.x.weight": [8, 8]}), 2, Heads(1, 1))
    assert (len(weights.layer_bytes), weights.total_bytes) == (3, 128)


def test_an_unknown_architecture_keeps_its_word_and_its_weights(tmp_path: Path) -> None:
    config = {"model_type": "mystery", "architectures": ["MysteryForCausalLM"]}
    model = read(tmp_path, model_files(config))
    assert (model.architecture, model.architecture_name) == (None, "mystery")
    assert model.tensor_mib is not None
    assert len(model.tensor_mib.layer_bytes) == 2


@pytest.mark.parametrize(
    "words",
    [
        {"model_type": "gemma3_text", "num_kv_shared_layers": 1},
        {"layer_types": ["full_attention", "chunky_attention"], "sliding_window": 8},
        {"layer_types": ["full_attention", "linear_attention"]},
        {"index_topk": 2048},
        {"model_type": "deepseek_v32"},
    ],
)
def test_what_cannot_be_described_is_unknown_not_guessed(
    tmp_path: Path, words: dict[str, Any]
) -> None:
    assert read(tmp_path, model_files({**CONFIG, **words})).architecture is None


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
        ({"hidden_size": 128}, "is 100 x 64"),
        ({"hidden_size": 2**70}, "states hidden_size as"),
        ({"hidden_size": True}, "states hidden_size as True"),
        ({"vocab_size": 101}, "and model.embed_tokens.weight is 100 x 64"),
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


@pytest.mark.parametrize(
    ("words", "tokens"),
    [
        # Left out, Mistral has the window of its first version; null, none.
        ({"model_type": "mistral"}, 4096),
        ({"model_type": "mistral", "sliding_window": None}, None),
        ({"model_type": "qwen2", "sliding_window": 8}, None),
        ({"model_type": "qwen2", "sliding_window": 8, "use_sliding_window": True}, 8),
        ({"model_type": "phi3", "sliding_window": 8}, None),
        ({"model_type": "exaone4", "sliding_window": 8, "sliding_window_pattern": "LG"}, 8),
    ],
)
def test_a_window_counts_where_engines_use_it(
    tmp_path: Path, words: dict[str, Any], tokens: int | None
) -> None:
    window = shape(read(tmp_path, model_files({**CONFIG, **words}))).sliding_window
    assert (window and window.tokens) == tokens


def test_a_missing_head_dim_is_the_width_by_the_heads(tmp_path: Path) -> None:
    assert shape(read(tmp_path)).key_length == 16


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
