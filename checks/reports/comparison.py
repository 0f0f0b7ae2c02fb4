"""Two reports of one environment: what has changed for the worse, what for the better, and what
cannot be compared because only one of them has it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from checks.reports.words import Benchmark, Check, Load, Part, Report
from deploys.settings.refusal import Complaint, Refused


class Figure(Part):
    """One number of both; None where one of them has none."""

    of: str
    """A benchmark's load; empty: the run's own."""
    name: str
    old: float | None
    new: float | None


class Side(Part):
    """Which report it is."""

    fleet: str
    time: str
    exit_code: int


class HostChange(Part):
    """A host that has another release, or is in one of them alone (then the other is empty)."""

    host: str
    old: str
    new: str


class Comparison(Part):
    """Every check is in one list at most; what is green now and was not red is in none."""

    environment: str
    old: Side
    new: Side
    became_red: list[Check]
    """Was green, or not judged."""
    new_red: list[Check]
    """Red, and the older report does not have it."""
    still_red: list[Check]
    became_green: list[Check]
    no_longer_judged: list[Check]
    """Skipped now; nobody knows whether what was red is well again."""
    new_checks: list[Check]
    """That are not red."""
    gone: list[Check]
    """As the older report had them."""
    hosts: list[HostChange]
    figures: list[Figure]
    remarks: list[str]

    @property
    def is_worse(self) -> bool:
        """Whether anything is red that was not."""
        return bool(self.became_red or self.new_red)

    @property
    def verdict(self) -> str:
        """In one sentence."""
        red = len(self.became_red) + len(self.new_red)
        return f"{red} became red, {len(self.became_green)} green, {len(self.still_red)} still red"

    @property
    def lists(self) -> dict[str, list[Check]]:
        """All of them that hold something, by what people call them; what is worst first."""
        named = {title: getattr(self, name) for name, title in LISTS.items()}
        return {title: checks for title, checks in named.items() if checks}


LISTS = {
    "became_red": "became red",
    "new_red": "new, and red",
    "still_red": "still red",
    "became_green": "became green",
    "no_longer_judged": "no longer judged",
    "new_checks": "new",
    "gone": "gone",
}


def number(value: float | None) -> str:
    """A figure for people."""
    return "-" if value is None else f"{value:,.1f}".removesuffix(".0")


def change(one: Figure) -> str:
    """Of a figure, in per cent; nothing where there is none."""
    if one.old is None or one.new is None or one.old == one.new:
        return ""
    return f"{one.new / one.old - 1:+.0%}" if one.old else f"{one.new - one.old:+g}"


@dataclass(frozen=True)
class _Pair:
    """One check in both."""

    old: Check
    new: Check


def compare(old: Report, new: Report) -> Comparison:
    """Raises Refused for reports of different environments."""
    if old.environment != new.environment:
        found = f"one is of `{old.environment}`, the other of `{new.environment}`"
        raise Refused([Complaint("OLD, NEW", "environment", found, "two of one environment")])
    before, after = _by_name(old), _by_name(new)
    both = [_Pair(before[name], one) for name, one in after.items() if name in before]
    added = [one for name, one in after.items() if name not in before]
    return Comparison(
        environment=new.environment,
        old=_side(old),
        new=_side(new),
        became_red=[one.new for one in both if one.new.is_red and not one.old.is_red],
        new_red=[one for one in added if one.is_red],
        still_red=[one.new for one in both if one.new.is_red and one.old.is_red],
        became_green=[one.new for one in both if one.new.result == "passed" and one.old.is_red],
        no_longer_judged=[one.new for one in both if one.new.result == "skipped" != one.old.result],
        new_checks=[one for one in added if not one.is_red],
        gone=[one for name, one in before.items() if name not in after],
        hosts=list(_hosts(old, new)),
        figures=[*_counts(old, new), *_benchmarks(old.benchmarks, new.benchmarks)],
        remarks=list(_remarks(old, new)),
    )


def _by_name(report: Report) -> Mapping[tuple[str, str, str], Check]:
    return {(one.group, one.check, one.subject): one for one in report.checks}


def _side(report: Report) -> Side:
    return Side(fleet=report.fleet, time=report.time, exit_code=report.exit_code)


def _hosts(old: Report, new: Report) -> Iterator[HostChange]:
    before, after = ({one.name: one.release for one in side.hosts} for side in (old, new))
    for host in sorted({*before, *after}):
        releases = before.get(host, ""), after.get(host, "")
        if releases[0] != releases[1]:
            yield HostChange(host=host, old=releases[0], new=releases[1])


def _counts(old: Report, new: Report) -> Iterator[Figure]:
    for name, count in old.counts.model_dump().items():
        yield Figure(of="", name=f"checks {name}", old=count, new=getattr(new.counts, name))
    yield Figure(of="", name="seconds", old=old.seconds, new=new.seconds)
    yield Figure(of="", name="hosts", old=len(old.hosts), new=len(new.hosts))
    gpus = [sum(len(host.gpus) for host in side.hosts) for side in (old, new)]
    yield Figure(of="", name="gpus", old=gpus[0], new=gpus[1])


def _benchmarks(old: Sequence[Benchmark], new: Sequence[Benchmark]) -> Iterator[Figure]:
    """Of loads that one of them has; other lengths of prompts and answers are another load."""
    before, after = _loads(old), _loads(new)
    for load in dict.fromkeys([*before, *after]):
        for word, name in _FIGURES.items():
            values = [getattr(side.get(load), word, None) for side in (before, after)]
            if values != [None, None]:
                yield Figure(of=load, name=name, old=values[0], new=values[1])


def _loads(found: Sequence[Benchmark]) -> dict[str, Load]:
    return {
        f"{one.model} ({one.workload}), {load.load}": load for one in found for load in one.loads
    }


_FIGURES = {
    "first_token_p50_ms": "first token p50, ms",
    "first_token_p95_ms": "first token p95, ms",
    "token_p50_ms": "token p50, ms",
    "total_p95_ms": "total p95, ms",
    "tokens_per_second": "tokens/s",
    "good_per_second": "good/s",
    "in_time_percent": "in time, %",
}


def _remarks(old: Report, new: Report) -> Iterator[str]:
    if old.time > new.time:
        yield "the first report is the newer one: what became red was green afterwards"
    if old.disruptive != new.disruptive:
        yield "only one of them ran with --disruptive: its checks of that kind are new or gone"
    if old.fleet == new.fleet:
        yield "both are of one release: what differs is the hosts' doing, not the commit's"
