"""The planner against llama.cpp's own reserve: `python -m tests.plan.oracle [--seed N]`.

Exit code 1 when a target is missed or an accepted plan does not fit.
"""

import argparse
import json
import secrets
import sys
from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console

from tests.lab.machine import ROOT
from tests.plan.accuracy.comparison import Comparison
from tests.plan.accuracy.report import report
from tests.plan.oracle import recording
from tests.plan.oracle.comparison import TARGETS, Plan, plans, rows
from tests.plan.oracle.engine import Answer, ask, versions
from tests.plan.oracle.fleet_comparison import answers_to, overfull, plans_of
from tests.plan.oracle.placed import placed, questions_of
from tests.plan.oracle.questions import questions
from tests.plan.oracle.taken_in import taken_in

REPORTS = ROOT / ".homeport" / "oracle"


def main() -> int:
    """Asks, prints the tables, keeps the numbers."""
    words = _words()
    print(f"seed {words.seed}; {versions()}")
    console = Console(width=120)
    bad, kept = _drawn(console, words)
    more_bad, more_kept = _placed(console, words)
    path = REPORTS / f"{words.seed}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(row) for row in kept + more_kept], indent=1))
    print(f"every number: {path.relative_to(ROOT)}")
    return 1 if bad or more_bad else 0


def _words() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.plan.oracle")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--cases", type=int, default=312)
    parser.add_argument("--record", action="store_true", help="keep the answers for fast tests")
    return parser.parse_args()


def _drawn(console: Console, words: argparse.Namespace) -> tuple[int, list[Comparison]]:
    """Configurations that are drawn; how much is wrong, and every number."""
    asked = questions(words.seed, words.cases)
    answers = ask(asked)
    if words.record:
        recording.write(recording.DRAWN, words.seed, words.cases, answers, versions())
    found = plans(asked, answers)
    bad = _judged(console, "every tensor of the header", found, answers)
    bad += _judged(console, "what a catalogue keeps", plans(asked, answers, taken_in), answers)
    return bad, rows(found)


def _placed(console: Console, words: argparse.Namespace) -> tuple[int, list[Comparison]]:
    """The same of what the planner places; a third as many fleets as cases."""
    fleets = max(1, words.cases // 3)
    replicas, free = placed(words.seed, fleets)
    answers = ask(questions_of(replicas))
    if words.record:
        recording.write(recording.PLACED, words.seed, fleets, answers, versions())
    by_question = answers_to(replicas, answers)
    found = plans_of(replicas, by_question)
    bad = _judged(console, "placed", found, answers)
    full = overfull(replicas, free, by_question)
    console.print(f"{len(replicas)} replicas on {len(free)} GPUs; too full: {full or 'none'}")
    return bad + len(full), rows(found)


def _judged(console: Console, facts: str, found: Sequence[Plan], answers: Sequence[Answer]) -> int:
    """Prints one table; how much of it is not as it should be."""
    console.print(f"\n{facts}")
    return report(console, rows(found), TARGETS) + _print_verdicts(console, answers, found)


def _print_verdicts(console: Console, answers: Sequence[Answer], found: Sequence[Plan]) -> int:
    """Prints how verdicts compare; the number of plans that are wrongly accepted."""
    unanswered = [answer for answer in answers if isinstance(answer, str)]
    accepted = [plan for plan in found if plan.accepted]
    wrong = sum(not plan.fits for plan in accepted)
    short = sum(plan.short_of_smallest for plan in found)
    refused = [plan for plan in found if not plan.accepted]
    lost = sum(plan.fits for plan in refused)
    share = lost / max(1, len(found))
    for line in (
        f"{len(answers)} plans asked, {len(unanswered)} not answered {sorted(set(unanswered))}",
        f"{len(accepted)} accepted, of which llama.cpp rejects {wrong}",
        f"{short} do not fit the smallest GPUs that the planner accepts for them",
        f"{len(refused)} refused, of which {lost} would fit ({share:.1%} of all)",
    ):
        console.print(line, highlight=False)
    return wrong + short


if __name__ == "__main__":
    sys.exit(main())
