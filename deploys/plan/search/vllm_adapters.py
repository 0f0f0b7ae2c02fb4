"""What LoRA adapters need of vLLM, and why a model may not have them."""

from deploys.catalogue.architecture import Architecture
from deploys.engine_facts.facts import facts_of
from deploys.plan.search.vllm_question import Question
from deploys.settings.validation import near_miss

# Of the activations' type, whatever the weights are quantized to (`--lora-dtype auto`).
NUMBER_BYTES = 2
RANK_FLAG = "--max-lora-rank"


def adapter_names(question: Question) -> tuple[str, ...]:
    """Those that the pool asks for."""
    own = question.words.vllm
    return own.adapters if own is not None else ()


def adapters_constraint(question: Question) -> str | None:
    """Why they cannot be served, in words."""
    known = question.alternative.model.adapters
    for name in adapter_names(question):
        if name not in known:
            has = near_miss(name, known) if known else "its entry lists none"
            return f"adapters: `{question.alternative.entry}` has no `{name}` ({has})"
        if _least_rank(question, known[name].rank) is None:
            return f"adapters: `{name}` has rank {known[name].rank}, more than vllm takes"
    shape = question.alternative.model.architecture
    if adapter_names(question) and (shape is None or _has_other_layers(shape)):
        return "adapters: what they take is known of dense models with plain attention alone"
    return None


def _has_other_layers(shape: Architecture) -> bool:
    return any((shape.experts, shape.latent_attention, shape.recurrent))


def adapter_rank(question: Question) -> int:
    """The least that the version has for all of them; 0 without any."""
    known = question.alternative.model.adapters
    ranks = [known[name].rank for name in adapter_names(question) if name in known]
    return (_least_rank(question, max(ranks)) or 0) if ranks else 0


def _least_rank(question: Question, rank: int) -> int | None:
    """The version has a list of them (vllm/config/lora.py)."""
    facts = facts_of("vllm", question.alternative.version)
    fits = [int(one) for one in facts.names[RANK_FLAG].fits] if facts is not None else []
    return min((one for one in fits if one >= rank), default=None)


def adapter_bytes(question: Question) -> int:
    """Of each GPU, taken amply: a part of it is shared out among several.

    Every linear layer has a place for each adapter, of the largest rank, whatever the adapters
    change (vllm/lora/layers/base_linear.py).
    """
    shape, rank = question.alternative.model.architecture, adapter_rank(question)
    if shape is None or not rank:
        return 0
    width, hidden = shape.embedding_length, shape.feed_forward_length
    heads = shape.heads * (shape.key_length + shape.value_length)
    heads += shape.kv_heads * (shape.key_length + shape.value_length)
    sides = 4 * width + heads + 3 * (width + hidden)
    return NUMBER_BYTES * rank * sides * shape.layers * len(adapter_names(question))
