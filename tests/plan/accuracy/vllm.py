"""What vLLM's logs say of its parts and its pool, beside the estimate of each; GiB."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from deploys.plan.memory import vllm_budget
from deploys.plan.memory.answer import estimate
from deploys.plan.memory.configuration import Case, KnownWeights, VllmConfiguration
from deploys.plan.memory.profiles.vllm_choice import vllm_profile
from tests.plan.accuracy.comparison import Row
from tests.plan.accuracy.exceptions import GRAPHS, POOL

# Matrices of these formats are all quantised or all kept, so that sizes follow from the shape.
PLAIN_FORMATS = ("bf16", "fp16")


def rows(case: Case, entry: Mapping[str, Any]) -> Iterator[Row]:
    """Of whatever an entry has of these; some need no architecture."""
    observed = entry["observed"]
    yield from _budget(entry)
    yield from _graphs(case, observed)
    asked = case.configuration
    if not isinstance(asked, VllmConfiguration) or case.architecture is None:
        return
    if "weights" in observed and case.weights.gpu_mib is None:
        yield from _weights(case, observed["weights"])
    if observed.get("kv", 0) > 0:
        pinned = replace(case, configuration=replace(asked, pool_gib=observed["kv"]))
        yield from _tokens(pinned, observed)
    if "weights" in observed and asked.total_gib:
        yield from _pool(case, observed)


def _budget(entry: Mapping[str, Any]) -> Iterator[Row]:
    """The pool is what the printed parts leave of a share of the total: that rule, and no size.

    Graphs are left out: where both are printed they were captured after the pool was taken.
    """
    config, observed = entry["config"], entry["observed"]
    if "act" not in observed or "kv" not in observed or not config.get("total_gib"):
        return
    budget = vllm_budget.budget_gib(config["total_gib"], config["util"])
    taken = observed.get("consumed", observed.get("weights", 0) + observed.get("non_torch", 0))
    left = vllm_budget.pool_gib(budget, taken, observed["act"], 0)
    yield "vLLM pool from its printed parts", observed["kv"], left, left, budget
    if "budget_gib" in observed:
        yield "vLLM budget", observed["budget_gib"], budget, budget, 0


def _graphs(case: Case, observed: Mapping[str, Any]) -> Iterator[Row]:
    graphs = vllm_profile(case.version, case.profile_facts).graphs_gib
    seen = observed.get("graph_est", observed.get("graph"))
    if seen is not None and graphs.upper:
        yield GRAPHS, seen, graphs.expected, graphs.upper, 0


def _weights(case: Case, seen: float) -> Iterator[Row]:
    parts = estimate(case).devices[0].parts
    if "weights" in parts:
        part = parts["weights"]
        plain = case.quantization in PLAIN_FORMATS
        name = "vLLM weights without the file" if plain else "vLLM weights, other formats"
        yield name, seen, part.expected / 1024, part.upper / 1024, 0


def _tokens(case: Case, observed: Mapping[str, Any]) -> Iterator[Row]:
    pool = estimate(case).pool
    assert pool is not None
    for name, number in (("tokens", pool.tokens), ("blocks", pool.blocks)):
        if name in observed and number is not None:
            yield "vLLM tokens from a known pool", observed[name], number, number, 0


def _pool(case: Case, observed: Mapping[str, Any]) -> Iterator[Row]:
    """The index of the safetensors says how large the weights are; the rest is predicted."""
    known = replace(case, weights=KnownWeights(gpu_mib=observed["weights"] * 1024))
    answer = estimate(known)
    pool = answer.pool
    assert pool is not None
    if "act" in observed:
        part = answer.devices[0].parts["compute_buffer"]
        yield "vLLM activation", observed["act"], part.expected / 1024, part.upper / 1024, 0
    seen = observed.get("kv")
    if seen is None and "blocks" in observed and pool.bytes_per_block:
        seen = observed["blocks"] * pool.bytes_per_block / 2**30
    if seen is not None and pool.expected_gib is not None and pool.lowest_gib is not None:
        yield POOL, seen, pool.expected_gib, pool.lowest_gib, pool.budget_gib or 0
