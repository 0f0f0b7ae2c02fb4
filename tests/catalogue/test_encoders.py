"""Encoders by their config.json: BERT, and RoBERTa, whose first places are taken."""

from typing import Any

import pytest

from deploys.catalogue.config_architecture import TensorFacts, architecture_of_config
from deploys.catalogue.known_architectures import is_encoder, is_known

# As published: bert-base-uncased, and BAAI/bge-m3.
BERT = {
    "model_type": "bert",
    "hidden_size": 768,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "intermediate_size": 3072,
    "vocab_size": 30_522,
    "max_position_embeddings": 512,
    "pad_token_id": 0,
}
BGE_M3 = {
    "model_type": "xlm-roberta",
    "hidden_size": 1024,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "intermediate_size": 4096,
    "vocab_size": 250_002,
    "max_position_embeddings": 8194,
    "pad_token_id": 1,
}
TENSORS = TensorFacts(has_output=False, has_bias=True, draft_layers=0)


@pytest.mark.parametrize(("config", "tokens"), [(BERT, 512), (BGE_M3, 8192)])
def test_an_encoder_takes_as_long_a_text_as_it_has_places_for(
    config: dict[str, Any], tokens: int
) -> None:
    shape = architecture_of_config(config, TENSORS)
    assert shape is not None
    assert (shape.name, shape.context_tokens) == ("bert", tokens)
    assert shape.kv_heads == shape.heads
    assert is_encoder(shape)
    assert is_known(shape)
    assert not shape.tied_embeddings


def test_a_decoder_is_none() -> None:
    shape = architecture_of_config({**BERT, "model_type": "qwen2"}, TENSORS)
    assert shape is not None
    assert not is_encoder(shape)
    assert not is_encoder(None)
