"""A tiny model that sees, as a folder that vLLM reads: the talker with a tower as of LLaVA 1.5.

What it sees means nothing to it, but an image becomes TOKENS embeddings of the prompt.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tests.lab.vllm_models import (
    ALWAYS,
    EMBEDDING,
    TEMPLATE,
    Weights,
    language_config,
    language_tensors,
    noise,
    write_model,
)
from tests.lab.vllm_tokenizer import IMAGE, vocabulary

IMAGE_PIXELS = 32
PATCH_PIXELS = 8
# LLaVA's towers have one for each patch.
TOKENS = (IMAGE_PIXELS // PATCH_PIXELS) ** 2
# What the last layer but one says is taken.
TOWER_LAYERS = 2
WIDTH = 32
TOWER_FEED_FORWARD = 64
FROM_TOWER = {
    "vision_feature_layer": -2,
    "vision_feature_select_strategy": "default",
}
_TOWER = {
    "model_type": "clip_vision_model",
    "hidden_size": WIDTH,
    "intermediate_size": TOWER_FEED_FORWARD,
    "num_hidden_layers": TOWER_LAYERS,
    "num_attention_heads": 1,
    "image_size": IMAGE_PIXELS,
    "patch_size": PATCH_PIXELS,
    "projection_dim": EMBEDDING,
    "layer_norm_eps": 1e-5,
    "hidden_act": "quick_gelu",
}
_IMAGES = {
    "image_processor_type": "CLIPImageProcessor",
    "processor_class": "LlavaProcessor",
    "size": {"shortest_edge": IMAGE_PIXELS},
    "crop_size": {"height": IMAGE_PIXELS, "width": IMAGE_PIXELS},
    "image_mean": [0.5, 0.5, 0.5],
    "image_std": [0.5, 0.5, 0.5],
}
_PROCESSOR = {
    "processor_class": "LlavaProcessor",
    "image_token": IMAGE,
    "patch_size": PATCH_PIXELS,
    "vision_feature_select_strategy": FROM_TOWER["vision_feature_select_strategy"],
    # The tower's own first embedding, which the strategy leaves out again.
    "num_additional_image_tokens": 1,
}


def write_seer(folder: Path) -> Path:
    """Config, tokenizer, processor and weights."""
    words = language_config()
    config = {
        "architectures": ["LlavaForConditionalGeneration"],
        "model_type": "llava",
        "image_token_index": vocabulary().index(IMAGE),
        "projector_hidden_act": "gelu",
        "text_config": words,
        "vision_config": _TOWER,
        "torch_dtype": words["torch_dtype"],
        **FROM_TOWER,
    }
    write_model(folder, config, _tensors(), template=TEMPLATE)
    for name, document in {"preprocessor_config": _IMAGES, "processor_config": _PROCESSOR}.items():
        (folder / f"{name}.json").write_text(json.dumps(document))
    return folder


def _tensors() -> Iterator[tuple[str, Weights]]:
    yield from language_tensors("language_model.model.", head="language_model.lm_head")
    yield from _tower("vision_tower.vision_model")
    yield from _matrix("multi_modal_projector.linear_1", EMBEDDING, WIDTH)
    last, bias = _matrix("multi_modal_projector.linear_2", EMBEDDING, EMBEDDING)
    # The channel that is the same for every token is the same for images.
    last[1][ALWAYS] = 0
    bias[1][ALWAYS] = 4
    yield from (last, bias)


def _tower(tower: str) -> Iterator[tuple[str, Weights]]:
    patches = noise("patches", WIDTH, 3 * PATCH_PIXELS**2)
    yield f"{tower}.embeddings.class_embedding", noise("class", 1, WIDTH)[0]
    yield (
        f"{tower}.embeddings.patch_embedding.weight",
        patches.reshape(WIDTH, 3, PATCH_PIXELS, PATCH_PIXELS),
    )
    yield f"{tower}.embeddings.position_embedding.weight", noise("places", TOKENS + 1, WIDTH)
    # As OpenAI's files have it.
    yield from _norm(f"{tower}.pre_layrnorm")
    for layer in range(TOWER_LAYERS):
        block = f"{tower}.encoder.layers.{layer}"
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            yield from _matrix(f"{block}.self_attn.{name}", WIDTH, WIDTH)
        yield from _matrix(f"{block}.mlp.fc1", TOWER_FEED_FORWARD, WIDTH)
        yield from _matrix(f"{block}.mlp.fc2", WIDTH, TOWER_FEED_FORWARD)
        yield from _norm(f"{block}.layer_norm1")
        yield from _norm(f"{block}.layer_norm2")
    yield from _norm(f"{tower}.post_layernorm")


def _matrix(name: str, rows: int, columns: int) -> Iterator[tuple[str, Weights]]:
    yield f"{name}.weight", noise(name, rows, columns)
    yield f"{name}.bias", np.zeros(rows, np.float32)


def _norm(name: str) -> Iterator[tuple[str, Weights]]:
    yield f"{name}.weight", np.ones(WIDTH, np.float32)
    yield f"{name}.bias", np.zeros(WIDTH, np.float32)
