"""How much a model is used, by the gateways' logs."""

import sys
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path

from checks.benchmarks.cost.basis import Basis
from checks.benchmarks.cost.use import Logged, Use, logged, use
from checks.committed import read_committed
from checks.probes.gateway_log import access_log
from checks.probes.host import Unreachable


def logged_use(
    root: Path, environment: str, pools: Collection[str], since_seconds: int, basis: Basis
) -> tuple[Use, bool]:
    """What the logs say, and whether all gateways could be asked; who could not is told."""
    found: list[Logged] = []
    reached = True
    now = datetime.now(UTC)
    for one in read_committed(root, environment):
        for project in one.release.projects:
            if project.role != "gateways":
                continue
            try:
                lines = access_log(one.host, project.name, f"{since_seconds}s")
                found.append(logged(lines, pools, since_seconds, now))
            except Unreachable as unreachable:
                print(f"error: {unreachable}", file=sys.stderr)
                reached = False
    tokens = basis.prompt_tokens + basis.completion_tokens
    return use(found, basis.prompt_ratio, tokens), reached


def words(found: Use) -> list[str]:
    """What is told of where a use comes from."""
    hours = found.seconds / 3600
    told = [f"use: {found.answers:,} answers in {hours:,.1f} hours of the gateways' logs"]
    if found.estimated:
        told.append(
            "use: the logs count no tokens, so an answer is taken for "
            f"{found.tokens_per_answer:,.0f} with its prompt, as in the benchmark; clients in a "
            "tier with tokens_per_day have theirs counted"
        )
    elif found.counted < found.answers:
        told.append(
            f"use: the logs count the tokens of {found.counted:,} of them: others are taken to be "
            f"as long, {found.tokens_per_answer:,.0f} with their prompts"
        )
    return told
