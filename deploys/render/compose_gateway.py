"""The Compose file of a gateway: nginx, and beside it the egress hop and the ACME client."""

from collections.abc import Iterator, Mapping

from deploys.plan.plan import HostPlan, Plan
from deploys.questions.gateway_log import FOLDER
from deploys.render.compose_project import project_values, service_hashes
from deploys.render.egress_service import egress_service
from deploys.render.nginx_figures import published_figures
from deploys.render.nginx_limits import counts_tokens, requests_in_flight
from deploys.render.nginx_routes import keeps_answers
from deploys.render.nginx_tls import challenge_listener, health_port, public_port
from deploys.render.release_gateway import ANSWERS, COUNTERS, LOGS
from deploys.render.templates import Render
from deploys.settings.answer_cache import AnswerCache
from deploys.settings.gateway import Gateway
from deploys.settings.words import bracketed

# Time that nginx gives running answers when its container is replaced.
GRACE_SECONDS = 60
# Of each file of the access log, and how many old ones are kept.
LOG_MIB = 50
OLD_LOGS = 4
# Bodies that wait for an engine lie in the gateway's /tmp, in memory.
SPOOL_MIB = 512
# nginx itself: processes, zones, digests of keys, and contexts of njs that wait for a request.
OWN_MIB = 128
# Of each request that is answered: njs keeps its context until the end (260 KiB were measured,
# tests/e2e/gateway/test_floods.py), nginx its buffers.
REQUEST_KIB = 300

# Folder below the kit's own -> what nginx has it for.
_HOLDS = {
    "gateway": "Which release is loaded: `current` is a link into the next folder.",
    "releases": "The files that nginx reads, of the last few releases.",
    "secrets/gateway": "Digests of clients' keys, and the certificate: for its user alone.",
    "secrets/acme": "The certificate that the service below keeps.",
    "state/gateway": "What no release says: who is drained, and a candidate's share.",
    COUNTERS: "Written by nginx: what each client has used of its day.",
    ANSWERS: "Written by nginx: answers that are given again.",
    LOGS: "Written by nginx: a line for each request; `homeport traffic` reads them.",
}

Values = dict[str, object]


def gateway_compose(plan: Plan, host: HostPlan, render: Render, nginx: Mapping[str, str]) -> str:
    """The text; `nginx` is what the gateway loads. Raises ValueError for a host that is none."""
    gateway = host.gateway
    if gateway is None:
        raise ValueError(f"{host.name} is no gateway")
    values = {
        **project_values(plan, host, "gateways"),
        "image": plan.images["nginx"],
        "public_ports": [f"{one}:{public_port(gateway)}" for one in listened(gateway)],
        "health_port": health_port(gateway),
        "admin_port": f"127.0.0.1:{gateway.admin_port}:8081",
        "figures_port": published_figures(plan, host),
        "mounts": list(_mounts(plan, gateway)),
        "logs": FOLDER,
        "log_bytes": LOG_MIB * 2**20,
        "old_logs": OLD_LOGS,
        "stop_grace_seconds": GRACE_SECONDS,
        "spool_mib": SPOOL_MIB,
        "memory_mib": _memory_mib(plan, gateway),
        "egress": egress_service(plan, gateway, nginx),
        "acme": _acme(plan, gateway),
    }

    def text(hashes: Mapping[str, str]) -> str:
        return render("compose/gateways/compose.yaml.j2", {**values, "config_sha256": hashes})

    return text(service_hashes(text({"nginx": "", "egress": "", "acme": ""})))


def listened(gateway: Gateway) -> tuple[str, ...]:
    """ADDRESS:PORT of each listener of the host for clients: its own, then the shared one."""
    shared = gateway.shared_address
    addresses = (gateway.address, *((shared.address,) if shared is not None else ()))
    return tuple(f"{bracketed(address)}:{gateway.port}" for address in addresses)


def _mounts(plan: Plan, gateway: Gateway) -> Iterator[Values]:
    """What nginx reads of the kit's folder, and the places there that it writes to."""
    folders = ["gateway", "releases", "secrets/gateway", "state/gateway"]
    if challenge_listener(gateway):
        folders.append("secrets/acme")
    own = [LOGS]
    own += [COUNTERS] if counts_tokens(gateway, plan.clients) else []
    own += [ANSWERS] if keeps_answers(plan) else []
    for path in (*folders, *own):
        target = f"/srv/homeport/{path}"
        reads = {"target": target, "read_only": path not in own, "reason": _HOLDS[path]}
        yield {"source": f"../../{path}", **reads}


def _acme(plan: Plan, gateway: Gateway) -> Values | None:
    """The service that gets the certificate; None without ACME."""
    tls = gateway.tls
    if tls is None or tls.acme is None:
        return None
    return {
        "image": plan.images["acme"],
        "command": [tls.acme.directory, tls.acme.email, *tls.names],
        "port": f"{challenge_listener(gateway)}:8080",
    }


def _memory_mib(plan: Plan, gateway: Gateway) -> int:
    """What nginx may use: its spool, four bodies that each worker reads at the same time, the keys
    of answers that it keeps, and as many requests as it takes: what is too much is refused, and
    must not end a worker first.

    With 256 MiB a worker was killed by eight bodies of 30 MB at once; with this all were answered.
    """
    reading = gateway.workers * 4 * gateway.body_limit_mib
    answering = requests_in_flight(gateway) * REQUEST_KIB // 1024
    keys = (gateway.answer_cache or AnswerCache()).memory_mib if keeps_answers(plan) else 0
    return SPOOL_MIB + reading + answering + OWN_MIB + keys
