"""An encoder as the catalogue keeps it, and pools of vectors."""

from deploys.catalogue.architecture import Architecture
from deploys.catalogue.model import Model, ModelFile
from deploys.catalogue.weight_facts import WeightFacts
from tests.plan.search.fleets import chat

BERT = Architecture(
    name="bert",
    layers=12,
    embedding_length=768,
    feed_forward_length=3072,
    heads=12,
    kv_heads=12,
    key_length=64,
    value_length=64,
    vocabulary_size=30_522,
    context_tokens=512,
)
ENCODER = Model(
    source="https://models.example/encoder.gguf",
    licence="as published",
    format="gguf",
    quantization="F16",
    files=(ModelFile(name="encoder.gguf", size_bytes=220 * 2**20, sha256="0" * 64),),
    architecture=BERT,
    # A BERT of this shape: matrices in 2 bytes, biases, norms and places in 4.
    weights=WeightFacts(
        token_embedding_bytes=30_522 * 768 * 2,
        output_bytes=0,
        layer_bytes=(14_195_712,) * 12,
        expert_bytes=(0,) * 12,
        other_bytes=1_585_152,
        largest_tensor_bytes=3072 * 768 * 2,
    ),
    kind="embedding",
    chat_template=False,
)


def vectors(
    model: str = "encoder", context_tokens: int = 512, **words: object
) -> dict[str, object]:
    """What an inventory says of a pool of them."""
    return chat(model, context_tokens, kind="embeddings", **words)
