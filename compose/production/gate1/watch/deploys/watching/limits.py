"""How patient the watch is, as the settings say it."""

from __future__ import annotations

from dataclasses import dataclass

HOUR_SECONDS = 3600.0
# A run that was held up is no reason to take what it did not see for silence.
GAP_LOOKS = 4
# A look at engines that hang: the wait for an answer, and what Docker takes on a busy host.
LOOK_LASTS_SECONDS = 10.0


@dataclass(frozen=True)
class Limits:
    """See deploys/settings/watch.py, which says what each one is for."""

    look_seconds: float
    silent_seconds: float
    stuck_seconds: float
    start_seconds: float
    restarts_per_hour: int

    @property
    def gap_seconds(self) -> float:
        """After so long without a look, or a word, nothing is known any more."""
        return (self.look_seconds + LOOK_LASTS_SECONDS) * GAP_LOOKS


def of_the_last_hour(times: list[float], now: float) -> list[float]:
    """Those of the moments that lie within an hour; a clock that was set back forgets the rest."""
    return [moment for moment in times if 0 <= now - moment < HOUR_SECONDS]
