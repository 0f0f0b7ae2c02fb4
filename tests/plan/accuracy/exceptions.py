"""What the report must not be taken for: misses, entries left out."""

POOL = "vLLM pool, of the budget"
GRAPHS = "vLLM graphs"
CONTEXT = "CUDA context"
PROCESS = "process beside its buffers"

_TOWER = "the vision tower, which the entry does not describe, is on every GPU"
_INDEX = "which layers stay in 16 bits follows from no rule; the checkpoint's index says it"
_LINE = "contexts differ by driver more than the line is wide; on the safe side"
_GRAPHS = "one median for starts of every kind; the upper bound has it"
_WORK = "what llama.cpp adds at work is an H200's, more than small cards showed; on the safe side"
# Quantity and entry -> why it is off by more than the rules promise.
KNOWN_MISSES = {
    (CONTEXT, "lc45"): _LINE,
    (GRAPHS, "vl17"): _GRAPHS,
    (GRAPHS, "vl18"): _GRAPHS,
    (GRAPHS, "vl25"): _GRAPHS,
    (PROCESS, "lc36"): _WORK,
    (PROCESS, "lc43"): _WORK,
    (PROCESS, "lc44"): _WORK,
    ("compute buffer", "lc01"): "that build keeps the mask and one row more until the logits; the "
    "upper bound has them",
    ("compute buffer", "lc03"): "Vulkan, about 100 MiB over CUDA's graph; the kit runs CUDA alone",
    ("compute buffer", "lc16"): "the largest expert in RAM is counted (134 MiB), and that build's "
    "buffer does not show it; on the safe side",
    ("draft, cache and compute", "lc36"): "a draft is taken to need the main model's compute "
    "buffer; on the safe side, and calibrated by the first start",
    ("vLLM weights without the file", "vl12"): _TOWER,
    ("vLLM weights without the file", "vl17"): _TOWER,
    ("vLLM weights, other formats", "vl10"): _INDEX,
    ("vLLM weights, other formats", "vl38"): _INDEX,
    ("vLLM weights, other formats", "vl27"): "its tensor_parallel of 2 is inferred, and 70 GiB "
    "are all of a 122B model in 4 bits",
}

# Entry -> why the estimator has no number for anything that it says.
NOT_COMPARED = {
    "lc42": "its one number, the weights on the GPU, is what it states as known",
    "lc47": "neither architecture nor context is said, only a model that it is like",
    "lc48": "whole GB, of 10^9 or of 2^30 bytes, which is 7 % apart; on a GPU without a name",
}

# Keys of `observed` that no comparison reads -> why.
NOT_READ = {
    "block": "tokens of a block, which the comparison of tokens contains",
    "concurrency": "tokens by the longest request, with two decimals: the tokens are compared",
    "cuda_total": "where gpus.yaml has that card's visible_mib from",
    "file_gib": "of a mix that follows no published rule",
    "free": "of a GPU that others used as well",
    "graph_actual": "measured after the pool was taken; graph_est is compared",
    "nvidia_smi_gib": "of a GPU without a name, so that the context of its process is not known",
    "nvidia_smi_peak": "20 MiB over nvidia_smi, which is compared",
    "nvml_total": "where gpus.yaml has that card's nvml_mib from",
    "total": "of the GPU, a fact of the catalogue",
}
_NO_SHAPE = "the architecture is not said; what is beside the model is compared"
_NO_TOTAL = "how much memory the card has is not said, so its budget is not known"
# Entry -> keys that are read of others and not of it, and why.
NOT_READ_OF = {
    "lc43": (("model", "compute", "self"), _NO_SHAPE),
    "lc44": (("kv.GPU0", "kv.GPU1", "compute"), _NO_SHAPE),
    "lc46": (("model", "compute"), _NO_SHAPE),
    "vl10": (("act", "non_torch"), _NO_TOTAL),
    "vl18": (("weights", "kv", "tokens"), _NO_SHAPE),
    "vl25": (("act", "consumed"), _NO_TOTAL),
    "vl38": (("tokens",), "how large its pool is is not said"),
}
