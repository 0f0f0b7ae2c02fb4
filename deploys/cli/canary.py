"""`homeport canary ENV ACTION`: gives a pool's candidate more and more of its sessions."""

import json
import re
import sys
import time
from enum import StrEnum
from typing import Annotated

import typer

from checks.canary.gate import outcome
from checks.probes.host import Unreachable
from deploys.cli.canary_steps import Fleet, asked, judged, read_fleet, set_share
from deploys.cli.canary_text import (
    document,
    finished,
    lacking,
    next_step,
    print_gates,
    print_status,
)
from deploys.cli.exit_codes import ExitCode
from deploys.cli.options import EnvironmentArgument, JsonOption
from deploys.cli.root import repository_root
from deploys.settings.refusal import Complaint, Refused

# A watch outlives a host that does not answer for so many looks in a row.
LOST_LOOKS = 5


class TooEarly(Refused):
    """The gates wait; who watches waits, too."""


class Action(StrEnum):
    """What to do."""

    start = "start"
    status = "status"
    advance = "advance"
    abort = "abort"


ActionArgument = Annotated[Action, typer.Argument(help="start, status, advance or abort.")]
PoolOption = Annotated[str, typer.Option(help="Which pool, where several have a candidate.")]
StepsOption = Annotated[str, typer.Option(help="Per cent of each step, ascending; for `start`.")]
WatchOption = Annotated[bool, typer.Option("--watch", help="Go on until the last step, or an end.")]
EveryOption = Annotated[int, typer.Option(min=1, help="Seconds between two looks of a watch.")]


def canary(
    environment: EnvironmentArgument,
    action: ActionArgument,
    pool: PoolOption = "",
    steps: StepsOption = "10,25,50,100",
    watch: WatchOption = False,
    every: EveryOption = 30,
    as_json: JsonOption = False,
) -> int:
    """Gives a pool's candidate more and more sessions, and takes them away on evidence."""
    wanted = read_steps(steps)
    if as_json and action != Action.status:
        raise typer.BadParameter("--json goes with `status`")
    if watch and action not in (Action.start, Action.advance):
        raise typer.BadParameter("--watch goes with `start` and `advance`")
    fleet = read_fleet(repository_root(), environment)
    try:
        if action == Action.status:
            return _status(fleet, pool, as_json=as_json)
        if action == Action.abort:
            return _abort(fleet, pool)
        if action == Action.start:
            code = _start(fleet, pool, wanted)
        else:
            code = ExitCode.DONE if watch else _advance(fleet, pool)
        return _watch(fleet, pool, code, every) if watch else code
    except Unreachable as lost:
        print(f"error: {lost}", file=sys.stderr)
        return ExitCode.HOST_UNREACHABLE


def read_steps(words: str) -> tuple[int, ...]:
    """`10,25,50,100` as numbers; raises typer.BadParameter for what is no such list."""
    if not re.fullmatch(r"[1-9][0-9]{0,2}(,[1-9][0-9]{0,2})*", words):
        raise typer.BadParameter(
            f"--steps {words}: per cent with commas between, such as 10,50,100"
        )
    steps = tuple(int(word) for word in words.split(","))
    if list(steps) != sorted(set(steps)) or steps[-1] > 100:
        raise typer.BadParameter(f"--steps {words}: ascending, and no more than 100")
    return steps


def _status(fleet: Fleet, pool: str, *, as_json: bool) -> int:
    trial = fleet.trial(pool)
    trial.require_all()
    share = trial.share
    found = judged(fleet, trial, share) if share and trial.agrees else []
    if as_json:
        print(json.dumps(document(trial, share, found, fleet.environment), indent=2))
    else:
        print_status(trial, share, found, fleet.environment)
    return ExitCode.VERIFICATION_FAILED if outcome(found) == "fails" else ExitCode.DONE


def _start(fleet: Fleet, pool: str, steps: tuple[int, ...]) -> int:
    trial = fleet.trial(pool)
    trial.require_all()
    if trial.without:
        found = f"{', '.join(trial.without)} serves no release with this candidate"
        raise _refused(pool, found, f"`homeport apply {fleet.environment}` first")
    if trial.share is not None or not trial.agrees:
        found = str(trial.share or "the gateways do not agree")
        advance, abort = (trial.command(fleet.environment, one) for one in ("advance", "abort"))
        raise _refused(pool, found, f"{advance} goes on, {abort} ends it")
    failing = [gate for gate in asked(fleet, trial) if gate.verdict != "passes"]
    if failing:
        raise _refused(pool, f"{failing[0].name}: {failing[0].words}", "mend the candidate first")
    code = set_share(fleet, trial, steps[0], steps)
    if not code:
        print(f"{steps[0]} % of `{trial.pool}` go to `{trial.words.candidate}` from now on")
    return code


def _advance(fleet: Fleet, pool: str) -> int:
    """One step, or none, or back to nothing: for that the gateways are enough that answer."""
    trial = fleet.trial(pool)
    share = trial.share
    if not trial.agrees:
        if share is not None:
            trial.require_all()
        code = set_share(fleet, trial, share.percent if share else 0, share.steps if share else ())
        if not code:
            print(f"every gateway has the same share again: {share or 'none'}")
        return code
    if share is None:
        raise _refused(pool, "no share is set", trial.command(fleet.environment, "start"))
    found = judged(fleet, trial, share)
    verdict = outcome(found)
    if verdict != "waits":
        print_gates(found)
    if verdict == "fails":
        why = "; ".join(f"{gate.name}: {gate.words}" for gate in found if gate.verdict == "fails")
        code = set_share(fleet, trial, 0, ())
        again = "" if code else ", and the stable arm has all again"
        print(f"error: ended by evidence{again}: {why}", file=sys.stderr)
        return code or ExitCode.ROLLED_BACK
    trial.require_all()
    if share.percent == share.steps[-1]:
        print(finished(trial, share, fleet.environment))
        return ExitCode.DONE
    if verdict == "waits":
        early = f"too early to go on from {share.percent} %: {lacking(found)}"
        raise TooEarly([Complaint("canary", trial.pool, early, "ask again later, or --watch")])
    code = set_share(fleet, trial, next_step(share), share.steps)
    if not code:
        print(f"{next_step(share)} % of `{trial.pool}` go to `{share.candidate}` from now on")
    return code


def _abort(fleet: Fleet, pool: str) -> int:
    trial = fleet.trial(pool)
    if trial.share is None and trial.agrees and not trial.lost:
        print(f"{fleet.environment}: nothing to do")
        return ExitCode.DONE
    code = set_share(fleet, trial, 0, ())
    if not code:
        print(f"`{trial.pool}` has all of its sessions again")
    return code


def _watch(fleet: Fleet, pool: str, code: int, every: int) -> int:
    """Step after step; each look stands for itself, so that whoever ends this loses nothing."""
    lost = 0
    while code == ExitCode.DONE:
        try:
            trial = fleet.trial(pool)
            share = trial.share
            if share is None or (trial.agrees and share.percent == share.steps[-1]):
                print(finished(trial, share, fleet.environment) if share else "somebody ended it")
                return code if share else ExitCode.REFUSED
            time.sleep(every)
            code = _advance(fleet, pool)
            lost = 0
        except TooEarly as early:
            print(early.complaints[0].found)
            lost = 0
        except Unreachable as unreachable:
            lost += 1
            if lost == LOST_LOOKS:
                raise
            print(f"warning: {unreachable}", file=sys.stderr)
    return code


def _refused(pool: str, found: str, hint: str) -> Refused:
    return Refused([Complaint("canary", pool, found, hint)])
