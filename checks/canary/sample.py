"""What a gateway's log says about the two arms of a trial."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from checks.traffic.entry import Entry, read_entry
from deploys.questions.nginx import BROKEN_OFF

# Somebody else answered, because the arm did not.
_INSTEAD = ("candidate_failed", "unavailable", "broken_off", "timed_out")


@dataclass(frozen=True)
class Request:
    """One request, under the arm that was drawn for it."""

    time: str
    """When it ended, by the gateway's clock, as ISO 8601."""
    is_candidate: bool
    failed: bool
    first_byte_seconds: float | None
    total_seconds: float


def read_requests(lines: Iterable[str], pool: str) -> Iterator[Request]:
    """Those of a pool that were drawn for one of its arms; testers choose and are left out.

    `lines` are both logs of a gateway: an answer that its engine broke off is like any other in the
    access log, and a line before that in the error log tells them apart.
    """
    broken = set()
    for line in lines:
        if (match := re.search(BROKEN_OFF, line)) is not None:
            broken.add(match[1])
            continue
        entry = read_entry(line)
        if entry is None:
            continue
        cut = entry.connection in broken
        broken.discard(entry.connection)
        if entry.pool == pool and entry.drawn:
            yield _request(entry, cut=cut)


def _request(entry: Entry, *, cut: bool) -> Request:
    """Refusals count as well: the other arm may take what this one refuses."""
    return Request(
        time=entry.time,
        is_candidate=entry.drawn == "candidate",
        failed=cut or entry.status >= 400 or entry.reason in _INSTEAD,
        first_byte_seconds=entry.first_byte_seconds,
        total_seconds=entry.total_seconds,
    )
