"""Complaints about candidates that could not take a pool's place."""

from collections.abc import Iterator, Mapping

from deploys.settings.canary import CLOUD, Canary
from deploys.settings.client import Client
from deploys.settings.golden import read_golden
from deploys.settings.inventory import Inventory, origin
from deploys.settings.pool import Pool
from deploys.settings.refusal import Complaint, Refused
from deploys.settings.validation import near_miss

# (word of the canary, what was found, what fits)
Finding = tuple[str, str, str]


def canary_inconsistencies(
    inventory: Inventory, pools: Mapping[str, Pool], clients: Mapping[str, Client]
) -> list[Complaint]:
    """Every complaint about candidates, and about golden prompts that nobody may ask."""
    groups = inventory.hosts[0].groups
    file = origin(inventory, "pools", groups)
    found = []
    for name, pool in sorted(pools.items()):
        canary = pool.canary
        if canary is None:
            continue
        for word, what, hint in _findings(name, pool, canary, pools, clients):
            found.append(Complaint(file, f"pools.{name}.canary.{word}", what, hint))
        if canary.golden is not None:
            try:
                read_golden(inventory.root, canary.golden)
            except Refused as refused:
                found += refused.complaints
    return found


def _findings(
    name: str,
    pool: Pool,
    canary: Canary,
    pools: Mapping[str, Pool],
    clients: Mapping[str, Client],
) -> Iterator[Finding]:
    if canary.golden is not None and not any(one.tester for one in clients.values()):
        yield "golden", "nobody may ask the candidate", "give a client `tester: True`"
    if canary.golden is not None and pool.kind != "generation":
        yield "golden", f"prompts, for {pool.kind}", "leave it out: they are asked for text"
    if pool.answer_cache != "never":
        found = f"`{name}` keeps answers, and what is given again tells nothing of its engines"
        yield "candidate", found, "leave `answer_cache` out while the pool has a candidate"
    if canary.candidate == CLOUD:
        yield from _cloud(name, pool, canary, pools)
    elif canary.candidate == name:
        yield "candidate", f"`{name}` is the pool itself", "name another pool, or `cloud`"
    elif canary.candidate in pools:
        yield from _pool(name, pool, canary.candidate, pools[canary.candidate])
    else:
        known = {*pools, CLOUD} - {name}
        yield (
            "candidate",
            f"`{canary.candidate}` is no pool",
            near_miss(canary.candidate, known),
        )


def _cloud(name: str, pool: Pool, canary: Canary, pools: Mapping[str, Pool]) -> Iterator[Finding]:
    if CLOUD in pools:
        yield "candidate", "`cloud` is a pool here, too", "give the pool another name"
    if pool.kind != "generation":
        hint = "another model's vectors and ranks do not fit those of this one: leave it out"
        yield "candidate", f"the cloud, for {pool.kind}", hint
    elif pool.cloud == "never":
        hint = f"say pools.{name}.cloud; of clients only those go there that say so, too"
        yield "candidate", "the cloud, and the pool's requests never leave the fleet", hint
    if canary.shadow is not None:
        yield "shadow", "copies to the cloud", "leave it out: what leaves the fleet is answered"


def _pool(name: str, pool: Pool, other: str, candidate: Pool) -> Iterator[Finding]:
    if candidate.kind != pool.kind:
        found = f"`{other}` answers {candidate.kind}, and `{name}` {pool.kind}"
        yield "candidate", found, "a pool of the same kind"
    elif pool.kind != "generation" and _weights(candidate) != _weights(pool):
        found = f"`{other}` has another model, for {pool.kind}"
        hint = "the same model: another one's vectors poison an index, and its ranks compare ill"
        yield "candidate", found, hint
    if candidate.context_tokens < pool.context_tokens:
        found = f"`{other}` takes {candidate.context_tokens} tokens, `{name}` {pool.context_tokens}"
        yield "candidate", found, "as many: requests that fit today would be refused"
    if candidate.canary is not None:
        yield "candidate", f"`{other}` has a canary of its own", "one at a time: leave one out"


def _weights(pool: Pool) -> tuple[str, str | None]:
    return pool.model, pool.quantization
