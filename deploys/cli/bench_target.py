"""What a benchmark asks: one model of an environment, through its gateway."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from checks.benchmarks.load.workload import SPARE_TOKENS, Workload
from deploys.batch.offer import offer_of
from deploys.certificates.entrance import Entrance, entrance
from deploys.cli.batch_options import key_of
from deploys.cli.chat import committed_gateway, committed_releases
from deploys.history.kept import fleet_name
from deploys.render.nginx_paths import CHAT
from deploys.settings.environment import Environment, read_environment
from deploys.settings.refusal import Complaint, Refused
from deploys.settings.validation import near_miss


@dataclass(frozen=True)
class Target:
    """All that is needed to ask."""

    environment: str
    fleet: str
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
    public = _public_name(settings, model)
    key = key_of(gateway, client, root)
    return Target(
        environment=name,
        fleet=fleet_name({one.host: one.release for one in committed_releases(root, name)}),
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


def _public_name(settings: Environment, model: str) -> str:
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


def require_released(release: str, asked: Target) -> None:
    """What is measured is kept under the committed release's name: it must be the one that serves.

    Raises Refused. A gateway that does not say which it serves is believed.
    """
    if release and release != asked.revision:
        found = f"the gateway serves {release}, and {asked.revision} is committed"
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
