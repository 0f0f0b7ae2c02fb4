"""Whether what a catalogue's entry says of its quantization is enough to plan with."""

from deploys.catalogue.model import Model
from deploys.plan.constraints import LEAST_CAPABILITY
from deploys.plan.memory.file_types import file_type
from deploys.plan.memory.quantization_mix import DEFAULT_TYPES
from deploys.settings.validation import near_miss

# Not quantized, and computed as bf16 or half; empty: config.json names no type.
PLAIN = ("", "fp16", "f16", "fp32", "f32")


def unknown_quantization(entry: str, model: Model) -> tuple[str, str] | None:
    """(found, hint) where its memory or the GPUs that compute it would have to be guessed."""
    word = model.quantization
    if model.format == "safetensors":
        if word.lower() in (*PLAIN, *LEAST_CAPABILITY):
            return None
        found = f"which GPUs compute the quantization `{word}` of `{entry}` is not known"
        return found, near_miss(word.lower(), LEAST_CAPABILITY)
    if model.architecture is None or model.weights is not None or file_type(word):
        return None
    found = f"the quantization `{word}` of `{entry}` is not known, and its tensors are not listed"
    return found, f"{near_miss(word.upper(), DEFAULT_TYPES)} or `homeport models add` it anew"
