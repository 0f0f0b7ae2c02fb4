"""Whose requests must stay in the fleet, and whether nginx's files keep them there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from checks.ways.tree import Directive, read, scripts
from checks.ways.variables import Scope, assigned_in, maps_of, values
from checks.ways.walk import Way, hidden_exits, ways
from deploys.render.egress import FOLDER
from deploys.render.nginx_cloud import CLOUD_PATHS
from deploys.render.nginx_pools import ENGINE_PORT
from deploys.render.release import Release
from deploys.render.release_gateway import GatewayRelease

EGRESS = "egress:8080"
# What was spent, for Prometheus: this listener of the egress hop asks nobody.
EGRESS_FIGURES = "egress:8082"
FIGURES = "/metrics"
# A client that nobody knows, and classes of data that nobody has opened.
STRANGER = "nobody-s"
CLOSED_CLASSES = ("nobody-s", "public, nobody-s")


@dataclass(frozen=True)
class Kind:
    """One kind of request, by what decides whether it may leave."""

    client: str
    pool: str
    data_class: str

    def __str__(self) -> str:
        marked = f", marked {self.data_class!r}" if self.data_class else ""
        return f"client {self.client}, pool {self.pool}{marked}"


def leaks(folder: Path, release: Release) -> list[str]:
    """Every way by which a request that must stay can leave; `folder` holds the host's nginx files.

    Addresses are judged, not names: only replicas on the gateway's own host go by name, in Docker's
    own resolver, on a network that has no way out.
    """
    if release.gateway is None:
        return []
    tree = read(folder)
    fleet = inside(release, release.gateway) | _own_listeners(tree)
    fleet |= {EGRESS_FIGURES} if release.gateway.egress is not None else frozenset()
    found = [f"a script may go anywhere: {line}" for line in hidden_exits(scripts(folder))]
    for kind in _kinds(tree, release.gateway):
        allowed = fleet | ({EGRESS} if _may_leave(kind, release.gateway) else frozenset())
        for path in _paths(tree):
            for way in _ways(tree, kind, path):
                if way.address not in allowed:
                    found.append(f"{kind}: {way}")
    return [*found, *_other_resolvers(tree), *_offered(folder, release.gateway, tree)]


def inside(release: Release, gateway: GatewayRelease) -> frozenset[str]:
    """Every address of the fleet that a gateway asks: engines here by name, others by address."""
    here = (f"{replica.name}:{ENGINE_PORT}" for replica in release.replicas)
    return frozenset([*here, *gateway.engines, *gateway.stand_ins.values()])


def _ways(tree: Directive, kind: Kind, path: str) -> Iterator[Way]:
    known = {"client": kind.client, "pool": kind.pool, "http_x_data_class": kind.data_class}
    yield from ways(tree, path, known)


def _kinds(tree: Directive, gateway: GatewayRelease) -> Iterator[Kind]:
    """Every client with every pool; with and without a mark."""
    for client in (*_different(tree, gateway), STRANGER):
        for pool in _pools(tree):
            yield Kind(client, pool, "")
            yield from (Kind(client, pool, word) for word in CLOSED_CLASSES)


def _different(tree: Directive, gateway: GatewayRelease) -> list[str]:
    """One client of each kind: with the same arm, and alike in every table that looks at clients.

    There may be ten thousand of them. One that has a way of its own is another kind, or it is named
    in that way, where any name but a replica's is a leak.
    """
    maps = maps_of(next(tree.all("http")))
    tables = [name for name, table in maps.items() if "$client" in table.arguments[0]]
    found = {}
    for name in sorted(gateway.clients):
        scope = Scope({"client": name}, maps)
        seen = tuple(values(f"${table}", scope) for table in tables)
        found[gateway.clients[name].cloud != "never", seen] = name
    return sorted(found.values())


def _pools(tree: Directive) -> list[str]:
    """Every pool that some name leads to, or some path where there are no names."""
    http = next(tree.all("http"))
    table = maps_of(http).get("pool")
    if table is None:
        return sorted({pool for one in http.all("server") for pool in _set_pools(one)})
    return sorted({entry.arguments[0] for entry in table.block} - {""})


def _set_pools(server: Directive) -> frozenset[str]:
    return assigned_in(server).get("pool", frozenset())


def _paths(tree: Directive) -> list[str]:
    """Every path that clients can reach, and one that nobody serves."""
    exact = {
        location.arguments[1]
        for server in next(tree.all("http")).all("server")
        for location in server.all("location")
        if location.arguments[0] == "=" and not location.arguments[1].startswith("/_error/")
    }
    return sorted(exact | set(CLOUD_PATHS) | {"/other"})


def _may_leave(kind: Kind, gateway: GatewayRelease) -> bool:
    client = gateway.clients.get(kind.client)
    armed = gateway.egress is not None and kind.pool in gateway.egress.pools
    return armed and client is not None and client.cloud != "never" and not kind.data_class


def _own_listeners(tree: Directive) -> frozenset[str]:
    """Where nginx asks itself: the ways on from there are judged like all others."""
    listeners = {
        listener.arguments[0]
        for server in next(tree.all("http")).all("server")
        for listener in server.all("listen")
    }
    return frozenset(one for one in listeners if one.startswith("127."))


def _other_resolvers(tree: Directive) -> Iterator[str]:
    """Names are looked up with Docker's own resolver alone."""
    http = next(tree.all("http"))
    for upstream in http.all("upstream"):
        for one in upstream.all("resolver"):
            if one.arguments[0] != "127.0.0.11":
                yield f"upstream {upstream.arguments[0]} asks {one.arguments[0]} for names"
    yield from (f"names are asked of {one.arguments[0]}" for one in http.all("resolver"))


def _offered(folder: Path, gateway: GatewayRelease, tree: Directive) -> Iterator[str]:
    """The egress hop's own lists, which decide anew: none that must stay is on them."""
    if gateway.egress is None:
        return
    egress = read(folder / FOLDER)
    maps = maps_of(next(egress.all("http")))
    yield from (f"egress: {line}" for line in hidden_exits(scripts(folder / FOLDER)))
    for name, client in gateway.clients.items():
        if client.cloud == "never" and _value(maps, "sender", "http_x_homeport_client", name):
            yield f"egress: client {name} is on its list"
    for public_name, pool in _public_names(tree).items():
        listed = _value(maps, "provider_model", "public_model", public_name)
        if pool not in gateway.egress.pools and listed:
            yield f"egress: {public_name} (pool {pool}) is on its list"
    for path in (*CLOUD_PATHS, FIGURES):
        for way in ways(egress, path, {}):
            if way.address != gateway.egress.server:
                yield f"egress: {way}"


def _public_names(tree: Directive) -> dict[str, str]:
    table = maps_of(next(tree.all("http")))["pool"]
    named = [entry for entry in table.block if entry.name.startswith("~^")]
    return {
        entry.name[2:].removesuffix(r"\z").replace("\\", ""): entry.arguments[0] for entry in named
    }


def _value(maps: Mapping[str, Directive], name: str, of: str, text: str) -> bool:
    """Whether a variable can hold anything when another holds `text`."""
    return any(value for value in values(f"${name}", Scope({of: text}, maps)))
