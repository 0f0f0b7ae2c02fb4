"""How much a model is used, by the gateways' logs."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path

from checks.benchmarks.cost.basis import Basis
from checks.benchmarks.cost.use import Logged, Use, covered_seconds, logged, use
from checks.committed import gateway_projects, read_committed
from checks.probes.gateway_log import access_log, log_begin
from checks.probes.host import Unreachable


def logged_use(
    root: Path, environment: str, pools: Collection[str], since_seconds: int, basis: Basis
) -> tuple[Use | None, list[Unreachable]]:
    """What the logs say, and the gateways that could not be asked; None: none could."""
    found: list[Logged] = []
    lost: list[Unreachable] = []
    for host, project in gateway_projects(read_committed(root, environment)):
        try:
            covered = covered_seconds(log_begin(host, project), since_seconds, datetime.now(UTC))
            found.append(logged(access_log(host, project, f"{since_seconds}s"), pools, covered))
        except Unreachable as unreachable:
            lost.append(unreachable)
    tokens = basis.prompt_tokens + basis.completion_tokens
    return use(found, basis.prompt_ratio, tokens) if found else None, lost


def words(found: Use | None, lost: Sequence[Unreachable]) -> list[str]:
    """What is told of where a use comes from."""
    told = [f"use: without what {one.host} has served, which could not be asked" for one in lost]
    if found is None:
        return [*told, "use: no gateway could be asked, so that nobody knows"]
    hours = found.seconds / 3600
    told.append(f"use: {found.answers:,} answers in {hours:,.1f} hours of the gateways' logs")
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
