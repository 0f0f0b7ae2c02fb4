"""LocalAI's file about its model: every number of the plan, in keys that its version knows.

Its defaults come from the GPU that it finds, and what it does not know it drops.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import ceil
from typing import Any

import yaml

from deploys.plan.arguments import LocalAiArguments
from deploys.plan.plan import Pool, Replica
from deploys.render.engines.llamacpp import SHARES_REASON, shares, slots_reason
from deploys.render.engines.service import Entry, load_seconds
from deploys.settings.routing import Kind

# LocalAI reads every YAML file in it, and takes paths of weights from here.
MODELS = "/models"
WEIGHTS = "weights"
# A folder of its system's backends, in the image.
BACKEND = "llama-cpp"
# Its own pause between two looks at a backend that starts, and how often it looks: 40 s in all.
LOOK_SECONDS = 2
LEAST_LOOKS = 20
_KINDS: Mapping[Kind, str] = {
    "generation": "chat",
    "embeddings": "embeddings",
    "reranking": "rerank",
}


def model_files(pool: Pool, replica: Replica, plan: LocalAiArguments) -> dict[str, Sequence[Entry]]:
    """File name -> its keys: the model first, then each other name that it answers to."""
    _, *others = (*pool.names, *pool.tried_as)
    files: dict[str, Sequence[Entry]] = {"model.yaml": _model(pool, replica, plan)}
    for number, name in enumerate(others, 1):
        alias = [Entry("name", name), Entry("alias", pool.public_name, "Another name, no more.")]
        files[f"alias-{number}.yaml"] = alias
    return files


def document(entries: Sequence[Entry]) -> dict[str, Any]:
    """What stands in such a file."""
    return {entry.key: entry.value for entry in entries}


def values(entries: Sequence[Entry]) -> list[dict[str, str]]:
    """For the template: each key with its value, as YAML, and the reason."""
    return [{"yaml": _yaml({entry.key: entry.value}), "reason": entry.reason} for entry in entries]


class _Indented(yaml.SafeDumper):
    """Lists stand below their key, as people write them."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """PyYAML writes them beside it."""
        super().increase_indent(flow, False)


def _yaml(one: Mapping[str, Any]) -> str:
    # Words such as `on` are quoted, as YAML 1.1 wants it; LocalAI's reader takes both.
    text: str = yaml.dump(one, Dumper=_Indented, sort_keys=False, allow_unicode=True, width=100)
    return text.rstrip("\n")


def _model(pool: Pool, replica: Replica, plan: LocalAiArguments) -> list[Entry]:
    planned = [*_names(pool, replica, plan), *_sizes(pool, plan), *_places(replica, plan)]
    planned += [*_answers(pool, plan), _options(pool, replica, plan), _patience(replica)]
    keys = {key: value for key, value in plan.own.keys.items() if key != "parameters"}
    return [*planned, *(Entry(key, value, "As the pool says.") for key, value in keys.items())]


def _names(pool: Pool, replica: Replica, plan: LocalAiArguments) -> Iterator[Entry]:
    kind, projector = _KINDS[pool.routing.kind], replica.model.projector
    yield Entry("name", pool.public_name, "What clients write into `model`.")
    yield Entry("backend", BACKEND, "In the image: nothing is fetched at the start.")
    yield Entry("known_usecases", [kind, *(["vision"] if projector else [])])
    weights = f"{WEIGHTS}/{replica.model.files[0].name}"
    batch = "`batch` is what is handed over at once; what is computed at once is `n_ubatch` below."
    asked = plan.own.keys.get("parameters")
    own = asked if isinstance(asked, dict) else {}
    yield Entry("parameters", {**own, "model": weights, "batch": plan.batch_tokens}, batch)
    if projector:
        yield Entry("mmproj", f"{WEIGHTS}/{projector.name}", "Images to embeddings.")


def _sizes(pool: Pool, plan: LocalAiArguments) -> Iterator[Entry]:
    yield Entry("context_size", plan.context_tokens, slots_reason(pool, plan))
    yield Entry("threads", plan.threads)
    yield Entry("flash_attention", "on" if plan.flash_attention else "off")
    yield Entry("cache_type_k", plan.kv_cache_type)
    yield Entry("cache_type_v", plan.kv_cache_type)


def _places(replica: Replica, plan: LocalAiArguments) -> Iterator[Entry]:
    gpus = len(replica.gpus)
    layers = "Counting the output; its default is all that there are." if gpus else "There is none."
    yield Entry("gpu_layers", plan.gpu_layers, layers)
    if gpus == 1:
        yield Entry("main_gpu", "0")
    elif gpus:
        yield Entry("tensor_split", shares(plan, gpus), SHARES_REASON)
    yield Entry("no_kv_offloading", False, "The cache lies where its layers do.")
    yield Entry("mmap", True)
    yield Entry("mmlock", False)


def _answers(pool: Pool, plan: LocalAiArguments) -> Iterator[Entry]:
    if pool.routing.kind == "embeddings":
        yield Entry("embeddings", True, "Pooled as the model's own header says.")
    elif pool.routing.kind == "reranking":
        yield Entry("reranking", True)
    elif "template" not in plan.own.keys:
        template = {"use_tokenizer_template": True}
        yield Entry("template", template, "The model's own; no other is guessed.")


def _options(pool: Pool, replica: Replica, plan: LocalAiArguments) -> Entry:
    """The words of its backend, which drops those that it does not know."""
    words: dict[str, object] = {
        "parallel": plan.slots,
        "kv_unified": plan.unified,
        "n_ubatch": plan.micro_batch_tokens,
        "threads_batch": plan.threads,
        "fit_params": False,
        "cache_ram": 0,
        "context_shift": False,
        # What it says goes to a file in memory, of which LocalAI shows the end when it dies.
        "verbosity": 2,
    }
    if pool.routing.kind == "generation":
        words["use_jinja"] = True
    if not replica.gpus:
        words["device"] = "none"
    else:
        words["split_mode"] = "none" if len(replica.gpus) == 1 else "layer"
        words["n_cpu_moe"] = plan.experts_on_cpu
    reason = "Slots, the micro-batch, and nothing that is fitted or kept beside the plan."
    return Entry("options", [f"{name}:{_word(value)}" for name, value in words.items()], reason)


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _patience(replica: Replica) -> Entry:
    """How long its backend may take to start and to load."""
    looks = max(LEAST_LOOKS, ceil(load_seconds(replica) / LOOK_SECONDS) + LEAST_LOOKS)
    waits = {"attempts": looks, "attempts_sleep_time": LOOK_SECONDS}
    return Entry("grpc", waits, "Looks at its backend while that loads; 20 when left out.")
