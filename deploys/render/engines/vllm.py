"""`vllm serve`: the argument list, from the plan. Held against the version's facts by flags.py.

An argument list, never a file for --config, which drops `false` silently; booleans as `--no-x`,
which versions before 0.33 understand too.
"""

import re
from collections.abc import Mapping

from deploys.plan.arguments import VllmArguments
from deploys.plan.plan import Pool, Replica
from deploys.questions.engine_answers import LISTENS_LABEL, RANK_LABEL
from deploys.render.engines.service import Argument, Service, load_seconds, port_of
from deploys.render.engines.vllm_group import (
    HEALTH_REASON,
    group_arguments,
    group_environment,
    joined_check,
)
from deploys.render.engines.vllm_words import ADAPTERS, adapter_arguments, own_arguments
from deploys.settings.routing import Kind

# Imports, torch.compile and graph capture before it answers: 53 to 75 s were measured for a tiny
# model on two cores; large ones compile for minutes with an empty cache.
COMPILE_SECONDS = 600
ANSWERS = "vLLM answers once the engine is ready, and says 503 when that has died."
# Workers end after the server has.
WORKERS_END_SECONDS = 30
# After which its server (uvicorn) closes an idle connection: vLLM's default, written out because
# gateways have to be earlier (nginx_pools.py).
IDLE_SECONDS = 5
# NCCL and the queues between workers; Docker's 64 MiB end in a bus error (vLLM issues 1710, 6574).
SHARED_MIB = 1024
SHARED_PARALLEL_MIB = 8192
# Of the image: it may write its caches as this user (vLLM's Dockerfile).
USER = "2000:0"
HOME = "/home/vllm"
CACHE = f"{HOME}/.cache"
# Pooling models answer with vectors or scores instead of text.
_KINDS: Mapping[Kind, tuple[str, str]] = {
    "generation": ("generate", "none"),
    "embeddings": ("pooling", "embed"),
    "reranking": ("pooling", "classify"),
}


def service(pool: Pool, replica: Replica) -> Service:
    """One instance, with all the GPUs of its replica."""
    group = replica.group
    # Rank 0 of a group listens on the address of its host alone.
    address = group.address if group else "127.0.0.1"
    url = f"http://{address}:{port_of(replica)}/health"
    asks = f"import urllib.request as u; u.urlopen('{url}', timeout=4)"
    own = _plan(replica).own
    ready = COMPILE_SECONDS + load_seconds(replica)
    return Service(
        arguments=arguments(pool, replica),
        health=joined_check(group, url, ready) if group else ("python3", "-c", asks),
        health_reason=HEALTH_REASON if group else ANSWERS,
        start_period_seconds=ready,
        stop_grace_seconds=own.shutdown_seconds + WORKERS_END_SECONDS,
        user=USER,
        # Triton compiles a stub there and loads it.
        tmp_options="size=2g,exec",
        pids_limit=4096,
        environment=_environment(replica, ready),
        environment_reason="Offline, telling nobody, GPUs as the plan counts them, caches kept.",
        labels=_labels(replica),
        on_host_network=group is not None,
        shm_mib=own.shm_mib or (SHARED_PARALLEL_MIB if len(replica.gpus) > 1 else SHARED_MIB),
        # Kernels that another version compiled are of no use.
        cache_volume=f"vllm-cache-{re.sub('[^0-9A-Za-z.-]', '-', replica.version)}",
        cache_path=CACHE,
        folders={f"{ADAPTERS}/{name}": adapter.files for name, adapter in pool.adapters.items()},
        ulimits=_limits(replica),
    )


def _limits(replica: Replica) -> dict[str, int]:
    """Each client is an open file; NCCL, between GPUs, locks memory for what moves its data."""
    locks = {"memlock": -1} if len(replica.gpus) > 1 else {}
    return {**locks, "nofile": _plan(replica).own.open_files}


def _labels(replica: Replica) -> dict[str, str]:
    if replica.group is None:
        return {}
    if replica.group.rank:
        return {RANK_LABEL: str(replica.group.rank)}
    return {RANK_LABEL: "0", LISTENS_LABEL: replica.endpoint}


def arguments(pool: Pool, replica: Replica) -> list[Argument]:
    """Every flag that the plan has decided, so that nothing is derived from the GPU it finds."""
    return [
        # The folder, as the entry point `vllm serve` takes it.
        Argument(
            ("/models",), "The model's folder; its own config.json says how its numbers are packed."
        ),
        Argument(
            ("--served-model-name", *pool.own_names, *pool.tried_as),
            "Another name gets 404. Answers carry the first one.",
        ),
        *_listener(replica),
        *_kind(pool),
        *_sizes(replica),
        *own_arguments(_plan(replica).own),
        *adapter_arguments(_plan(replica)),
        *_hardening(),
    ]


