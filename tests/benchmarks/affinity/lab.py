"""One real gateway and three synthetic replicas, as a pool for each policy."""

import dataclasses
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploys.plan.plan import Pool
from deploys.settings.routing import Routing
from tests.benchmarks.affinity.cached_engine import SLOTS
from tests.e2e.gateway_lab import docker, gateway_arguments, published, start_engine
from tests.e2e.gateway_tree import write_tree
from tests.render.plans import ARGUMENTS, small_pool

ENGINE = Path(__file__).with_name("cached_engine.py")
REPLICAS = 3
WAITING = 32
# Policy -> what its pool says. `hash` has the bound of the whole queue: it never spills.
POLICIES: dict[str, dict[str, object]] = {
    "least_conn": {},
    "hash": {"affinity": {"waiting_requests": WAITING - 1}},
    "hash with bound": {"affinity": {"waiting_requests": 2}},
}


def model(policy: str) -> str:
    """What a client asks for to get a policy."""
    return policy.replace(" ", "-").replace("_", "-")


def pools() -> list[Pool]:
    """One over the same replicas for each policy."""
    return [_pool(model(policy), words) for policy, words in POLICIES.items()]


@contextmanager
def running(folder: Path, image: str) -> Iterator[tuple[str, list[str]]]:
    """URL of the gateway and control URLs of the replicas, until the block ends."""
    folder.chmod(0o755)
    name = f"hpa-{os.getpid()}"
    write_tree(folder, pools(), first_byte_seconds=120)
    replicas = [f"replica-{number}" for number in range(1, REPLICAS + 1)]
    docker("network", "create", name)
    try:
        for replica in replicas:
            start_engine(name, replica, image, ENGINE)
        start = ["run", "--detach", f"--name={name}-nginx", f"--network={name}"]
        nginx = gateway_arguments(folder, image, "-g", "daemon off;")
        docker(*start, "--publish=127.0.0.1::8080", *nginx)
        controls = [published(f"{name}-{replica}", 8090) for replica in replicas]
        yield published(f"{name}-nginx", 8080), controls
    finally:
        docker("rm", "--force", *(f"{name}-{part}" for part in (*replicas, "nginx")), expect=None)
        docker("network", "rm", name, expect=None)


def _pool(name: str, words: dict[str, object]) -> Pool:
    pool = small_pool(name, REPLICAS, waiting_requests=WAITING)
    replicas = tuple(
        dataclasses.replace(
            one,
            name=f"replica-{number}",
            arguments=dataclasses.replace(ARGUMENTS, slots=SLOTS),
        )
        for number, one in enumerate(pool.replicas, 1)
    )
    return dataclasses.replace(pool, replicas=replicas, routing=Routing.model_validate(words))
