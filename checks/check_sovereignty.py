"""What must stay in the fleet stays there: by nginx's files, by the networks, and when tried."""

from collections.abc import Callable, Iterable, Mapping

import pytest

from checks.chat import chat_request, said
from checks.committed import Committed
from checks.fleet import Fleet
from checks.probes import egress as probe
from checks.probes import gateway as client
from checks.probes.gateway import Answer, Gateway
from checks.results import NOTE
from checks.verdict import fail, none_of, require
from checks.ways.sovereignty import leaks
from deploys.render.egress_service import EGRESS
from deploys.render.release_gateway import EgressRelease

# A class that no environment opens.
MARK = {"X-Data-Class": "homeport-check-sovereign"}
CHAT = "/v1/chat/completions"
RENDER = "homeport render writes it, homeport apply ships it"


def check_no_way_leads_out_for_what_must_stay(kept: Committed) -> None:
    """Every client, pool and mark that is not named for the cloud, by addresses, not names."""
    try:
        found = leaks(kept.nginx, kept.release)
    except ValueError as error:
        fail(str(error), RENDER)
    none_of(found, "requests that must stay can leave", RENDER)


def check_the_gateway_is_on_networks_without_a_way_out(cloudy: Committed) -> None:
    """By the rendered Compose file: the key and the exit are the egress hop's alone.

    A service that no network brings near the gateway sees no request: what gets certificates may.
    """
    exits = {name for name, one in cloudy.networks.items() if not _is_closed(one)}
    near = set(cloudy.services["nginx"]["networks"])
    for name, service in cloudy.services.items():
        its_own = set(service.get("networks", ()))
        open_networks = sorted(its_own & exits) if its_own & near else []
        sources = [str(mount["source"]) for mount in service.get("volumes", ())]
        secrets = [source for source in sources if source.endswith("secrets/egress")]
        if name != EGRESS:
            none_of(open_networks, f"service {name} is on a network with a way out", RENDER)
            none_of(secrets, f"service {name} has the provider's key", RENDER)


def check_only_the_egress_hop_gets_out(cloudy: Committed) -> None:
    """Both try to connect to the provider; the gateway must fail where the egress hop does not."""
    egress = _egress(cloudy)
    found = probe.reached(cloudy.host, _project(cloudy), egress)
    require(
        not found.by_gateway,
        f"the gateway's container reaches {found.address}, which is outside",
        f"`docker network inspect {cloudy.release.network}`: it must not masquerade; take the "
        "environment down once (deploys/down.py), then homeport apply",
    )
    where = found.address or "no address"
    require(
        found.by_egress,
        f"the egress hop does not reach {egress.server} ({where}): there is no fallback",
        "the host's resolver, its way out, and the provider's own status",
    )


def check_the_budget_is_kept(
    cloudy: Committed, record_property: Callable[[str, object], None]
) -> None:
    """The egress hop tells what is spent; what is nearly used up is told as a note."""
    caps = probe.spent(cloudy.host, _project(cloudy))
    require(caps, "the egress hop does not say what is spent", "`docker logs` of its container")
    for cap in caps:
        if cap["alert"]:
            words = f"cloud: {cap['spent']:g} of {cap['limit']:g} {cap['name']} are spent"
            record_property(NOTE, words)


@pytest.mark.disruptive
def check_marked_requests_stay_when_no_engine_answers(gateway: Gateway, fleet: Fleet) -> None:
    """With all engines closed to new requests, marked ones are refused and none has left.

    Only with --disruptive: clients get errors, or go to the cloud, for as long as it takes.
    """
    committed = fleet.committed[gateway.host]
    models = client.models(gateway)
    try:
        _all_doors(fleet, "close")
        answers = {
            model: client.ask(gateway, "POST", CHAT, chat_request(model, 1), _marked(gateway))
            for model in models
        }
    finally:
        _all_doors(fleet, "open")
    for model, answer in answers.items():
        require(
            answer.status in (502, 503, 504),
            f"{model}: {said(answer)} although no engine can be reached",
            "the gateway has found somebody else to ask: see where X-Homeport-… says it went",
        )
    none_of(_left(committed, answers.values()), "marked requests have left", RENDER)


def _left(committed: Committed, answers: Iterable[Answer]) -> list[str]:
    gateway = committed.release.gateway
    if gateway is None or gateway.egress is None:
        return []
    ids = [one.headers.get("x-request-id", "") for one in answers]
    if not all(ids):
        fail("an answer has no X-Request-Id", "homeport apply loads the committed configuration")
    return sorted(probe.recorded(committed.host, _project(committed), ids))


def _all_doors(fleet: Fleet, word: str) -> None:
    for name, committed in fleet.committed.items():
        engines = fleet.live(name).engines(committed.release)
        if engines:
            probe.doors(committed.host, [one.id for one in engines.values()], word)


def _marked(gateway: Gateway) -> dict[str, str]:
    return {"Authorization": f"Bearer {gateway.key.reveal()}", **MARK}


def _egress(cloudy: Committed) -> EgressRelease:
    gateway = cloudy.release.gateway
    if gateway is None or gateway.egress is None:
        raise ValueError(f"{cloudy.host.name} has no egress hop")
    return gateway.egress


def _project(cloudy: Committed) -> str:
    return next(one.name for one in cloudy.release.projects if one.role == "gateways")


def _is_closed(network: Mapping[str, object]) -> bool:
    """Internal, or the one that the deploy makes without a way out (and a live check tries)."""
    return bool(network.get("internal") or network.get("external"))