def _listener(replica: Replica) -> list[Argument]:
    group, host = replica.group, "0.0.0.0"  # noqa: S104 - inside the container's own network
    if group is not None:
        if group.rank:
            return []
        host = group.address
    return [Argument(("--host", host)), Argument(("--port", str(port_of(replica))))]


def _kind(pool: Pool) -> list[Argument]:
    runner, convert = _KINDS[pool.routing.kind]
    words = [
        Argument(("--runner", runner), "Text, or vectors and ranks; never guessed."),
        Argument(("--convert", convert)),
    ]
    if pool.routing.kind != "generation":
        whole = "Vectors and ranks are of whole texts; the batch holds the longest."
        words.append(Argument(("--no-enable-chunked-prefill",), whole))
    return words


def _plan(replica: Replica) -> VllmArguments:
    if not isinstance(replica.arguments, VllmArguments):
        raise TypeError(f"{replica.name} is not one of vllm")
    return replica.arguments


def _sizes(replica: Replica) -> list[Argument]:
    plan = _plan(replica)
    return [
        Argument(("--load-format", "safetensors"), "No pickles, which could run code."),
        Argument(("--dtype", plan.dtype), "What it computes with, however weights are packed."),
        Argument(("--tensor-parallel-size", str(plan.tensor_parallel)), "GPUs that share a layer."),
        *(group_arguments(replica.group, plan) if replica.group else []),
        Argument(
            ("--max-model-len", str(plan.maximum_length_tokens)),
            "Longest prompt plus answer of one request.",
        ),
        Argument(
            ("--max-num-seqs", str(plan.sequences)),
            "Requests that are worked on at once; further ones wait.",
        ),
        Argument(
            ("--max-num-batched-tokens", str(plan.batched_tokens)),
            "Tokens of one step: the larger, the faster prompts, and the longer others' pauses.",
        ),
        Argument(
            ("--gpu-memory-utilization", f"{plan.utilisation:g}"),
            "Share of all that CUDA sees; the context of the process comes on top.",
        ),
        *_pinned_pool(plan),
        Argument(("--kv-cache-dtype", plan.kv_cache_type)),
        Argument((_switch("enforce-eager", plan.eager),), "Whether CUDA graphs are left out."),
        Argument(
            (_switch("enable-prefix-caching", plan.prefix_caching),),
            "Whether beginnings that prompts have in common are computed once.",
        ),
    ]


def _pinned_pool(plan: VllmArguments) -> list[Argument]:
    if plan.kv_cache_bytes is None:
        return []
    words = ("--kv-cache-memory-bytes", str(plan.kv_cache_bytes))
    return [Argument(words, "Of each GPU: another process shares it.")]


def _hardening() -> list[Argument]:
    return [
        Argument(
            ("--disable-access-log-for-endpoints", "/health,/metrics"),
            "Asked every few seconds; clients' requests stand in the gateway's log.",
        ),
        Argument(("--disable-fastapi-docs",)),
        Argument(("--no-trust-remote-code",), "Code in a model's folder is not run."),
        Argument(("--no-enable-log-requests",), "Prompts are not written to the log."),
    ]


def _switch(name: str, on: bool) -> str:
    return f"--{name}" if on else f"--no-{name}"


def _environment(replica: Replica, ready_seconds: int) -> dict[str, str]:
    threads = replica.arguments.threads
    return {
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
        "DO_NOT_TRACK": "1",
        "HF_HUB_OFFLINE": "1",
        "HOME": HOME,
        "NO_COLOR": "1",
        "OMP_NUM_THREADS": str(max(1, threads // max(1, len(replica.gpus)))),
        "TORCHINDUCTOR_CACHE_DIR": f"{CACHE}/inductor",
        "TRANSFORMERS_OFFLINE": "1",
        "TRITON_CACHE_DIR": f"{CACHE}/triton",
        "VLLM_CACHE_ROOT": f"{CACHE}/vllm",
        "VLLM_ENGINE_READY_TIMEOUT_S": str(ready_seconds),
        "VLLM_HTTP_TIMEOUT_KEEP_ALIVE": str(IDLE_SECONDS),
        "VLLM_MEDIA_URL_ALLOW_REDIRECTS": "0",
        "VLLM_NO_USAGE_STATS": "1",
        # --enforce-eager leaves out the model's graph alone: single functions are still compiled,
        # such as the one that divides a vocabulary between GPUs.
        **({"TORCH_COMPILE_DISABLE": "1"} if _plan(replica).eager else {}),
        **(group_environment(replica.group, _plan(replica)) if replica.group else {}),
    }
