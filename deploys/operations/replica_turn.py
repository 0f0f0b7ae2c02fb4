"""A replica whose turn it is: drained and restored at every gateway, and what that cuts."""

from collections.abc import Sequence
from dataclasses import dataclass

from deploys.history.words import (
    DRAINED_BY_OPERATOR,
    DRAINED_BY_RUN,
    DRAINED_BY_WATCH,
    ROLLOUT,
    SERVES,
)
from deploys.operations.gateways import Gateway, names
from deploys.operations.other_host import CommandFailed
from deploys.operations.replacing import Container, Service
from deploys.operations.streams import (
    Moment,
    cut_answers,
    running,
    wait_for_old_workers,
    wait_until_idle,
)
from deploys.settings.words import stands_in_for


class Stopped(Exception):
    """A step failed; the words say why, what serves now, and what to look at."""


class NothingServes(Stopped):
    """The same, and the replica does not serve."""


@dataclass(frozen=True)
class Replica:
    """One replica whose turn it is, and the gateways that are up."""

    service: Service
    gateways: Sequence[Gateway]

    @property
    def out(self) -> str:
        """The change of a mark that takes it out of the gateways' pools."""
        name = self.service.name
        return f"-{name}.{SERVES}" if stands_in_for(name) else f"+{name}.{DRAINED_BY_RUN}"

    @property
    def back(self) -> str:
        """The change that lets requests in."""
        return f"{'-' if self.out.startswith('+') else '+'}{self.out[1:]}"

    def is_marked(self, kind: str) -> bool:
        """Whether a gateway has a mark of this kind for it."""
        return any(self.service.name in names(list(one.marks()), kind) for one in self.gateways)

    def tell(self, words: str) -> None:
        """A line of progress that the command knows again."""
        self.service.host.log(f"{ROLLOUT} {self.service}: {words}")

    def drain(self, container: Container, limit_seconds: int) -> int:
        """Drains it and waits; how many answers it still gives at the limit."""
        if not limit_seconds or not self.gateways:
            left = self._running(container) if self.gateways else 0
            if left:
                self.tell(f"not drained (drain_seconds is 0) with {left} connections of gateways")
            return left
        wait_for_old_workers(self.gateways, limit_seconds)
        for gateway in self.gateways:
            gateway.change(self.out)
        # Not before: with what a gateway keeps for its next request there would be more.
        given = self._running(container)
        where = ", ".join(str(gateway.host.name) for gateway in self.gateways)
        self.tell(f"drained at {where} while it gives {given} answers")
        left = wait_until_idle(
            self.service.host, container.id, self.gateways, limit_seconds, container.listens
        )
        if left:
            self.tell(f"{left} answers outlive the limit of {limit_seconds} s and are cut")
        return left

    def _running(self, container: Container) -> int:
        return running(self.service.host, container.id, container.listens)

    def restore(self) -> None:
        """Lets the gateways send requests to it again, unless a person has drained it."""
        kept = False
        for gateway in self.gateways:
            kept = kept or self.service.name in names(list(gateway.marks()), DRAINED_BY_OPERATOR)
            # It has just been proved: what the watch found was the container before.
            gateway.change(self.back, f"-{self.service.name}.{DRAINED_BY_WATCH}")
        if kept:
            self.tell("stays drained, as an operator wanted it: `homeport undrain` restores it")

    def moments(self) -> list[Moment]:
        """This moment by each gateway's own clock, as `tell_cut` needs it."""
        try:
            return [(one, one.clock()) for one in self.gateways]
        except CommandFailed as failure:
            self.tell(f"which answers are cut cannot be asked: {failure}")
            return []

    def tell_cut(self, container: Container, since: Sequence[Moment]) -> None:
        """Names the answers that were cut since a moment of each gateway's clock."""
        try:
            found = cut_answers(since, container.addresses)
        except CommandFailed as failure:
            # It says nothing about the new container, which must not go back for it.
            self.tell(f"which answers were cut cannot be asked: {failure}")
            return
        if found:
            self.tell(f"cut {len(found)} answers: " + ", ".join(map(str, found)))
