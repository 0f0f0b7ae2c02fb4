"""Command lines of `vllm serve`: all that is rendered, and some that nobody may write."""

import dataclasses
from collections.abc import Iterator
from itertools import product

import yaml

from deploys.engine_facts.facts import Facts
from deploys.settings.routing import Kind, Routing
from deploys.settings.vllm import Vllm
from tests.environments import ROOT
from tests.render.gpu_plans import ADAPTERS, CHECKPOINT, VLLM, gpu_plan, gpu_service
from tests.render.group_plans import files_of_group

Words = tuple[str, ...]

KINDS: tuple[Kind, ...] = ("generation", "embeddings", "reranking")
PLANNED = (
    VLLM,
    dataclasses.replace(VLLM, kv_cache_bytes=2**30, tensor_parallel=1),
    dataclasses.replace(VLLM, eager=True, prefix_caching=False),
    dataclasses.replace(VLLM, kv_cache_type="fp8", utilisation=0.35),
    dataclasses.replace(VLLM, kv_cache_type="float16", dtype="half"),
)
OWN: tuple[dict[str, object], ...] = (
    {},
    {"tool_parser": "deepseek_v3", "reasoning_parser": "deepseek_r1"},
    {"media": {"image": 4, "domains": ["images.example", "more.example"]}},
    {"media": {}, "drafts": {"tokens": 4}, "shutdown_seconds": 0},
    {"adapters": [*ADAPTERS]},
)
# Parser and facts refuse each, by themselves.
MISTAKES: tuple[Words, ...] = (
    ("--limit-mm-per-prompt", "image=4"),
    ("--enable-prefix-caching", "true"),
    ("--tensor-parallel-size",),
    ("--dtype", "fp16"),
    ("--runner", "embed"),
    ("--gpu-layers", "35"),
)


def rendered() -> list[Words]:
    """Each that a committed file holds, and each that the renderer makes of such plans."""
    return [*_committed(), *_made(), *_made_for_groups()]


def gone(facts: Facts) -> list[Words]:
    """One with each flag that earlier versions had, and one with each value."""
    values = [(flag, value) for flag, all_gone in facts.gone_values.items() for value in all_gone]
    return [*((flag, "1") for flag in facts.gone), *values]


def _committed() -> Iterator[Words]:
    for file in sorted(ROOT.glob("compose/*/*/gpu_hosts/compose.yaml")):
        for service in yaml.safe_load(file.read_text())["services"].values():
            words = tuple(service.get("command", ()))
            if "--served-model-name" in words:
                yield words


def _made() -> Iterator[Words]:
    for kind, planned, own in product(KINDS, PLANNED, OWN):
        rank = 32 if "adapters" in own else 0
        words = Vllm.model_validate(own)
        arguments = dataclasses.replace(planned, own=words, adapter_rank=rank)
        plan = gpu_plan(arguments, CHECKPOINT)
        pool = dataclasses.replace(plan.pools[0], routing=Routing(kind=kind))
        yield tuple(gpu_service(dataclasses.replace(plan, pools=(pool,)))["command"])


def _made_for_groups() -> Iterator[Words]:
    """Of each rank, with layers and with tensors over its hosts."""
    for split in ("layers", "tensors"):
        for file, text in files_of_group(split_over_hosts=split).items():
            if file.endswith("gpu_hosts/compose.yaml"):
                for service in yaml.safe_load(text)["services"].values():
                    yield tuple(service["command"])
