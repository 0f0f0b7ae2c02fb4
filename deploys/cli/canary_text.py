"""What `homeport canary` tells."""

import time
from collections.abc import Sequence
from typing import Any

from rich.console import Console

from checks.canary.gate import Gate, outcome
from checks.canary.trial import Trial
from deploys.questions.canaries import Share
from deploys.settings.canary import CLOUD


def print_status(
    trial: Trial, share: Share | None, found: Sequence[Gate], environment: str
) -> None:
    """The share at every gateway, and each gate."""
    console = Console()
    for line in [*_shares(trial, share), *_not_agreed(trial)]:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    print_gates(found)
    console.print(following(trial, share, found, environment), markup=False, highlight=False,
                  soft_wrap=True)  # fmt: skip


def print_gates(found: Sequence[Gate]) -> None:
    """Each gate with its numbers."""
    for gate in found:
        line = f"{gate.verdict:6} {gate.name}: {gate.words}"
        Console().print(line, markup=False, highlight=False, soft_wrap=True)


def following(trial: Trial, share: Share | None, found: Sequence[Gate], environment: str) -> str:
    """What to do next."""
    advance, abort = (trial.command(environment, action) for action in ("advance", "abort"))
    if not trial.agrees:
        return f"next: {advance} brings every gateway to that share, {abort} to none"
    if share is None:
        return f"next: {trial.command(environment, 'start')}"
    verdict = outcome(found)
    if verdict == "fails":
        return f"next: {advance} ends it, as does {abort}"
    if share.percent == share.steps[-1]:
        return finished(trial, share, environment)
    if verdict == "waits":
        return f"next: {lacking(found)}"
    return f"next: {advance} to {next_step(share)} %"


def finished(trial: Trial, share: Share, environment: str) -> str:
    """What makes the candidate the pool; a share is no place to stay."""
    end = f"`homeport render {environment}`, commit, `homeport apply {environment}`"
    if share.percent < 100:
        return f"next: the last of its steps; {trial.command(environment, 'abort')} ends it"
    if share.candidate == CLOUD:
        share_words = f"give pool `{trial.pool}` and its clients `cloud: share`, and a share"
        return f"next: in the inventory {share_words} to `cloud`; take its canary out; {end}"
    return (
        f"next: make the candidate the stable one. In the inventory take pool `{trial.pool}` out "
        f"and give `{share.candidate}` its public name and aliases (public_name: "
        f"{trial.released.model!r}); {end}. Until then each client gets the candidate, and the "
        f"old replicas stand by"
    )


def lacking(found: Sequence[Gate]) -> str:
    """Which gates wait, and for how many requests."""
    waiting = [gate for gate in found if gate.verdict == "waits"]
    more = max((gate.more for gate in waiting), default=0)
    names = ", ".join(gate.name for gate in waiting)
    count = f"about {more:,} more requests of the candidate" if more else "another outcome"
    return f"{count} (needed by: {names})"


def next_step(share: Share) -> int:
    """Per cent of the step after this one."""
    return next((step for step in share.steps if step > share.percent), share.steps[-1])


def document(
    trial: Trial, share: Share | None, found: Sequence[Gate], environment: str
) -> dict[str, Any]:
    """The same for a program."""
    return {
        "environment": environment,
        "pool": trial.pool,
        "candidate": trial.words.candidate,
        "percent": share.percent if share else 0,
        "steps": list(share.steps) if share else [],
        "since": share.since if share else None,
        "set_by": share.who if share else "",
        "gateways": [
            {
                "host": one.host.name,
                "written": one.written[trial.pool].loaded if trial.pool in one.written else "0",
                "loaded": one.loaded.get(trial.pool),
            }
            for one in trial.gateways
        ],
        "agree": trial.agrees,
        "gates": [gate.document() for gate in found],
        "verdict": outcome(found),
        "next": following(trial, share, found, environment),
    }


def _shares(trial: Trial, share: Share | None) -> list[str]:
    if share is None:
        return [f"nothing of `{trial.pool}` goes to its candidate `{trial.words.candidate}`"]
    began = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(share.since))
    return [f"{share}, since {began}, set by {share.who}"]


def _not_agreed(trial: Trial) -> list[str]:
    if trial.agrees:
        return []
    told = []
    for one in trial.gateways:
        written, loaded = one.written.get(trial.pool), one.loaded.get(trial.pool, "nothing")
        words = written.loaded if written else "0"
        told.append(f"{one.host.name}: {words} is written, nginx goes by {loaded}")
    return told
