"""`homeport plan ENV`: what would run where, with which numbers and why. Writes nothing."""

import dataclasses
import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from deploys.cli.exit_codes import ExitCode
from deploys.cli.root import repository_root
from deploys.cli.stages import Stages, run_stages
from deploys.plan.plan import Arguments, Plan, VllmArguments

EnvironmentArgument = Annotated[str, typer.Argument(help="The name of a file in inventories/.")]
JsonOption = Annotated[bool, typer.Option("--json", help="The same result for a program.")]

HEADINGS = ("replica", "host", "model", "context", "slots", "threads", "memory MiB")


def plan(environment: EnvironmentArgument, as_json: JsonOption = False) -> int:
    """Shows placement, memory, routes and what `render` would change."""
    stages = run_stages(repository_root(), environment)
    if as_json:
        print(json.dumps(_document(stages), indent=2))
    else:
        _print(stages, Console())
    return ExitCode.CHANGES_PENDING if stages.pending else ExitCode.DONE


def _print(stages: Stages, console: Console) -> None:
    console.print(_replicas(stages.plan))
    for pool in stages.plan.pools:
        console.print(f"pool {pool.name} on {pool.engine}:", highlight=False)
        for reason in pool.reasons:
            console.print(f"  {reason}", highlight=False)
    for host in stages.plan.hosts:
        if host.gateway is not None:
            public = ", ".join(pool.public_name for pool in stages.plan.pools)
            listen = f"http://{host.gateway.address}:{host.gateway.port}/v1"
            console.print(f"gateway on {host.name}: {listen} serves {public}", highlight=False)
    _print_pending(stages, console)


def _print_pending(stages: Stages, console: Console) -> None:
    if not stages.pending:
        console.print("committed files: up to date")
        return
    for difference in stages.pending:
        console.print(f"  {difference.state:9}{difference.path}", highlight=False)
    console.print(f"next: homeport render {stages.plan.environment}", highlight=False)


def _replicas(plan: Plan) -> Table:
    # No frame: eighty columns are enough, and what is shown can be copied.
    table = Table(*HEADINGS, box=None, padding=(0, 2, 0, 0))
    for pool in plan.pools:
        for replica in pool.replicas:
            numbers = replica.arguments
            memory = f"{sum(replica.memory_mib.values())} of {replica.limits.memory_mib}"
            counts = (numbers.slots * pool_context(numbers), numbers.slots, numbers.threads, memory)
            table.add_row(replica.name, replica.host, pool.model_name, *map(str, counts))
    return table


def pool_context(arguments: Arguments) -> int:
    """Tokens of one request."""
    if isinstance(arguments, VllmArguments):
        return arguments.maximum_length_tokens
    return arguments.context_tokens // arguments.slots


def _document(stages: Stages) -> dict[str, Any]:
    replicas = [replica for pool in stages.plan.pools for replica in pool.replicas]
    return {
        "environment": stages.plan.environment,
        "pools": [
            {
                "name": pool.name,
                "public_name": pool.public_name,
                "engine": pool.engine,
                "model": pool.model_name,
                "reasons": list(pool.reasons),
            }
            for pool in stages.plan.pools
        ],
        "replicas": [
            {
                "name": replica.name,
                "pool": replica.pool,
                "host": replica.host,
                "gpus": list(replica.gpus),
                "arguments": dataclasses.asdict(replica.arguments),
                "memory_mib": dict(replica.memory_mib),
                "limits": dataclasses.asdict(replica.limits),
            }
            for replica in replicas
        ],
        "pending": [dataclasses.asdict(difference) for difference in stages.pending],
    }
