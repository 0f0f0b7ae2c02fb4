"""What the inventory may say about a pool in LocalAI's own terms, beside what the plan decides."""

from collections.abc import Mapping

from pydantic import Field, JsonValue

from deploys.settings.words import Frozen


class LocalAi(Frozen):
    """Everything is off when left out."""

    keys: dict[str, JsonValue] = Field(default_factory=dict)
    """Keys of LocalAI's model file that change how it answers and take no memory (ANSWERS), as they
    stand there: `{"parameters": {"temperature": 0.2}}`."""
    web_ui: bool = False
    """Its own pages, for who comes to the host by SSH: the gateway lets nobody through to them."""
    gallery: bool = False
    """Whether it may fetch lists of models and backends from the network, and install what they
    name. What it installs is gone with its container, and no plan has counted it."""


# What the model file says, and which word of the pool says it.
SAID_BY: Mapping[str, str] = {
    "alias": "aliases",
    "backend": "engine",
    "cache_type_k": "kv_cache_type",
    "cache_type_v": "kv_cache_type",
    "context_size": "context_tokens",
    "embeddings": "kind",
    "flash_attention": "flash_attention",
    "gpu_layers": "gpu_layers",
    "known_usecases": "kind",
    "limits": "slots and waiting_requests",
    "main_gpu": "gpus",
    "mmproj": "model",
    "name": "public_name",
    "options": "slots, micro_batch_tokens and experts_on_cpu",
    "parameters.batch": "batch_tokens",
    "parameters.model": "model",
    "quantization": "quantization",
    "reranking": "kind",
    "tensor_split": "gpus",
    "threads": "threads",
}
# What may stand below `keys`; with a key everything below it. The rest takes memory, reads other
# files or goes out to the network.
ANSWERS = frozenset(
    {
        *("chat_template_kwargs", "cutstrings", "description", "extract_regex", "function"),
        *("grammar", "mirostat", "mirostat_eta", "mirostat_tau", "reasoning", "reasoning_effort"),
        *("roles", "stopwords", "system_prompt", "template", "trimspace", "trimsuffix", "usage"),
        "parameters.frequency_penalty",
        "parameters.ignore_eos",
        "parameters.logit_bias",
        "parameters.max_tokens",
        "parameters.min_p",
        "parameters.n_keep",
        "parameters.presence_penalty",
        "parameters.repeat_last_n",
        "parameters.repeat_penalty",
        "parameters.seed",
        "parameters.temperature",
        "parameters.tfz",
        "parameters.top_k",
        "parameters.top_p",
        "parameters.typical_p",
    }
)
