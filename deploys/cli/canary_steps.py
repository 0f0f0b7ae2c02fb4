"""What `homeport canary` does between two steps: reads, judges, and sets a share."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from checks.canary.engines import engines_gate
from checks.canary.gate import Gate
from checks.canary.gates import gates
from checks.canary.golden import golden_gate
from checks.canary.trial import Trial, gateways_of, read_trial
from checks.committed import Committed, read_committed
from checks.probes.gateway import Gateway
from deploys.certificates.entrance import entrance
from deploys.cli.exit_codes import ExitCode
from deploys.cli.pyinfra_run import run_pyinfra
from deploys.history.words import CANARY
from deploys.questions.canaries import Share
from deploys.render.release_gateway import GatewayRelease
from deploys.settings.canary import CLOUD
from deploys.settings.client import asking_key, every_key
from deploys.settings.golden import read_golden
from deploys.settings.refusal import Complaint, Refused
from deploys.settings.secrets import resolve


@dataclass(frozen=True)
class Fleet:
    """The environment that a candidate is tried in."""

    root: Path
    environment: str
    committed: tuple[Committed, ...]

    def trial(self, pool: str) -> Trial:
        """As it is now. Raises Refused."""
        return read_trial(self.committed, self.root, pool)


def read_fleet(root: Path, environment: str) -> Fleet:
    """By the commit; raises Refused."""
    return Fleet(root, environment, read_committed(root, environment))


def judged(fleet: Fleet, trial: Trial, share: Share) -> list[Gate]:
    """Every gate of the step that runs. Raises Unreachable and Refused."""
    found = [*asked(fleet, trial)]
    if trial.words.candidate != CLOUD:
        found.append(engines_gate(fleet.committed, fleet.root, share.candidate, share.since))
    if share.percent < 100:
        compared = sum(step < 100 for step in share.steps)
        found += gates(list(trial.requests()), trial.words, compared)
    return found


def asked(fleet: Fleet, trial: Trial) -> list[Gate]:
    """The gate of golden prompts, if there are any."""
    file = trial.words.golden
    if file is None:
        return []
    prompts = read_golden(fleet.root, file)
    _, release = next(iter(gateways_of(fleet.committed).values()))
    way = entrance(release.shared or release.listen, release.tls, fleet.root)
    key = resolve(_tester(fleet, release), fleet.root)
    return [golden_gate(Gateway(trial.pool, way, key), trial.released.model, prompts)]


def _tester(fleet: Fleet, release: GatewayRelease) -> str:
    now = datetime.now(UTC)
    testers = {name: one for name, one in release.clients.items() if one.tester}
    if not any(key.is_valid(now) for _, _, key in every_key(testers)):
        found = "no tester has a valid key, and golden prompts are asked as one"
        hint = "give a client `tester: True` and a key; render; apply"
        raise Refused([Complaint(f"inventories/{fleet.environment}.py", "clients", found, hint)])
    return asking_key(testers, now)


def set_share(fleet: Fleet, trial: Trial, percent: int, steps: Sequence[int]) -> ExitCode:
    """Has every gateway that answers send so many per cent to the candidate, by one reload each.

    Whoever may not do without the others asks `trial.require_all()` first. Raises Unreachable when
    none answers.
    """
    if not trial.gateways:
        trial.require_all()
    share = Share(trial.pool, trial.words.candidate, percent, tuple(steps))
    # Without those that are lost: pyinfra would end before it has done anything at the others.
    limits = [word for one in trial.gateways for word in ("--limit", one.host.connection)]
    words = {CANARY: json.dumps(share.words())}
    result = run_pyinfra(fleet.root, fleet.environment, "deploys/canary.py", limits, words=words)
    if result.exit_code:
        print(result.explanation, file=sys.stderr)
        return result.exit_code
    if not fleet.trial(trial.pool).agrees:
        again = f"hint: {trial.command(fleet.environment, 'status')} shows what each one goes by"
        print(f"error: not every gateway goes by the new share\n{again}", file=sys.stderr)
        return ExitCode.OPERATION_FAILED
    for lost in trial.lost:
        print(f"error: {lost}", file=sys.stderr)
    if trial.lost:
        again = f"{trial.command(fleet.environment, 'abort')} again when it is back"
        print(f"hint: the others go by {percent} %, this one by what it had; {again}",
              file=sys.stderr)  # fmt: skip
        return ExitCode.HOST_UNREACHABLE
    return ExitCode.DONE
