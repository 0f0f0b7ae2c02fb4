"""One pool and its candidate, as the commit says and as every gateway does."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from checks.canary.sample import Request, read_requests
from checks.committed import Committed
from checks.probes.canaries import Shares, ask_shares
from checks.probes.gateway_log import access_log
from checks.probes.host import Unreachable, ask_all
from deploys.questions.canaries import Share
from deploys.render.release_gateway import CanaryRelease, GatewayRelease
from deploys.settings.canary import Canary
from deploys.settings.refusal import Complaint, Refused
from deploys.settings.validation import near_miss


@dataclass(frozen=True)
class Trial:
    """What there is of it."""

    pool: str
    released: CanaryRelease
    gateways: tuple[Shares, ...]
    lost: tuple[Unreachable, ...] = ()
    """Gateways that gave no answer: the others can be judged, and a trial ended there."""
    is_only: bool = True
    """Whether no other pool has a candidate."""

    @property
    def words(self) -> Canary:
        """Its settings."""
        return self.released.words

    @property
    def share(self) -> Share | None:
        """What was set last, on any gateway; None when the candidate gets nothing."""
        written = (one.written.get(self.pool) for one in self.gateways)
        found = [one for one in written if one and one.candidate == self.words.candidate]
        last = max(found, key=lambda share: share.since, default=None)
        return last if last is not None and last.percent else None

    @property
    def agrees(self) -> bool:
        """Whether every gateway goes by that."""
        share = self.share
        if share is None:
            loaded = (one.loaded.get(self.pool, "0") for one in self.gateways)
            return all(one.partition("@")[0] == "0" for one in loaded)
        found = [one.share(self.pool) for one in self.gateways]
        return all(one is not None and one.is_like(share) for one in found)

    @property
    def without(self) -> list[str]:
        """Gateways whose nginx does not know this candidate."""
        return [one.host.name for one in self.gateways if self.pool not in one.loaded]

    def command(self, environment: str, action: str) -> str:
        """What does that to this trial, and to no other."""
        named = "" if self.is_only else f" --pool {self.pool}"
        return f"`homeport canary {environment} {action}{named}`"

    def require_all(self) -> None:
        """Raises Unreachable where a gateway gave no answer."""
        if self.lost:
            raise self.lost[0]

    def requests(self) -> Iterator[Request]:
        """Of this step, at every gateway since it was set there. Raises Unreachable."""
        for one in self.gateways:
            share = one.share(self.pool)
            if share is not None:
                # By the gateway's clock: what is asked in the meantime takes time, too.
                lines = access_log(one.host, one.project, str(share.since), with_errors=True)
                yield from read_requests(lines, self.pool)


def gateways_of(committed: Iterable[Committed]) -> dict[str, tuple[Committed, GatewayRelease]]:
    """Host -> its commit, for each gateway."""
    return {
        one.host.name: (one, one.release.gateway)
        for one in committed
        if one.release.gateway is not None
    }


def read_trial(committed: Sequence[Committed], root: Path, pool: str) -> Trial:
    """The trial of a pool; of the only one where `pool` is empty. Raises Refused."""
    gateways = gateways_of(committed)
    known = {
        name: one for _, gateway in gateways.values() for name, one in gateway.canaries.items()
    }
    chosen = pool or (next(iter(known)) if len(known) == 1 else "")
    if chosen not in known:
        raise _unknown(chosen, known, {one.pool for host in committed for one in host.replicas})
    by_host = {one.host.name: one for one, _ in gateways.values()}
    hosts = [one.host for one in by_host.values()]
    asked = ask_all(hosts, lambda host: ask_shares(by_host[host.name], root)).values()
    there = tuple(one for one in asked if isinstance(one, Shares))
    lost = tuple(one for one in asked if isinstance(one, Unreachable))
    return Trial(chosen, known[chosen], there, lost, is_only=len(known) == 1)


def _unknown(pool: str, known: Iterable[str], pools: Iterable[str]) -> Refused:
    names = sorted(known)
    if not names:
        hint = 'say `"canary": {"candidate": …}` of a pool; render; apply'
        return Refused([Complaint("--pool", "", "no pool has a candidate", hint)])
    if not pool:
        found = f"{len(names)} pools have a candidate"
        return Refused([Complaint("--pool", "", found, f"one of {', '.join(names)}")])
    found = f"pool `{pool}` has no candidate" if pool in pools else f"there is no pool `{pool}`"
    return Refused([Complaint("--pool", "", found, near_miss(pool, names))])
