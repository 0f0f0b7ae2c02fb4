"""What is said of pools that do not fit: the sum, what is in the way, and what would fit."""

from collections.abc import Iterator

from deploys.engine_facts.facts import facts_of
from deploys.plan.search.alternatives import refused_words
from deploys.plan.search.attempts import NotFound
from deploys.plan.search.fit import Fit
from deploys.plan.search.fleet import Outcomes
from deploys.plan.search.llamacpp_settings import template_complaints
from deploys.plan.search.nearest import nearest
from deploys.plan.search.stages import Stage
from deploys.plan.search.vllm_settings import vllm_complaints
from deploys.plan.verdict import Outcome
from deploys.settings.engine_versions import engine_versions, unknown_versions
from deploys.settings.environment import Environment
from deploys.settings.refusal import Complaint, Refused

NOTHING_NEAR = "no single change makes it fit: a smaller model, or a host with larger GPUs"


def refuse_unless_all_found(environment: Environment, outcomes: Outcomes) -> None:
    """Raises Refused with a complaint for every pool that has no place."""
    file = f"inventories/group_data/{environment.name}.py"
    wrong = refused_words(file, environment.pools, environment.models)
    engines = (one.trial.recipe.engine for one in outcomes.found.values())
    wrong += unknown_versions(file, engines, environment.images)
    wrong += _own_words(file, environment)
    if wrong:
        raise Refused(sorted(wrong))
    complaints = [
        complaint
        for missing in outcomes.not_found.values()
        for complaint in _complaints(environment, outcomes, missing)
    ]
    if complaints:
        raise Refused(sorted(complaints))


def _own_words(file: str, environment: Environment) -> Iterator[Complaint]:
    yield from template_complaints(file, environment)
    saying = {name: words for name, words in environment.pools.items() if words.vllm is not None}
    # 0.08 s of reading, which most plans need not wait for.
    facts = facts_of("vllm", engine_versions(environment.images)["vllm"]) if saying else None
    if facts is None:
        return
    for name, words in sorted(saying.items()):
        yield from vllm_complaints(file, f"pools.{name}", words, facts)


def _complaints(
    environment: Environment, outcomes: Outcomes, missing: NotFound
) -> Iterator[Complaint]:
    near = nearest(environment, outcomes, missing)
    hint = "nearest that fit, each by itself: " + "; ".join(map(str, near))
    name = missing.wish.name
    # Not by the GPUs that are left: other pools may have taken them all.
    if missing.hosts and missing.obstacles:
        found = _ram_sum(environment, outcomes, missing)
    else:
        found = _in_words(outcomes, missing)
    yield Complaint(
        f"inventories/group_data/{environment.name}.py",
        f"pools.{name}",
        found,
        hint if near else NOTHING_NEAR,
    )


def _in_words(outcomes: Outcomes, missing: NotFound) -> str:
    """The sum on GPUs where they are too small, and what else stood in the way."""
    fits, obstacles = missing.memory.fits, missing.obstacles
    on_gpus = [fit for key, fit in fits.items() if _keeps_all_on_gpus(key)]
    usable = [fit for fit in fits.values() if fit.outcome is not Outcome.REFUSED]
    found = []
    if on_gpus and all(fit.outcome is Outcome.REFUSED for fit in on_gpus):
        found.append(_short(min(on_gpus, key=lambda fit: fit.short_mib)))
    if obstacles:
        found += [f"{host}: {words}" for host, words in sorted(obstacles.items())[:3]]
    elif usable:
        found.append(_too_few(outcomes, missing))
    elif not fits:
        found.append(_too_small_a_host(outcomes, missing))
    elif not found:
        found.append(_short(min(fits.values(), key=lambda fit: fit.short_mib)))
    return "; ".join(found)


def _keeps_all_on_gpus(key: object) -> bool:
    return isinstance(key, tuple) and isinstance(key[1], Stage) and key[1].in_ram == "nothing"


def _short(fit: Fit) -> str:
    if fit.explanation == fit.binding:
        return fit.binding
    return f"{fit.explanation}; in the way: {fit.binding}"


def _too_few(outcomes: Outcomes, missing: NotFound) -> str:
    wish = missing.wish
    joined = wish.words.hosts_per_replica
    each = f", each on {joined} hosts with equal GPUs" if joined > 1 else ""
    free = sum(len(outcomes.rooms[host].free) for host in wish.hosts)
    return (
        f"not enough free GPUs: room for {missing.most} of {wish.wanted} replicas{each}; "
        f"{free} GPUs are left where it may run, after the other pools"
    )


def _too_small_a_host(outcomes: Outcomes, missing: NotFound) -> str:
    wish = missing.wish
    most = max((len(outcomes.rooms[host].free) for host in wish.hosts), default=0)
    words = wish.words
    asked = words.gpus if words.gpus != "auto" else words.tensor_parallel
    return (
        f"not enough free GPUs: a replica takes {asked}, no host has more than {most} left "
        "that may be joined (NVLink, or 4 over PCIe)"
    )


def _ram_sum(environment: Environment, outcomes: Outcomes, missing: NotFound) -> str:
    """The replicas of the fullest host, this pool's among them, against its RAM."""
    host, _ = min(missing.obstacles.items())
    limits = [
        (f"{name}-{number}", seat.fit.ram_limit_mib)
        for name, found in sorted(outcomes.found.items())
        for number, seat in enumerate(found.seats, 1)
        if seat.host == host
    ]
    fit = min(missing.memory.fits.values(), key=lambda one: one.ram_limit_mib)
    limits += [
        (f"{missing.wish.name}-{number}", fit.ram_limit_mib)
        for number, one in enumerate(missing.hosts, 1)
        if one == host
    ]
    available = next(one.hardware.memory_mib for one in environment.hosts if one.name == host)
    terms = " + ".join(f"{name} {mib}" for name, mib in limits)
    total = sum(mib for _, mib in limits)
    return f"{host}: {available} MiB of RAM cannot hold {total} MiB ({terms})"
