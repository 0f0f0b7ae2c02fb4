"""The links of a host that say which release, and which fleet, it is in."""

from collections.abc import Mapping

from pyinfra import host
from pyinfra.api import QuoteString, StringCommand

from deploys.facts.once import once
from deploys.facts.release import LinkTargets
from deploys.operations.manifest import RunRelease

# A link to nowhere that says what the host is on the way to.
UNFINISHED = "unfinished"


def linked(directory: str, link: str, target: str) -> StringCommand:
    """The command that has a link point to a target, in one step."""
    new = QuoteString(f"{directory}/{link}.new")
    return StringCommand(
        "ln -sfn", QuoteString(target), new, "&& mv -T", new, QuoteString(f"{directory}/{link}")
    )


def stale_links(directory: str, run: RunRelease) -> dict[str, str]:
    """Links that are missing or point elsewhere -> their target; `unfinished` where it is left."""
    links = links_of(run)
    live = live_links(directory, run)
    stale = {link: target for link, target in links.items() if live.get(link) != target}
    return stale | ({UNFINISHED: ""} if UNFINISHED in live else {})


def live_links(directory: str, run: RunRelease) -> Mapping[str, str]:
    """Where the links of the host point; those that are there."""
    return once(host, LinkTargets, directory=directory, links=asked_links(run))


def asked_links(run: RunRelease) -> tuple[str, ...]:
    """The links that a host is asked for before it is switched."""
    return (*links_of(run), UNFINISHED)


def way(run: RunRelease) -> str:
    """What the host is on the way to: apply/FLEET or rollback/FLEET."""
    return f"{'rollback' if run.goes_back else 'apply'}/{run.fleet}"


def made_newest(directory: str, fleet: str) -> StringCommand:
    """Gives the fleet's link a time after all others: a clock may have been set back since."""
    link = QuoteString(fleet)
    return StringCommand(
        "cd", QuoteString(f"{directory}/applied"),
        "&& last=$(find . -type l ! -name", link, "-printf '%Ts\\n' | sort -n | tail -n 1)",
        "&& { [ $(stat -c %Y", link, ") -gt ${last:-0} ]",
        '|| touch --no-create --no-dereference --date "@$((last + 1))"', link, "; }",
    )  # fmt: skip


def links_of(run: RunRelease) -> dict[str, str]:
    """The links of a host that runs this, in the order in which they are switched."""
    release = run.release.release
    links = {} if run.goes_back else {f"applied/{run.fleet}": f"../releases/{release}"}
    links |= {"fleet": f"applied/{run.fleet}", "current": f"releases/{release}"}
    if run.release.gateway is not None:
        links["gateway/current"] = f"../releases/{release}/nginx"
    if run.release.monitors is not None:
        links["monitors/current"] = f"../releases/{release}/monitors"
    return links
