"""Which fleet a rollback goes to: the one before, or the one that somebody names."""

from collections.abc import Mapping

from deploys.history.kept import Kept
from deploys.settings.refusal import Complaint, Refused
from deploys.settings.validation import near_miss

_BACK = "rollback/"


def fleet_before(environment: str, hosts: Mapping[str, Kept]) -> str:
    """The fleet before the one that the hosts are in; raises Refused.

    After an apply that did not come to its end, hosts may be on the way from one to the other: that
    is the one that they are in. After such a rollback it is the one that it went to.

    Hosts that an apply left out (`--limit`) are in an older fleet; they must be in the one that
    the others go back to, or have been.
    """
    going = {kept.unfinished for kept in hosts.values() if kept.unfinished.startswith(_BACK)}
    if len(going) == 1:
        target = going.pop().removeprefix(_BACK)
        _refuse_missing(environment, target, hosts)
        return target
    newest = _newest(environment, hosts)
    if any(kept.unfinished for kept in hosts.values()):
        _refuse_missing(environment, newest, hosts)
        return newest
    targets = {kept.before(newest) for kept in hosts.values() if kept.fleet == newest}
    if targets == {""}:
        found = "no host keeps an earlier release"
        hint = "check the earlier commit out, render, and `homeport apply` it"
        raise Refused([Complaint(environment, "", found, hint)])
    if len(targets) > 1:
        raise _ambiguous(environment, hosts, "the hosts came from different releases")
    (target,) = targets
    _refuse_missing(environment, target, hosts)
    return target


def fleet_named(environment: str, word: str, hosts: Mapping[str, Kept]) -> str:
    """The fleet that `word` names, itself or by one host's release; raises Refused."""
    fleets = [one.fleet for kept in hosts.values() for one in kept.applied]
    of_release = [
        one.fleet for kept in hosts.values() for one in kept.applied if one.release == word
    ]
    found = [word] if word in fleets else of_release
    if not found:
        known = {one.release for kept in hosts.values() for one in kept.applied}
        hint = near_miss(word, known) + "; `homeport releases` lists them"
        what = f"no host keeps a release `{word}`"
        raise Refused([Complaint(environment, "", what, hint)])
    _refuse_missing(environment, found[0], hosts)
    return found[0]


def _newest(environment: str, hosts: Mapping[str, Kept]) -> str:
    """The fleet, among those that hosts are in, after which none of the others came."""
    current = sorted({kept.fleet for kept in hosts.values() if kept.fleet})
    last = [one for one in current if not any(_is_later(o, one, hosts) for o in current)]
    if not current:
        found = "nothing has been applied to these hosts"
        raise Refused([Complaint(environment, "", found, f"homeport apply {environment}")])
    if len(last) > 1:
        raise _ambiguous(environment, hosts, "the hosts run releases of different applies")
    return last[0]


def _is_later(one: str, other: str, hosts: Mapping[str, Kept]) -> bool:
    orders = [[applied.fleet for applied in kept.applied] for kept in hosts.values()]
    return any(
        one in order and other in order and order.index(one) < order.index(other)
        for order in orders
    )


def _refuse_missing(environment: str, fleet: str, hosts: Mapping[str, Kept]) -> None:
    complaints = [
        Complaint(
            f"{environment}: {name}",
            "",
            f"keeps no release of {fleet}, to which the others would go",
            f"`homeport releases {environment}` shows what it keeps; --limit leaves it out",
        )
        for name, kept in sorted(hosts.items())
        if not kept.release_in(fleet)
    ]
    if complaints:
        raise Refused(complaints)


def _ambiguous(environment: str, hosts: Mapping[str, Kept], found: str) -> Refused:
    runs = ", ".join(f"{name} {kept.current or 'none'}" for name, kept in sorted(hosts.items()))
    hint = f"name the release to go to, or one host with --limit; they run: {runs}"
    return Refused([Complaint(environment, "", found, hint)])
