"""A candidate that is tried gets the share of sessions that was set, and no other."""

from collections.abc import Callable, Mapping

from checks.asking import CHAT, Model
from checks.canary.drawn import draws
from checks.canary.evidence import chance_of_share, fewest_trials
from checks.fleet import Fleet
from checks.probes.gateway import Gateway
from checks.results import NOTE
from checks.verdict import require
from deploys.questions.canaries import Share
from deploys.render.release_gateway import GatewayRelease
from deploys.settings.canary import CLOUD

# Of runs that meet right shares alone, one in so many fails.
RUNS = 10_000
# Enough to find that nobody gets to a candidate with 4 %, 194 for 5 %; a token each.
SESSIONS = 250
REMEDY = (
    "`homeport canary ENV status` shows what is written and what nginx goes by; "
    "`homeport canary ENV start` sets it anew at every gateway"
)


def check_a_candidate_gets_the_share_that_was_set(
    gateway: Gateway,
    fleet: Fleet,
    shares: Mapping[str, Share],
    record_property: Callable[[str, object], None],
) -> None:
    """By sessions of its own, each of which is drawn once: the exact binomial test.

    The log has requests, and those of a session follow its one draw: counted as if each were drawn,
    a busy session would be taken for a wrong share.
    """
    released = fleet.committed[gateway.host].release.gateway
    level = 1 / RUNS / max(1, sum(len(_running(fleet, name)) for name in fleet.committed))
    for pool, share in shares.items():
        why = _not_judged(released, share, level)
        found = [] if why else _asked(gateway, released, share)
        if not why and len(found) < fewest_trials(share.percent / 100, level):
            why = f"{len(found)} of {SESSIONS} answers say that they are of `{pool}`: too few"
        if why:
            record_property(NOTE, f"{share}: not judged: {why}")
            continue
        chance = chance_of_share(sum(found), len(found), share.percent / 100)
        require(
            chance > level,
            f"{share}, and of {len(found)} new sessions {sum(found)} were drawn for it "
            f"({sum(found) / len(found):.0%}): chance does that in {chance:.1g} of all cases",
            REMEDY,
        )


def _running(fleet: Fleet, host: str) -> Mapping[str, Share]:
    return {} if fleet.committed[host].release.gateway is None else fleet.live(host).canaries


def _not_judged(released: GatewayRelease | None, share: Share, level: float) -> str:
    """Why nothing is asked; empty where it is."""
    trial = released.canaries.get(share.pool) if released is not None else None
    if trial is None or trial.words.candidate != share.candidate:
        return "the commit has no such candidate (homeport canary ENV abort ends it)"
    if share.candidate == CLOUD:
        return "each request would be paid for"
    if not trial.session_header:
        return "no header names sessions, and each client is drawn as a whole"
    needed = fewest_trials(share.percent / 100, level)
    return f"that takes {needed} sessions, and {SESSIONS} are asked" if needed > SESSIONS else ""


def _asked(gateway: Gateway, released: GatewayRelease | None, share: Share) -> list[bool]:
    if released is None:
        return []
    trial = released.canaries[share.pool]
    model = Model(trial.model, released.paths.get(trial.model, CHAT))
    return draws(gateway, model, share.pool, trial.session_header, SESSIONS)
