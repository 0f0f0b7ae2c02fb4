"""Random fleets and pools, placed; each replica as a question to llama.cpp, as it is started."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random

from deploys.catalogue.architecture import Architecture
from deploys.plan.arguments import LlamaCppArguments
from deploys.plan.gpu_catalogue import CatalogueGpu, find_gpu, read_gpus
from deploys.plan.memory.configuration import LlamaCppConfiguration
from deploys.plan.memory.estimate import DeviceEstimate
from deploys.plan.search.fleet import place_all
from deploys.plan.search.rooms import Seat
from deploys.settings.environment import Host
from tests.plan.oracle.families import FAMILIES, drawn
from tests.plan.oracle.questions import FILE_TYPES, Question
from tests.plan.oracle.taken_in import entry
from tests.plan.search.fleets import card, environment, host

# Large enough for all experts of the largest model that is drawn.
RAM_MIB = 2**21
SMALL_MIB = 26_000
POOLS = ("one", "two")


@dataclass(frozen=True)
class Placed:
    """One replica, and what the planner expects of it."""

    question: Question
    predicted: tuple[DeviceEstimate, ...]
    """Of its GPUs."""
    gpus: tuple[str, ...]
    """UUIDs of its GPUs, which are of one fleet."""


@cache
def placed(seed: int, fleets: int) -> tuple[list[Placed], dict[str, float]]:
    """Every replica of so many fleets; and of each GPU, by its UUID, the MiB that nobody uses."""
    random = Random(seed)
    families = list(FAMILIES)
    replicas: list[Placed] = []
    free: dict[str, float] = {}
    for number in range(fleets):
        hosts = [_host(random, f"f{number}{name}") for name in "ab"[: random.randint(1, 2)]]
        for gpu in (gpu for one in hosts for gpu in one.hardware.gpus):
            free[gpu.uuid] = (gpu.visible_mib or 0) - gpu.used_mib
        pair = (families[(2 * number + index) % len(families)] for index in range(len(POOLS)))
        models = {pool: (drawn(random, one), one) for pool, one in zip(POOLS, pair, strict=True)}
        replicas += _replicas(random, hosts, models)
    return replicas, free


def questions_of(replicas: Sequence[Placed]) -> list[Question]:
    """Each once: replicas of one pool are often alike."""
    return list(dict.fromkeys(one.question for one in replicas))


def placed_questions(seed: int, fleets: int) -> list[Question]:
    """The same ones for the same seed, as long as the planner places alike."""
    return questions_of(placed(seed, fleets)[0])


def _host(random: Random, name: str) -> Host:
    # Small ones more often, so that models are split and spill.
    known = [gpu for gpu in read_gpus() if gpu.nvml_mib < SMALL_MIB or random.random() < 0.2]
    words = [gpu.name for gpu in random.choices(known, k=random.choice((1, 2, 3, 4)))]
    if random.random() < 0.5:
        words = words[:1] * len(words)
    one = host(name, *words, ram_mib=RAM_MIB)
    gpus = []
    for known_gpu, word in zip(one.hardware.gpus, words, strict=True):
        gpu = find_gpu(word)
        assert gpu is not None
        used = random.choice((0, 0, 0, 1000, 4000))
        gpus.append(card(known_gpu.uuid, word, visible_mib=gpu.usable_mib, used_mib=used))
    hardware = one.hardware.model_copy(update={"gpus": tuple(gpus)})
    return one.model_copy(update={"hardware": hardware})


def _replicas(
    random: Random, hosts: list[Host], models: Mapping[str, tuple[Architecture, str]]
) -> Iterator[Placed]:
    types = {pool: random.choice(FILE_TYPES) for pool in models}
    entries = {pool: entry(shape, types[pool]) for pool, (shape, _) in models.items()}
    words = {
        pool: _words(random, pool) | _in_ram(random, one.shape) for pool, one in entries.items()
    }
    asked = environment(hosts, words, entries)
    for pool, found in sorted(place_all(asked).found.items()):
        for seat in found.seats:
            if seat.gpus:
                shape, family = models[pool]
                yield _placed(seat, Question(family, shape, types[pool], *_asked(seat)))


def _words(random: Random, model: str) -> dict[str, object]:
    """What an inventory may say, some of it pinned."""
    flash_attention = random.random() < 0.85
    words: dict[str, object] = {
        "model": model,
        "context_tokens": round(2 ** random.uniform(11, 18)),
        "slots": random.choice((1, 1, 2, 4, 8)),
        "replicas": random.choice((1, 1, 2, "fill")),
        "flash_attention": flash_attention,
    }
    if random.random() < 0.2:
        words["share_gpus"] = True
    elif random.random() < 0.3:
        words["gpus"] = random.randint(2, 4)
    if flash_attention and random.random() < 0.3:
        words["kv_cache_type"] = random.choice(("f16", "q8_0", "q4_0"))
    if random.random() < 0.2:
        words["micro_batch_tokens"] = random.choice((64, 128, 1024, 2048))
    return words


def _in_ram(random: Random, shape: Architecture) -> dict[str, object]:
    """Seldom: how much of the model goes there, pinned."""
    if random.random() < 0.15:
        return {"gpu_layers": random.randint(0, shape.layers + 1)}
    if shape.experts and random.random() < 0.3:
        return {"experts_on_cpu": random.randint(1, shape.layers)}
    return {}


def _placed(seat: Seat, question: Question) -> Placed:
    devices = seat.fit.devices[: len(seat.gpus)]
    return Placed(question, devices, tuple(gpu.uuid for gpu in seat.gpus))


def _asked(seat: Seat) -> tuple[LlamaCppConfiguration, tuple[CatalogueGpu, ...]]:
    """The replica's own arguments, in the words of a question; and its GPUs.

    Not by the planner's own `case_of`: what it gets wrong would be wrong on both sides.
    """
    arguments = seat.fit.arguments
    assert isinstance(arguments, LlamaCppArguments)
    gpus = [find_gpu(gpu.kind.name) for gpu in seat.gpus]
    configuration = LlamaCppConfiguration(
        context_tokens=arguments.context_tokens,
        key_type=arguments.kv_cache_type,
        value_type=arguments.kv_cache_type,
        flash_attention=arguments.flash_attention,
        micro_batch_tokens=arguments.micro_batch_tokens,
        sequences=arguments.slots,
        unified=arguments.unified,
        gpu_layers=arguments.gpu_layers,
        experts_on_cpu=arguments.experts_on_cpu,
        devices=tuple(gpu.kind.device for gpu in seat.gpus),
        shares=arguments.tensor_split or (1.0,),
    )
    return configuration, tuple(gpu for gpu in gpus if gpu is not None)
