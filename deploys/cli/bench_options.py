"""The words of `homeport bench`, and what they mean."""

import re
from typing import Annotated

import typer

from checks.benchmarks.load.lengths import KINDS, Lengths, read_lengths
from checks.benchmarks.load.loops import MOST_AT_ONCE
from checks.benchmarks.load.point import Load
from checks.benchmarks.load.schedule import SHAPES
from checks.benchmarks.second_opinions.known import ADAPTERS

ModelOption = Annotated[str, typer.Option(help="Public model name; the first one if left out.")]
ConcurrencyOption = Annotated[
    str,
    typer.Option(metavar="N,N,…", help="Closed loop: as many users, one step after the other."),
]
RateOption = Annotated[
    str,
    typer.Option(
        metavar="N,N,…",
        help="Open loop: requests per second, or N/h for one hour, whether answered or not.",
    ),
]
ProfileOption = Annotated[
    str, typer.Option(help=f"Of an open loop over time: {' or '.join(SHAPES)}.")
]
# In place of what would be looked for.
NOTHING = "none"
# A day: of a run that is longer nothing is known before it ends.
MOST_SECONDS = 86_400
SecondsOption = Annotated[
    float, typer.Option(min=0.1, max=MOST_SECONDS, help="Of each run, after the warm-up.")
]
WarmUpOption = Annotated[
    float,
    typer.Option(
        "--warm-up", min=0, max=MOST_SECONDS, help="Seconds at first that are not judged."
    ),
]
RunsOption = Annotated[int, typer.Option(min=1, max=100, help="How often each load is measured.")]
PromptOption = Annotated[str, typer.Option("--prompt-tokens", help=f"{KINDS}.")]
CompletionOption = Annotated[str, typer.Option("--completion-tokens", help=f"{KINDS}.")]
SharedOption = Annotated[
    int, typer.Option("--shared-tokens", min=0, help="Of each prompt, the same at its beginning.")
]
FirstTokenOption = Annotated[
    int, typer.Option("--first-token-ms", min=1, help="Objective: until the first token.")
]
TokenOption = Annotated[
    int, typer.Option("--token-ms", min=1, help="Objective: for each further token, on average.")
]
TotalOption = Annotated[
    int, typer.Option("--total-ms", min=0, help="Objective: the whole answer; 0 for none.")
]
TimeoutOption = Annotated[
    int,
    typer.Option(
        "--timeout", min=1, max=MOST_SECONDS, help="Seconds after which an answer is given up."
    ),
]
SeedOption = Annotated[int, typer.Option(min=0, help="Of lengths, words and arrivals.")]
IdleOption = Annotated[
    float,
    typer.Option(
        "--idle-seconds",
        min=0,
        max=MOST_SECONDS,
        help="Before the first load, to read what idle GPUs take; 0 reads no GPU's energy.",
    ),
]
AgainstOption = Annotated[
    str,
    typer.Option(
        metavar="RELEASE",
        help="What to compare with; the last other release if left out, `none` for nothing.",
    ),
]
BesideOption = Annotated[
    str,
    typer.Option(
        metavar="PROGRAM",
        help=f"Has {' or '.join(ADAPTERS)} ask the same of closed loops, as a second opinion.",
    ),
]
# Users of the closed loops where no load is asked for.
SWEEP = (1, 2, 4, 8, 16)
NUMBER = r"\d{1,6}(?:\.\d{1,3})?"


def loads(concurrency: str, rate: str, profile: str) -> tuple[Load, ...]:
    """All that is to be measured, a sweep where nothing is asked for; raises BadParameter."""
    if profile not in SHAPES:
        raise typer.BadParameter(f"--profile {profile}: {' or '.join(SHAPES)}")
    if profile != "steady" and not rate:
        raise typer.BadParameter(f"--profile {profile}: goes with --rate, its highest")
    closed = [_users(word) for word in concurrency.split(",")] if concurrency else []
    rates = [_per_second(word) for word in rate.split(",")] if rate else []
    found = [Load("closed", users=users) for users in closed]
    found += [Load("open", per_second=one, profile=profile) for one in rates]
    return tuple(dict.fromkeys(found or [Load("closed", users=users) for users in SWEEP]))


def _users(word: str) -> int:
    if not re.fullmatch(r"[1-9]\d{0,3}", word) or int(word) > MOST_AT_ONCE:
        found = f"--concurrency {word}: numbers up to {MOST_AT_ONCE}, such as 1,4,16"
        raise typer.BadParameter(found)
    return int(word)


def _per_second(word: str) -> float:
    match = re.fullmatch(rf"({NUMBER})(/h)?", word)
    value = float(match[1]) / (3600 if match[2] else 1) if match else 0
    if not 0.001 <= value <= 10_000:
        found = f"--rate {word}: requests per second, such as 5 or 0.5, or 50000/h"
        raise typer.BadParameter(found)
    return round(value, 3)


def lengths(option: str, words: str) -> Lengths:
    """A distribution; raises typer.BadParameter."""
    try:
        return read_lengths(words)
    except ValueError as error:
        raise typer.BadParameter(f"{option} {error}") from None
