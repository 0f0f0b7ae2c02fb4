"""How long planning takes as a fleet grows: `make bench-plan`. Planning alone, no files read.

Twenty pools of four models on hosts of eight GPUs of four kinds; as many replicas as grow with the
fleet. Prints a table, or JSON with --json.
"""

import argparse
import json
import time
from dataclasses import asdict, dataclass

from deploys.plan.placement import plan_environment
from deploys.settings.environment import Environment, Host
from tests.plan.search.fleets import catalogue, chat, environment, host

HOSTS = (1, 10, 100, 1000)
GPUS_PER_HOST = 8
POOLS = 20
CARDS = ("RTX 4090", "H100 SXM", "L40S", "RTX 3090")


@dataclass(frozen=True)
class Measurement:
    """One fleet, planned once."""

    hosts: int
    gpus: int
    pools: int
    replicas: int
    seconds: float


def fleet(hosts: int) -> Environment:
    """Its pools ask for three GPUs of four in all."""
    machines = [_host(number) for number in range(hosts)]
    replicas = max(1, hosts * GPUS_PER_HOST * 3 // 4 // POOLS // 2)
    kinds = (
        chat("llama-3.1-8b", 8192, slots=8),
        chat("qwen3-32b", 16_384, slots=2),
        chat("llama-3.1-70b", 8192, slots=4),
        chat("qwen3-30b-a3b", 32_768),
    )
    count = min(POOLS, hosts * GPUS_PER_HOST // 2)
    pools = {
        f"pool-{number:02}": {**kinds[number % len(kinds)], "replicas": replicas}
        for number in range(count)
    }
    return environment(machines, pools)


def _host(number: int) -> Host:
    card = CARDS[number % len(CARDS)] if number else "H100 SXM"
    return host(f"gpu{number:04}", *[card] * GPUS_PER_HOST, ram_mib=1_048_576)


def measured(hosts: int) -> Measurement:
    """Seconds of wall time."""
    asked = fleet(hosts)
    start = time.perf_counter()
    plan = plan_environment(asked, {})
    seconds = time.perf_counter() - start
    replicas = sum(len(pool.replicas) for pool in plan.pools)
    return Measurement(hosts, hosts * GPUS_PER_HOST, len(plan.pools), replicas, round(seconds, 3))


def main() -> None:
    """The whole table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    as_json = parser.parse_args().json
    catalogue()
    rows = [measured(hosts) for hosts in HOSTS]
    if as_json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
        return
    print(f"{'hosts':>6} {'gpus':>6} {'pools':>6} {'replicas':>9} {'seconds':>8}")
    for row in rows:
        sizes = f"{row.hosts:>6} {row.gpus:>6} {row.pools:>6} {row.replicas:>9}"
        print(f"{sizes} {row.seconds:>8.2f}")


if __name__ == "__main__":
    main()
