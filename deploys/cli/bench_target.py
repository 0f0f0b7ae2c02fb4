"""What a benchmark asks: one model of an environment, through its gateway."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from checks.benchmarks.load.workload import SPARE_TOKENS, Workload
from deploys.batch.offer import offer_of
from deploys.certificates.entrance import Entrance, entrance
from deploys.cli.batch_options import key_of
from deploys.cli.chat import committed_gateway, committed_releases
from deploys.cli.history import histories
from deploys.history.kept import fleet_name
from deploys.render.nginx_paths import CHAT
from deploys.settings.environment import Environment, read_environment
from deploys.settings.inventory import read_inventory
from deploys.settings.refusal import Complaint, Refused
from deploys.settings.validation import near_miss


@dataclass(frozen=True)
class Target:
    """All that is needed to ask."""

    environment: str
    fleet: str
    """Name of the committed releases together."""
    releases: Mapping[str, str]
    """Host -> the committed one."""
    way: Entrance
    headers: Mapping[str, str]
    model: str
    """Public name."""
    path: str
    context_tokens: int
    """Longest prompt plus answer."""
    revision: str
    """Of the gateway, as committed."""


def target(root: Path, name: str, model: str, client: str) -> Target:
    """Raises Refused for a model or client that the environment has not."""
    settings = read_environment(root, name)
    gateway = committed_gateway(root, name)
    public = public_name(settings, model)
    key = key_of(gateway, client, root)
    releases = {one.host: one.release for one in committed_releases(root, name)}
    return Target(
        environment=name,
        fleet=fleet_name(releases),
        releases=releases,
        way=entrance(gateway.shared or gateway.listen, gateway.tls, root),
        headers={"Authorization": f"Bearer {key.reveal()}"},
        model=public,
        path=gateway.paths.get(public, CHAT),
        context_tokens=min(
            pool.context_tokens
            for pool_name, pool in settings.pools.items()
            if (pool.public_name or pool_name) == public
        ),
        revision=gateway.revision,
    )


def public_name(settings: Environment, model: str) -> str:
    """Of a model that generates text, the first one where none is named; raises Refused."""
    chats = offer_of(settings.pools, settings.gateway).models.get(CHAT, {})
    if not chats:
        found = "no pool generates text: there is no token to wait for"
        raise Refused([Complaint(settings.name, "pools", found, "a pool of a model that chats")])
    if not model:
        return next(iter(chats.values()))
    if model not in chats:
        hint = near_miss(model, chats)
        raise Refused([Complaint("--model", "", f"no pool serves {model!r} with chats", hint)])
    return chats[model]


def require_applied(asked: Target, root: Path) -> bool:
    """What is measured is kept under the committed releases' name: the hosts must run those.

    False when a host cannot be asked, which is told on stderr; raises Refused. The gateway alone
    does not know: its revision stays when engines change.
    """
    found, lost = histories(read_inventory(root, asked.environment).hosts, root)
    hint = f"homeport apply {asked.environment}"
    complaints = [
        Complaint(host, "", f"runs {history.kept.current or 'nothing'}, not {committed}", hint)
        for host, committed in asked.releases.items()
        if (history := found.get(host)) is not None and history.kept.current != committed
    ]
    if complaints:
        raise Refused(complaints)
    return not lost


def require_loaded(revision: str, asked: Target) -> None:
    """The same of what nginx has loaded, by its own answers; raises Refused.

    A gateway that does not say which it serves is believed.
    """
    if revision and revision != asked.revision:
        found = f"the gateway serves {revision}, and {asked.revision} is committed"
        hint = f"homeport apply {asked.environment}"
        raise Refused([Complaint(f"nginx/{asked.environment}", "", found, hint)])


def require_fits(workload: Workload, context_tokens: int) -> None:
    """Lengths in the middle of both distributions must fit together; raises Refused."""
    room = context_tokens - SPARE_TOKENS
    prompt, completion = workload.prompt.typical_tokens, workload.completion.typical_tokens
    complaints = []
    if prompt + completion > room:
        found = f"{prompt} and {completion} are more than the {room} that {workload.model} has"
        hint = "shorter prompts or answers, or more context_tokens in the pool"
        complaints.append(Complaint("--prompt-tokens, --completion-tokens", "", found, hint))
    if workload.shared_tokens > prompt:
        found = f"{workload.shared_tokens} of a prompt of {prompt}"
        complaints.append(Complaint("--shared-tokens", "", found, "no more than --prompt-tokens"))
    if complaints:
        raise Refused(complaints)
