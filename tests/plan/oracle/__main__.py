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
from tests.plan.accuracy.report import report
from tests.plan.oracle import recording
from tests.plan.oracle.comparison import TARGETS, Plan, plans, rows
from tests.plan.oracle.engine import Answer, ask, versions
from tests.plan.oracle.questions import Question, questions

REPORTS = ROOT / ".homeport" / "oracle"


def main() -> int:
    """Asks, prints the table, keeps the numbers."""
    words = _words()
    asked = questions(words.seed, words.cases)
    print(f"seed {words.seed}, {words.cases} cases; {versions()}")
    answers = ask(asked)
    if words.record:
        recording.write(words.seed, asked, answers, versions())
    found = plans(asked, answers)
    console = Console(width=120)
    missed = report(console, rows(found), TARGETS)
    wrong = _print_verdicts(console, asked, answers, found)
    path = REPORTS / f"{words.seed}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(row) for row in rows(found)], indent=1))
    print(f"every number: {path.relative_to(ROOT)}")
    return 1 if missed or wrong else 0


def _words() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.plan.oracle")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--cases", type=int, default=312)
    parser.add_argument("--record", action="store_true", help="keep the answers for fast tests")
    return parser.parse_args()


def _print_verdicts(
    console: Console, asked: Sequence[Question], answers: Sequence[Answer], found: Sequence[Plan]
) -> int:
    """Prints how verdicts compare; the number of plans that are wrongly accepted."""
    unanswered = [answer for answer in answers if isinstance(answer, str)]
    accepted = [plan for plan in found if plan.accepted]
    wrong = sum(not plan.fits for plan in accepted)
    short = sum(plan.short_of_smallest for plan in found)
    refused = [plan for plan in found if not plan.accepted]
    lost = sum(plan.fits for plan in refused)
    share = lost / max(1, len(found))
    for line in (
        f"{len(asked)} plans asked, {len(unanswered)} not answered {sorted(set(unanswered))}",
        f"{len(accepted)} accepted, of which llama.cpp rejects {wrong}",
        f"{short} do not fit the smallest GPUs that the planner accepts for them",
        f"{len(refused)} refused, of which {lost} would fit ({share:.1%} of all)",
    ):
        console.print(line, highlight=False)
    return wrong + short


if __name__ == "__main__":
    sys.exit(main())
