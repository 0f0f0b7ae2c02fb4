"""A plan as people read it: replicas, GPUs, why, and where the gateway listens."""

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table

from deploys.cli.memory_bar import bar, legend
from deploys.plan.arguments import VllmArguments
from deploys.plan.cloud import CloudPlan
from deploys.plan.memory.process import margin_mib
from deploys.plan.plan import HostPlan, Plan, Pool, Replica
from deploys.plan.search.gpus import UsableGpu, usable_gpus
from deploys.plan.weights import replica_weights
from deploys.settings.environment import Environment
from deploys.settings.gateway import Gateway
from deploys.settings.words import bracketed

HEADINGS = ("replica", "host", "model", "engine", "context", "slots", "RAM MiB", "tokens/s")


def print_plan(plan: Plan, environment: Environment, console: Console) -> None:
    """Everything but what `render` would change."""
    console.print(_replicas(plan))
    lines = [*_gpus(plan, environment), *_pools(plan), *_gateways(plan), *store_words(plan)]
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _replicas(plan: Plan) -> Table:
    # No frame: eighty columns are enough, and what is shown can be copied.
    table = Table(*HEADINGS, box=None, padding=(0, 2, 0, 0))
    for pool in plan.pools:
        for replica in pool.replicas:
            numbers = replica.arguments
            memory = f"{sum(replica.memory_mib.values())} of {replica.limits.memory_mib}"
            counts = (request_tokens(replica) * numbers.slots, numbers.slots, memory)
            where = "+".join(one.host for one in replica.everywhere)
            names = (replica.name, where, pool.model_name, pool.engine)
            table.add_row(*names, *map(str, counts), _speed(replica))
    return table


def request_tokens(replica: Replica) -> int:
    """Longest prompt plus answer of one request."""
    arguments = replica.arguments
    if isinstance(arguments, VllmArguments):
        return arguments.maximum_length_tokens
    return arguments.context_tokens // arguments.slots


def _speed(replica: Replica) -> str:
    return f"< {replica.speed.roofline:.0f}" if replica.speed else "-"


def _gpus(plan: Plan, environment: Environment) -> Iterator[str]:
    letters = ""
    for host in environment.hosts:
        usable = usable_gpus(host.hardware)
        planned = plan.host(host.name)
        if not usable or "gpu_hosts" not in host.roles:
            continue
        ram = sum(replica.limits.memory_mib for replica in planned.replicas)
        yield f"{host.name}: {ram:,} of {host.hardware.memory_mib:,} MiB RAM planned"
        for gpu in usable:
            line, drawn = _gpu(gpu, planned)
            letters += drawn
            yield line
    if letters:
        yield f"  {legend(letters)}"


def _gpu(gpu: UsableGpu, host: HostPlan) -> tuple[str, str]:
    """One line, and its bar alone."""
    there = [replica for replica in host.replicas if gpu.uuid in replica.gpus]
    places = [(replica, replica.gpus.index(gpu.uuid)) for replica in there]
    devices = [replica.memory[place] for replica, place in places]
    kind = gpu.kind
    drawn = bar(devices, kind.used_mib, margin_mib(kind.visible_mib), kind.visible_mib)
    names = ", ".join(replica.name for replica in there) or "free"
    needed = sum(replica.verdicts[place].needed_mib for replica, place in places)
    outcomes = {replica.verdicts[place].outcome.value for replica, place in places}
    sizes = f"{needed + kind.used_mib:,.0f} of {kind.visible_mib:,} MiB"
    verdict = "tight" if "tight" in outcomes else "fits" if outcomes else ""
    text = f"  {kind.name:<22.22} {names:<10} {drawn} {sizes} {verdict}"
    return text.rstrip(), drawn


def _pools(plan: Plan) -> Iterator[str]:
    for pool in plan.pools:
        yield f"pool {pool.name} on {pool.engine}{_reason(pool)}:"
        yield from (f"  {reason}" for reason in pool.reasons)
        yield from _weights(pool)
        yield from _rollouts(plan, pool)
        yield from _speeds(pool)


def _weights(pool: Pool) -> Iterator[str]:
    """Only where hosts differ."""
    weights = replica_weights(pool.replicas, pool.routing.weights)
    if len(set(weights)) > 1:
        shares = (f"{one.name} {w}" for one, w in zip(pool.replicas, weights, strict=True))
        yield f"  shares of the requests: {', '.join(shares)}"


def _rollouts(plan: Plan, pool: Pool) -> Iterator[str]:
    """How the pool's replicas are replaced; one line for those that are alike."""
    alike: dict[str, list[str]] = {}
    for replica in pool.replicas:
        one = plan.rollouts[replica.name]
        words = f"{one.strategy} ({one.reason}), drained for {one.drain_seconds} s at most"
        alike.setdefault(words, []).append(replica.name)
    for words, names in alike.items():
        yield f"  replaced by {words}: {', '.join(names)}"


def _speeds(pool: Pool) -> Iterator[str]:
    """Once for all replicas that are alike."""
    speeds = sorted({one.speed for one in pool.replicas if one.speed}, key=lambda one: one.roofline)
    for speed in speeds:
        usual = f"usual {speed.usual_low:.0f} to {speed.usual_high:.0f}"
        low = f"below {speed.suspicious:.0f} something is wrong"
        yield f"  one request gets at most {speed.roofline:.0f} tokens/s; {usual}, {low}"


def _reason(pool: Pool) -> str:
    return f" ({pool.engine_reason})" if pool.engine_reason else ""


def _gateways(plan: Plan) -> Iterator[str]:
    for host in plan.hosts:
        if host.gateway is not None and plan.clients:
            public = ", ".join(plan.public_names())
            yield f"gateway on {host.name}: {_base_url(host.gateway)} serves {public}"
    if plan.cloud is not None:
        yield f"cloud: {plan.cloud.settings.provider}, for {_armed(plan.cloud)}; all else stays"


def store_words(plan: Plan) -> Iterator[str]:
    """The vector store and whose vectors each collection holds; nothing without one."""
    if plan.retrieval is None:
        return
    settings = plan.retrieval.settings
    host = next(one.name for one in plan.hosts if "vector_stores" in one.roles)
    where = f"{bracketed(settings.address)}:{settings.port}" if settings.address else "nowhere"
    yield f"vector store on {host}: {settings.memory_mib:,} MiB, published {where}"
    for name, one in plan.retrieval.collections.items():
        words = f"{one.dimension} numbers ({one.words.numbers}), {one.words.index.kind}"
        yield f"  {name}: {one.asked_as}, {words}, by {one.words.distance}"


def _base_url(gateway: Gateway) -> str:
    """Where clients go: with TLS by name, beside a shared address by that."""
    shared = gateway.shared_address
    address = shared.address if shared is not None else gateway.address
    if gateway.tls is not None:
        return f"https://{gateway.tls.names[0]}:{gateway.port}/v1 ({address})"
    return f"http://{bracketed(address)}:{gateway.port}/v1"


def _armed(cloud: CloudPlan) -> str:
    """Which pools may leave, for whom."""
    pools = ", ".join(f"{name} ({arm})" for name, arm in cloud.pools.items()) or "no pool"
    return f"{pools} of {', '.join(cloud.clients) or 'no client'}"
