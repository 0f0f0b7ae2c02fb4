"""Architectures whose cache follows from the facts that Architecture states.

By llama.cpp's llama_model::create_memory (src/llama-model.cpp, commit 0c1e57098b): what is not
listed there with a memory of its own gets a plain cache in every layer.
"""

from deploys.catalogue.architecture import Architecture

PLAIN = frozenset(
    {
        "llama",
        "mistral3",
        "deci",
        "falcon",
        "grok",
        "gpt2",
        "gptj",
        "gptneox",
        "mpt",
        "baichuan",
        "starcoder",
        "refact",
        "bloom",
        "stablelm",
        "qwen",
        "qwen2",
        "qwen2moe",
        "qwen2vl",
        "qwen3",
        "qwen3moe",
        "qwen3vl",
        "qwen3vlmoe",
        "phi2",
        "phi3",
        "phimoe",
        "plamo",
        "codeshell",
        "orion",
        "internlm2",
        "minicpm",
        "gemma",
        "starcoder2",
        "xverse",
        "command-r",
        "dbrx",
        "olmo",
        "olmoe",
        "openelm",
        "arctic",
        "deepseek",
        "chatglm",
        "glm4",
        "glm4moe",
        "bitnet",
        "jais",
        "nemotron",
        "exaone",
        "granite",
        "granitemoe",
        "chameleon",
        "bailingmoe",
        "bailingmoe2",
        "dots1",
        "arcee",
        "ernie4_5",
        "ernie4_5-moe",
        "hunyuan-moe",
        "hunyuan-dense",
        "smollm3",
        "seed_oss",
        "apertus",
        "minimax-m2",
        "pangu-embedded",
        "grovemoe",
        "paddleocr",
    }
)
# With windows in some of their models: where none is stated, there is none.
SOMETIMES_WINDOWED = frozenset({"olmo2", "exaone4"})
# A plain cache would be wrong for these if the fact were missing.
WINDOWED = frozenset(
    {
        "gemma2",
        "gemma3",
        "gemma4",
        "gpt-oss",
        "cohere2",
        "llama4",
        "plamo3",
    }
)
LATENT = frozenset(
    {
        "deepseek2",
        "deepseek2-ocr",
        "minicpm3",
        "plm",
    }
)
DELTA_NET = frozenset({"qwen3next", "qwen35", "qwen35moe"})
# Their cache and state are known; how large llama.cpp's graph of them is has not been compared.
MAMBA = frozenset({"granitehybrid", "jamba", "nemotron_h", "nemotron_h_moe"})
RECURRENT = DELTA_NET | MAMBA

# No cache at all: every token sees the whole text at once, and nothing is kept.
ENCODERS = frozenset(
    {
        "bert",
        "jina-bert-v2",
        "jina-bert-v3",
        "neo-bert",
        "nomic-bert",
    }
)


def is_named(name: str) -> bool:
    """Whether `name` is an architecture whose facts are understood."""
    return name in PLAIN | SOMETIMES_WINDOWED | WINDOWED | LATENT | RECURRENT | ENCODERS


def is_encoder(shape: Architecture | None) -> bool:
    """Whether it sees whole texts, keeps nothing and writes nothing."""
    return shape is not None and shape.name in ENCODERS


def is_known(shape: Architecture) -> bool:
    """Whether the cache can be computed; it is never guessed."""
    if shape.name in WINDOWED:
        return shape.sliding_window is not None
    if shape.name in LATENT:
        return shape.latent_attention is not None
    if shape.name in RECURRENT:
        return shape.recurrent is not None
    return shape.name in PLAIN | SOMETIMES_WINDOWED | ENCODERS
