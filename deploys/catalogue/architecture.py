"""A model's own shape, as its header states it: what memory and speed are computed from."""

from typing import Annotated

from pydantic import Field

from deploys.settings.words import Frozen

Count = Annotated[int, Field(gt=0)]


class Architecture(Frozen):
    """Dimensions in the words of the GGUF specification."""

    name: str
    layers: Count
    embedding_length: Count
    feed_forward_length: Count
    heads: Count
    kv_heads: Count
    key_length: Count
    """Elements of one head's key; not always embedding_length / heads."""
    value_length: Count
    vocabulary_size: Count
    context_tokens: Count
    """Longest context the model was trained for."""
