"""Why a pool is planned as it is: one line for each thing that was chosen."""

from collections.abc import Iterator, Sequence

from deploys.plan.arguments import LlamaCppArguments
from deploys.plan.joined import group_words
from deploys.plan.plan import Replica
from deploys.plan.search.attempts import Found
from deploys.plan.search.fit import Fit
from deploys.plan.search.rooms import Seat
from deploys.plan.search.stages import Stage
from deploys.plan.verdict import Outcome
from deploys.settings.pool import Pool

MOST_HOSTS = 4


def reasons(found: Found, replicas: Sequence[Replica]) -> tuple[str, ...]:
    """In the order of the search."""
    return tuple(_reasons(found, replicas))


def _reasons(found: Found, replicas: Sequence[Replica]) -> Iterator[str]:
    words, seat = found.wish.words, found.seats[0]
    yield from _quantization(found)
    if seat.gpus:
        yield from _layouts(found)
        yield from _cache(found, seat.fit)
    shape = found.trial.recipe.alternative.model.architecture
    yield from _numbers(words, seat.fit, shape.layers if shape else 0)
    yield from seat.fit.reasons
    yield f"threads {replicas[0].arguments.threads}: " + _threads(words, seat)
    if not seat.gpus:
        yield f"gpu_layers 0: {_no_gpu(words)}"
    yield from (group_words(one) for one in replicas if one.group is not None)
    yield from _measured(found)
    if words.replicas == "fill":
        yield f"{len(replicas)} replicas: as many as the GPUs hold"
    if seat.fit.outcome is Outcome.TIGHT:
        yield f"tight: {seat.fit.binding}"


def _measured(found: Found) -> Iterator[str]:
    """What is calibrated, host by host; the first few stand for a fleet."""
    said = list(
        dict.fromkeys(line for seat in found.seats for line in seat.fit.corrections.reasons)
    )
    yield from said[:MOST_HOSTS]
    if said[MOST_HOSTS:]:
        yield f"and {len(said) - MOST_HOSTS} more lines of calibration"


def _quantization(found: Found) -> Iterator[str]:
    words, named = found.wish.words, found.wish.named
    chosen = found.trial.recipe.alternative
    served = [one.model.quantization for one in named if one.engine == chosen.engine]
    word = chosen.model.quantization
    if words.quantization is not None:
        yield f"quantization {word}: as set"
    elif len(served) > 1:
        yield f"quantization {word}: the first that fits of {', '.join(served)}"


def _layouts(found: Found) -> Iterator[str]:
    stages, engine = found.trial.stages, found.trial.recipe.engine
    over = _over_hosts(found.wish.words)
    for number in sorted({seat.stage for seat in found.seats}):
        seats = [seat for seat in found.seats if seat.stage == number]
        hosts = sorted({seat.host for seat in seats})
        some = f" on {', '.join(hosts[:3])}{', …' * (len(hosts) > 3)}"
        where = some if len(seats) < len(found.seats) else ""
        yield stages[number].words(engine) + over + where + _why(found, number)


def _over_hosts(words: Pool) -> str:
    if words.hosts_per_replica == 1:
        return ""
    how = {"layers": "pipeline parallel over", "tensors": "all of them of each of"}
    return f" of a host, {how[words.split_over_hosts]} {words.hosts_per_replica} hosts (as set)"


def _why(found: Found, number: int) -> str:
    """What stood in the way of the stage before."""
    stages = found.trial.stages
    if found.wish.words.gpus != "auto" or stages[number].in_ram == "as set":
        return ": as set"
    if number == 0:
        return ": it holds everything"
    short = shortest(found, stages[number - 1])
    return f"; {_earlier(stages[number], stages[number - 1])}: {short}" if short else ""


def _earlier(stage: Stage, before: Stage) -> str:
    if before.in_ram == stage.in_ram:
        return "on fewer" if before.gpus < stage.gpus else "on more"
    return "with nothing in RAM" if before.in_ram == "nothing" else "with experts alone in RAM"


def shortest(found: Found, stage: Stage) -> str:
    """Of all that was tried in a stage and refused, the sum that came nearest."""
    tried = [
        fit
        for key, fit in found.memory.fits.items()
        if isinstance(key, tuple) and key[1] == stage and fit.outcome is not Outcome.FITS
    ]
    return min(tried, key=lambda fit: fit.short_mib).explanation if tried else ""


def _cache(found: Found, fit: Fit) -> Iterator[str]:
    words, cache = found.wish.words, found.trial.recipe.cache_type
    if words.kv_cache_type != "auto":
        yield f"KV cache {cache}: as set"
    elif cache != "f16":
        yield f"KV cache {cache}: with f16 it does not fit"
    else:
        yield f"KV cache {cache}: nothing is lost"
    arguments = fit.arguments
    if isinstance(arguments, LlamaCppArguments):
        batch, context = arguments.batch_tokens, arguments.context_tokens
        asked = min(words.micro_batch_tokens, batch, context)
        if arguments.micro_batch_tokens < asked:
            size = arguments.micro_batch_tokens
            yield f"micro-batch {size}: the compute buffer of {asked} does not fit"


def _numbers(words: Pool, fit: Fit, layers: int) -> Iterator[str]:
    arguments = fit.arguments
    if not isinstance(arguments, LlamaCppArguments):
        yield f"{words.slots} requests of up to {words.context_tokens} tokens at once"
        return
    sum_words = f"{words.context_tokens} tokens x {words.slots} slots"
    yield f"context {arguments.context_tokens} = {sum_words}"
    if arguments.experts_on_cpu:
        how = "as set" if words.experts_on_cpu != "auto" else "as few as the GPUs allow"
        yield f"experts of the first {arguments.experts_on_cpu} layers in RAM: {how}"
    if arguments.gpu_layers:
        yield f"gpu_layers {arguments.gpu_layers}: {_layers(words, arguments, layers)}"


def _layers(words: Pool, arguments: LlamaCppArguments, layers: int) -> str:
    if words.gpu_layers != "auto":
        return "as set"
    if arguments.gpu_layers > layers:
        return "all, the output counted too"
    return f"as many of {layers + 1} as fit, the output counted too"


def _threads(words: Pool, seat: Seat) -> str:
    if words.threads:
        return "as set"
    if seat.gpus and seat.gpus[0].numa_node is not None:
        return "physical cores near its GPUs shared out among the replicas there"
    return "physical cores shared out among the host's replicas"


def _no_gpu(words: Pool) -> str:
    return "as set" if 0 in (words.gpus, words.gpu_layers) else "the host has no GPU"
