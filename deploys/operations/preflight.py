"""What would make an apply fail half-way is refused before any host is touched."""

from pyinfra import host
from pyinfra.api.exceptions import DeployError

from deploys.facts.compose import ComposeServices, NetworkLetsOut
from deploys.facts.docker import DockerHost
from deploys.facts.hardware import Hardware
from deploys.facts.images import ImageIds
from deploys.facts.once import once
from deploys.facts.ports import ListeningPorts
from deploys.operations.controller_secrets import unreadable
from deploys.operations.docker_choice import refusal_to_use
from deploys.operations.first_look import before_the_lock, pulled_references
from deploys.operations.gateway_certificate import unfit
from deploys.operations.group_limit import left_out
from deploys.operations.hardware_choice import crowded_gpus, other_gpus, too_little
from deploys.operations.models import look, without_room
from deploys.operations.monitors import wanted_secrets
from deploys.operations.refusal_words import REFUSED
from deploys.operations.vector_store import HINT, other_models
from deploys.render.release import Release
from deploys.settings.client import every_key
from deploys.settings.hardware_yaml import hardware_file


def refuse_conflicts(release: Release, directory: str) -> None:
    """Raises while pyinfra still prepares, which ends the run for every host."""
    before_the_lock(host, release)
    # Without leave to ask Docker, our own containers' ports would look like somebody else's.
    found = _denied(release) or [
        *_other_hardware(release),
        *_taken_ports(release),
        *_foreign_projects(release, directory),
        *_open_network(release),
        *_other_models(release),
        *left_out(release),
        *_what_cannot_come(release, directory),
    ]
    if found:
        raise DeployError("\n".join([f"{release.host}: {REFUSED}", *found]))


def _denied(release: Release) -> list[str]:
    system = once(host, DockerHost)
    if not system.denied:
        return []
    refusal = refusal_to_use(system)
    return [f"error: {release.host}: {refusal.error}\nhint: {refusal.hint}"]


def _other_hardware(release: Release) -> list[str]:
    expected = release.hardware
    # This machine's cores and RAM are whatever the demo is tried on.
    is_local = host.name == "@local"
    if expected is None or (is_local and not expected.gpus):
        return []
    live = once(host, Hardware, gpus=bool(expected.gpus), environment=release.environment)
    found = [] if is_local else list(too_little(expected, live))
    found += other_gpus(expected, live) if expected.gpus else []
    place = f"error: {hardware_file(release.environment)}: hosts.{release.host}"
    again = f"`homeport survey {release.environment} --host {release.host}`, then plan and render"
    return [
        *(f"{place}: {one}\nhint: {again}" for one in found),
        *(
            f"{place}: {one}\nhint: end it; or {again}: the plan then leaves room"
            for one in crowded_gpus(expected, live)
        ),
    ]


def _taken_ports(release: Release) -> list[str]:
    wanted = _wanted_ports(release)
    if not wanted:
        return []
    listening = once(host, ListeningPorts)
    ours = [
        port
        for project in release.projects
        for service in once(host, ComposeServices, project=project.name).values()
        # one that crashes over and over holds its ports too
        if service["status"] in ("running", "restarting", "paused")
        for port in service["ports"]
    ]
    return [
        f"error: {release.host}: port {port}: something else listens on it\n"
        f"hint: stop it (`ss -ltnp 'sport = :{port}'` names it), or set another port in `{word}`"
        for port, word in wanted.items()
        if port in listening and port not in ours
    ]


def _wanted_ports(release: Release) -> dict[int, str]:
    """Port -> the word of the settings that chooses it."""
    gateway, monitors, retrieval = release.gateway, release.monitors, release.retrieval
    listened = {"monitoring": [*release.monitored.values()], "gateway": [], "retrieval": []}
    if monitors is not None:
        listened["monitoring"].append(monitors.prometheus)
    if gateway is not None:
        listened["gateway"] += [gateway.listen, gateway.challenge, f":{gateway.admin_port}"]
    if retrieval is not None:
        listened["retrieval"].append(retrieval.published)
    return {
        int(one.rpartition(":")[2]): word
        for word, addresses in listened.items()
        for one in addresses
        if one
    }


def _other_models(release: Release) -> list[str]:
    return [f"error: {release.host}: {found}\nhint: {HINT}" for found in other_models(release)]


def _what_cannot_come(release: Release, directory: str) -> list[str]:
    """Models without room, and secrets that are needed here; what is there needs none."""
    wanted: list[str | None] = []
    if release.gateway is not None:
        wanted += [key.key for _, _, key in every_key(release.gateway.clients)]
        if release.gateway.egress is not None:
            wanted.append(release.gateway.egress.key)
    if release.monitors is not None:
        wanted += wanted_secrets(release.monitors).values()
    found: list[str] = []
    if release.models:
        store = look(directory, release.models)
        refusal = without_room(store)
        found = [f"error: {release.host}: {refusal[0]}\nhint: {refusal[1]}"] if refusal else []
        if store.missing and release.hub is not None:
            wanted.append(release.hub.token)
    if release.watch is not None:
        wanted.append(release.watch.webhook)
    if release.registry is not None and _pulls(release):
        wanted.append(release.registry.password)
    certificates = unfit(release.gateway, directory) if release.gateway is not None else ()
    return [*found, *unreadable(wanted), *certificates]


def _pulls(release: Release) -> bool:
    references = pulled_references(release)
    there = once(host, ImageIds, references=references) if references else {}
    return bool(set(references) - there.keys())


def _open_network(release: Release) -> list[str]:
    """A network is made once; from one of before there was a cloud, the gateway gets out."""
    if release.gateway is None or release.gateway.egress is None:
        return []
    if not once(host, NetworkLetsOut, network=release.network):
        return []
    name = release.environment
    return [
        f"error: {release.host}: network {release.network} lets containers out: it was made when "
        f"there was no cloud\nhint: take this host's part down once, `pyinfra --limit "
        f"{host.name} inventories/{name}.py deploys/down.py`, and apply again"
    ]


def _foreign_projects(release: Release, directory: str) -> list[str]:
    """Containers of the same environment that another checkout on this machine started."""
    folders = {
        service["directory"]
        for project in release.projects
        for service in once(host, ComposeServices, project=project.name).values()
    }
    return [
        f"error: {release.host}: {folder}: the environment `{release.environment}` already runs "
        f"from there\nhint: `make demo-down` takes it down, there or here"
        for folder in sorted(folders)
        if not folder.startswith(f"{directory}/")
    ]
