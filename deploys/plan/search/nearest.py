"""The nearest plans that fit where one does not: each differs in one word, and was planned."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from deploys.plan.arguments import LlamaCppArguments
from deploys.plan.search import ladder
from deploys.plan.search.alternatives import alternatives
from deploys.plan.search.attempts import Found, NotFound, Wish, place
from deploys.plan.search.fleet import Outcomes, place_all, wants_gpus
from deploys.plan.search.in_ram import place_in_ram
from deploys.plan.search.rooms import room_of
from deploys.plan.search.seats import Memory
from deploys.plan.search.vllm_question import least_batch
from deploys.settings.consistency import entries_of
from deploys.settings.engine_versions import engine_versions
from deploys.settings.environment import Environment
from deploys.settings.pool import Pool

# llama.cpp pads its cache to it, vLLM's blocks divide it.
CONTEXT_STEP = 256
# What a pool has that says nothing.
USUAL_BATCH: int = Pool.model_fields["batch_tokens"].default


@dataclass(frozen=True)
class Change:
    """One word of a pool, as it would have to be."""

    pool: str
    word: str
    value: object
    words: Pool
    """The pool with it."""

    def __str__(self) -> str:
        if isinstance(self.value, tuple):
            return f"{self.word} {', '.join(map(str, self.value))}"
        return f"{self.word} {self.value}"


def nearest(environment: Environment, outcomes: Outcomes, missing: NotFound) -> list[Change]:
    """All that were found to fit, in the order: what is lost least comes first.

    Each was planned with the whole environment, and displaces no other pool.
    """
    wish = missing.wish
    tries = _Tries(environment, outcomes, wish)
    return [
        change
        for word, value in _changes(tries)
        if _fits(environment, outcomes, change := changed(wish.name, wish.words, word, value))
    ]


def changed(pool: str, words: Pool, word: str, value: object) -> Change:
    """The pool with one word set anew."""
    return Change(pool, word, value, words.model_copy(update={word: value}))


def _fits(environment: Environment, outcomes: Outcomes, change: Change) -> bool:
    pools = {**environment.pools, change.pool: change.words}
    others = {name: one for name, one in outcomes.memories.items() if name != change.pool}
    # A suggestion is one of many: what fits at the first go is looked for.
    planned = place_all(environment.model_copy(update={"pools": pools}), others, most_tries=0)
    return {change.pool, *outcomes.found} <= set(planned.found)


@dataclass(frozen=True)
class _Tries:
    """Places the one pool in what the others leave, with another word."""

    environment: Environment
    outcomes: Outcomes
    wish: Wish

    def found(self, word: str, value: object) -> Found | None:
        """How it would be placed, or None."""
        words = self.wish.words.model_copy(update={word: value})
        hosts = self.wish.hosts
        if word == "hosts":
            hosts = frozenset(self.outcomes.rooms)
        versions = engine_versions(self.environment.images)
        named = alternatives(words, self.environment.models, versions)
        wish = Wish(self.wish.name, words, named, hosts)
        if wants_gpus(wish, self.outcomes.rooms):
            result, _ = place(wish, self.outcomes.rooms, Memory())
        else:
            (result,), _ = place_in_ram([wish], self.outcomes.rooms)
        return result if isinstance(result, Found) else None


def _changes(tries: _Tries) -> Iterator[tuple[str, object]]:
    words = tries.wish.words
    yield from _cache_types(words)
    yield from _in_ram(tries)
    yield from _of_vllm(words)
    yield from _gpu_counts(tries)
    yield from _hosts(tries)
    several = words.gpus not in ("auto", 1) or words.tensor_parallel not in ("auto", 1)
    if not several and not words.share_gpus and words.hosts_per_replica == 1:
        yield "share_gpus", True
    yield from _quantizations(tries)
    context = _largest(
        lambda steps: tries.found("context_tokens", steps * CONTEXT_STEP) is not None,
        (words.context_tokens - 1) // CONTEXT_STEP,
    )
    if context:
        yield "context_tokens", context * CONTEXT_STEP
    slots = _largest(lambda count: tries.found("slots", count) is not None, words.slots - 1)
    if slots:
        yield "slots", slots
    if words.replicas != "fill":
        fewer = words.replicas - 1
        replicas = _largest(lambda count: tries.found("replicas", count) is not None, fewer)
        if replicas:
            yield "replicas", replicas


def _largest(fits: Callable[[int], bool], most: int) -> int:
    """The largest number from 1 to `most` that fits, 0 where none does: fewer need less."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if fits(middle):
            low = middle
        else:
            high = middle - 1
    return low


def _cache_types(words: Pool) -> Iterator[tuple[str, object]]:
    if not words.flash_attention:
        yield "flash_attention", True
        return
    if words.kv_cache_type == "f16":
        yield "kv_cache_type", "q8_0"
    if words.kv_cache_type != "q4_0" and words.engine != "vllm":
        yield "kv_cache_type", "q4_0"


def _in_ram(tries: _Tries) -> Iterator[tuple[str, object]]:
    """Layers and experts, where their number was pinned; the other engine, where it was."""
    words = tries.wish.words
    for word in ("experts_on_cpu", "gpu_layers"):
        if getattr(words, word) == "auto":
            continue
        found = tries.found(word, "auto")
        arguments = found.seats[0].fit.arguments if found else None
        if isinstance(arguments, LlamaCppArguments):
            yield word, getattr(arguments, word)
    if words.engine != "auto" and words.localai is None:
        yield "engine", "auto"


def _of_vllm(words: Pool) -> Iterator[tuple[str, object]]:
    """Its share of a GPU and its batch, where they were pinned."""
    if words.gpu_memory_utilization is not None:
        yield "gpu_memory_utilization", None
    usual = max(USUAL_BATCH, least_batch(words), words.micro_batch_tokens)
    if "batch_tokens" in words.model_fields_set and words.batch_tokens != usual:
        yield "batch_tokens", usual


def _gpu_counts(tries: _Tries) -> Iterator[tuple[str, object]]:
    """The smallest other number of GPUs that fits, where it was pinned."""
    words = tries.wish.words
    if "auto" not in (words.gpus, words.tensor_parallel):
        # They only change together, and that would be two words.
        return
    most = max((len(room_of(host).free) for host in tries.environment.hosts), default=0)
    for word in ("gpus", "tensor_parallel"):
        if getattr(words, word) == "auto":
            continue
        others = [count for count in range(1, most + 1) if count != getattr(words, word)]
        fitting = (count for count in others if tries.found(word, count))
        yield from ((word, count) for count in [next(fitting, None)] if count)


def _hosts(tries: _Tries) -> Iterator[tuple[str, object]]:
    if tries.wish.words.hosts is None:
        return
    found = tries.found("hosts", None)
    if found:
        yield "hosts", tuple(sorted({seat.host for seat in found.seats}))


def _quantizations(tries: _Tries) -> Iterator[tuple[str, object]]:
    """The finest coarser one that the catalogue has: below the floor, or beside the named entry."""
    words, models = tries.wish.words, tries.environment.models
    named = {one.entry for one in tries.wish.named}
    base = words.model if words.model not in models else models[words.model].base
    siblings = [name for name in entries_of(base, models) if name not in named] if base else []
    siblings.sort(key=lambda name: ladder.gguf_preference(models[name].quantization, None))
    word = "model" if words.model in models else "quantization"
    for name in siblings:
        value = name if word == "model" else models[name].quantization
        if tries.found(word, value):
            yield word, value
            return
