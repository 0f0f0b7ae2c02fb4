"""Whether a sick replica's container may be started anew: bounded, and with the gateways' leave."""

from __future__ import annotations

from typing import Mapping

from deploys.watching.judging import MENDED_BY_RESTART, Verdict
from deploys.watching.limits import Limits

YES = ""


def why_not(
    replica: str,
    verdict: Verdict,
    lets: Mapping[str, list[str]],
    restarts: list[float],
    limits: Limits,
) -> str:
    """YES, or why it is left alone.

    + lets: of each gateway that has spoken lately, the replicas that it has taken out, or that are
      the last of their pool, and that no person and no run has drained
    + restarts: when it was restarted within the last hour
    """
    if verdict.state not in MENDED_BY_RESTART:
        return "a restart does not mend that"
    if is_used_up(restarts, limits):
        return f"{len(restarts)} restarts within an hour have not mended it; a person must look"
    if not lets:
        return "no gateway has said that it may be restarted"
    holding = sorted(gateway for gateway, names in lets.items() if replica not in names)
    if holding:
        return f"{', '.join(holding)} has not let go of it"
    return YES


def is_used_up(restarts: list[float], limits: Limits) -> bool:
    """Whether there were as many within the last hour as there may be."""
    return len(restarts) >= limits.restarts_per_hour
