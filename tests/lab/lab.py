"""A lab: hosts that a test, or a person, can deploy to over SSH. Up, down, and what runs.

All state is in Docker (labels) and in .homeport/lab/NAME (keys), so a lab outlives the process that
started it, and `up` again does nothing but start what is missing.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from tests.lab import keys
from tests.lab.bare_host import OPTIONS
from tests.lab.cdi import gpu_files
from tests.lab.gpus import Gpu
from tests.lab.host import File, LabHost
from tests.lab.images import image
from tests.lab.labels import HOST, checked_name, label_options, labelled, remove_all, resource
from tests.lab.machine import LabError, docker, one_at_a_time
from tests.lab.network import FIRST_HOST_NUMBER, address, ensure_network, place_options
from tests.lab.registry import Registry, find_registry, start_registry

DEFAULT_NAME = "dev"


@dataclass(frozen=True)
class HostSpec:
    """A host that is wanted."""

    name: str
    gpus: tuple[Gpu, ...] = ()
    image: str = "host"
    """`host` is bare, `docker` has Docker already."""
    options: tuple[str, ...] = ()
    """More options of docker create, such as `--tmpfs=/srv/homeport:size=200m` for a small disk."""


@dataclass(frozen=True)
class Lab:
    """A lab that is up."""

    name: str
    hosts: tuple[LabHost, ...]
    registry: Registry | None

    def host(self, name: str) -> LabHost:
        """The host of this name; LabError when there is none."""
        for host in self.hosts:
            if host.name == name:
                return host
        known = ", ".join(host.name for host in self.hosts) or "none: call up first"
        raise LabError(f"lab {self.name} has no host {name!r}", f"its hosts: {known}")


def fleet(
    gpu_hosts: int = 2, gateways: int = 1, *, gpus: Sequence[Gpu] = (), image: str = "host"
) -> tuple[HostSpec, ...]:
    """Hosts gpu1, gpu2 … with the same GPUs each, then gate1, gate2 …"""
    with_gpus = [HostSpec(f"gpu{number}", tuple(gpus), image) for number in range(1, gpu_hosts + 1)]
    without = [HostSpec(f"gate{number}", (), image) for number in range(1, gateways + 1)]
    return (*with_gpus, *without)


def up(name: str, wanted: Sequence[HostSpec], *, registry: bool = False) -> Lab:
    """Has these hosts running in the lab; those that are there stay as they are."""
    checked_name(name)
    _need_docker()
    network = ensure_network(name)
    known = {host.name: host.address for host in _hosts(name)}
    new = [spec for spec in wanted if spec.name not in known]
    addresses = known | _free_addresses(name, new, known)
    keys.write_client_files(name, addresses)
    references = {spec.image: image(spec.image) for spec in new}
    hosts = [LabHost(name, host, place) for host, place in addresses.items()]
    by_name = {host.name: host for host in hosts}
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda spec: _create(by_name[spec.name], spec, network, references), new))
        list(pool.map(LabHost.start, hosts))
    return Lab(
        name, tuple(hosts), start_registry(name, network) if registry else find_registry(name)
    )


def open_lab(name: str) -> Lab:
    """The lab as it is, stopped hosts too; without hosts when it is not up."""
    return Lab(checked_name(name), tuple(_hosts(name)), find_registry(name))


def down(name: str) -> list[str]:
    """Removes containers, volumes, network and keys of this lab alone; what it removed."""
    removed = remove_all(checked_name(name))
    keys.forget(name)
    return removed


@contextmanager
def running_lab(name: str, wanted: Sequence[HostSpec], *, registry: bool = False) -> Iterator[Lab]:
    """A fresh lab for as long as tests need it; who wants one of the same name waits."""
    with one_at_a_time(checked_name(name)):
        down(name)
        try:
            yield up(name, wanted, registry=registry)
        finally:
            down(name)


def _need_docker() -> None:
    if not docker("version", "--format", "{{.Server.Version}}", check=False):
        script = "deploys/operations/scripts/start-dockerd"
        raise LabError(
            "no Docker Engine answers on this machine",
            f"install and start it: pyinfra @local deploys/docker.py, or bash {script} as root",
        )


def _create(host: LabHost, spec: HostSpec, network: str, references: dict[str, str]) -> None:
    labels = label_options(host.lab, host.name)
    volume = f"{host.container}-docker"
    docker("volume", "create", *labels, volume)
    docker(
        "create", "--name", host.container, "--hostname", host.name, *labels, *OPTIONS,
        *place_options(network, host.address, host.name), f"--volume={volume}:/var/lib/docker",
        *spec.options, references[spec.image],
    )  # fmt: skip
    host.put(_identity(host) | gpu_files(host.name, spec.gpus))


def _identity(host: LabHost) -> dict[str, File]:
    """What makes a host this one: its SSH key, and the operator's public key."""
    private = keys.host_key(host.lab, host.name)
    public = private.with_suffix(".pub").read_bytes()
    authorized = keys.user_key(host.lab).with_suffix(".pub").read_bytes()
    return {
        "/etc/ssh/ssh_host_ed25519_key": File(private.read_bytes(), 0o600),
        "/etc/ssh/ssh_host_ed25519_key.pub": File(public),
        f"/home/{keys.USER}/.ssh/authorized_keys": File(authorized, 0o600, keys.UID),
    }


def _hosts(lab: str) -> list[LabHost]:
    """The hosts there are, by address."""
    network = resource(lab, "network")
    place = f'{{{{(index .NetworkSettings.Networks "{network}").IPAMConfig.IPv4Address}}}}'
    shown = f'{{{{index .Config.Labels "{HOST}"}}}} {place}'
    names = [name for name in labelled(lab, "container") if name != resource(lab, "registry")]
    listing = docker("inspect", "--format", shown, *names) if names else ""
    found = [LabHost(lab, *line.split()) for line in listing.splitlines()]
    return sorted(found, key=lambda host: int(host.address.rsplit(".", 1)[1]))


def _free_addresses(lab: str, new: Sequence[HostSpec], known: dict[str, str]) -> dict[str, str]:
    numbers = range(FIRST_HOST_NUMBER, 255)
    free = [place for number in numbers if (place := address(lab, number)) not in known.values()]
    return {spec.name: place for spec, place in zip(new, free, strict=False)}
