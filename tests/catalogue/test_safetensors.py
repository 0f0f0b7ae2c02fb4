"""A folder of safetensors: what is read of it, and what is refused."""

from pathlib import Path
from typing import Any

import pytest

from deploys.catalogue.architecture import Architecture
from deploys.catalogue.model import Model
from deploys.catalogue.safetensors_weights import Heads, tensor_facts, weight_facts
from deploys.catalogue.taking_in import Wish, from_path
from tests.catalogue.published_models import stored
from tests.catalogue.safetensors_files import (
    CONFIG,
    TENSORS,
    model_files,
    safetensors,
)


def folder(root: Path, files: dict[str, bytes]) -> Path:
    root.mkdir(exist_ok=True)
    for name, content in files.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(content)
    return root


def read(root: Path, files: dict[str, bytes] | None = None) -> Model:
    return from_path(folder(root / "Model-1B", files or model_files()), Wish())


def shape(model: Model) -> Architecture:
    assert model.architecture is not None
    return model.architecture


def test_a_folder_is_read_whole_and_kept_under_its_path(tmp_path: Path) -> None:
    model = read(tmp_path)
    assert (model.source, model.revision) == (f"file:{tmp_path}/Model-1B/", "")
    assert (model.licence, model.base, model.quantization) == ("not stated", "", "bf16")
    assert shape(model).kv_heads == 2
    assert not shape(model).tied_embeddings
    assert "README.md" not in [file.name for file in model.files]


def test_how_vectors_are_pooled_comes_along(tmp_path: Path) -> None:
    pooling = {"1_Pooling/config.json": b"{}", "onnx/config.json": b"{}", "modules.json": b"[]"}
    model = read(tmp_path, model_files() | pooling)
    assert model.kind == "embedding"
    assert {"1_Pooling/config.json", "modules.json"} < {file.name for file in model.files}
    assert "onnx/config.json" not in [file.name for file in model.files]


def test_blocks_of_an_encoder_are_counted_as_blocks() -> None:
    tensors = {f"bert.encoder.layer.{block}.output.dense.weight": [64, 128] for block in range(2)}
    assert weight_facts(stored(tensors), 2, Heads(4, 4)).layer_bytes == (64 * 128 * 2,) * 2


def test_every_byte_is_counted_once_by_part_and_once_by_its_spread(tmp_path: Path) -> None:
    weights = read(tmp_path).weights
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


def test_a_tower_has_a_width_of_its_own(tmp_path: Path) -> None:
    """CLIP's, as of LLaVA, and SigLIP's, as of Gemma 3, name their layers as language models do."""
    tower = "vision_tower.vision_model.encoder.layers.0.self_attn.k_proj.weight"
    files = {name: text for name, text in model_files().items() if "safetensors" not in name}
    weights = {"model.safetensors": safetensors(TENSORS | {tower: [24, 24]})}
    assert shape(read(tmp_path, files | weights)).embedding_length == 64


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
    # A lie about its layers makes no list long either.
    config = {"model_type": "mystery", "num_hidden_layers": 10**9}
    model = read(tmp_path, model_files(config))
    assert (model.architecture, model.architecture_name) == (None, "mystery")
    assert model.weights is not None
    assert len(model.weights.layer_bytes) == 2


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
