"""One line of CSV for each request: what is kept of it, and what a later release is held against.

README.md above says what the columns are.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields

from checks.benchmarks.client.sample import Outcome, Sample
from checks.benchmarks.load.point import Point, Run

# Microseconds: shorter than what a network adds.
DIGITS = 6


@dataclass(frozen=True)
class Row:
    """One request; times in seconds, None where it was not answered."""

    load: str
    run: int
    """From 0."""
    wanted_seconds: float
    """After the end of the warm-up."""
    outcome: str
    status: int
    first_token_seconds: float | None
    token_seconds: float | None
    longest_gap_seconds: float | None
    total_seconds: float | None
    prompt_tokens: int
    tokens: int
    events: int
    send_late_seconds: float
    read_late_seconds: float
    replica: str
    provider: str

    @property
    def failed(self) -> bool:
        """Whether it is no answer."""
        return self.outcome != Outcome.answered


def rows(points: Sequence[Point]) -> Iterator[Row]:
    """Every request that is judged."""
    for point in points:
        for number, run in enumerate(point.runs):
            yield from (_row(point.load.name, number, run, one) for one in run.judged)


def _row(load: str, number: int, run: Run, sample: Sample) -> Row:
    is_answered, gaps = sample.is_answered, sample.gaps_seconds
    return Row(
        load=load,
        run=number,
        wanted_seconds=round(sample.wanted - run.begin, DIGITS),
        outcome=sample.outcome.value,
        status=sample.status,
        first_token_seconds=_rounded(sample.first_token_seconds) if is_answered else None,
        token_seconds=_rounded(sample.token_seconds) if is_answered else None,
        longest_gap_seconds=_rounded(max(gaps)) if is_answered and gaps else None,
        total_seconds=_rounded(sample.total_seconds) if is_answered else None,
        prompt_tokens=sample.prompt_tokens,
        tokens=sample.tokens,
        events=len(sample.arrivals),
        send_late_seconds=round(max(0.0, sample.sent - sample.wanted), DIGITS),
        read_late_seconds=round(sample.latest_read_seconds, DIGITS),
        replica=sample.replica,
        provider=sample.provider,
    )


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, DIGITS)


def to_csv(found: Sequence[Row]) -> str:
    """With a line of headings."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(Row)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(one) for one in found)
    return text.getvalue()


def from_csv(text: str) -> list[Row]:
    """Raises ValueError for what `to_csv` has not written."""
    reader = csv.DictReader(io.StringIO(text))
    if reader.fieldnames != [field.name for field in fields(Row)]:
        raise ValueError("other columns")
    return [_read(line) for line in reader]


def _read(line: dict[str, str]) -> Row:
    if None in line or None in line.values():
        raise ValueError("a line with another number of columns")
    values: dict[str, object] = {}
    for field in fields(Row):
        text = line[field.name]
        if field.type == float | None:
            values[field.name] = float(text) if text else None
        else:
            values[field.name] = text if field.type is str else field.type(text)  # type: ignore[operator]
    return Row(**values)  # type: ignore[arg-type]
