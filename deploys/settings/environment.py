"""All settings of one environment, read from its inventory, group data, hardware and models."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from deploys.catalogue.model import Model
from deploys.catalogue.models_yaml import read_models
from deploys.settings.calibration import Calibration, read_calibration
from deploys.settings.canary_consistency import canary_inconsistencies
from deploys.settings.client import Client
from deploys.settings.client_consistency import client_inconsistencies
from deploys.settings.cloud import Cloud
from deploys.settings.cloud_consistency import cloud_inconsistencies
from deploys.settings.committed import missing_files
from deploys.settings.connection import Connection
from deploys.settings.consistency import inconsistencies
from deploys.settings.cost import Cost
from deploys.settings.engine_words import by_facts
from deploys.settings.gateway import Gateway
from deploys.settings.group_data import EnvironmentWords, HostWords
from deploys.settings.hardware import HostHardware
from deploys.settings.hardware_yaml import read_hardware
from deploys.settings.hub import Hub
from deploys.settings.image import Image, ImageName
from deploys.settings.inventory import Inventory, InventoryHost, origin, read_inventory
from deploys.settings.localai_keys import localai_complaints
from deploys.settings.monitoring import Monitoring
from deploys.settings.monitoring_consistency import monitoring_complaints
from deploys.settings.njs_consistency import njs_complaints
from deploys.settings.pool import Pool
from deploys.settings.refusal import Complaint, Refused
from deploys.settings.registry import Registry
from deploys.settings.retrieval import Retrieval
from deploys.settings.retrieval_consistency import retrieval_complaints
from deploys.settings.validation import UNKNOWN_KEY, complaints_of, near_miss
from deploys.settings.watch import Watch
from deploys.settings.watch_consistency import watch_complaints
from deploys.settings.words import Frozen, Name, Role

ROLES: tuple[Role, ...] = ("gpu_hosts", "gateways", "monitors", "vector_stores")

Read = TypeVar("Read")
Words = TypeVar("Words", bound=Frozen)


class Host(Frozen):
    """One host, its roles and its hardware."""

    name: Name
    connection: str
    roles: tuple[Role, ...]
    words: HostWords
    hardware: HostHardware


class Environment(Frozen):
    """Everything `plan` needs to know."""

    name: Name
    hosts: tuple[Host, ...]
    pools: dict[str, Pool]
    clients: dict[str, Client]
    gateway: Gateway
    images: dict[ImageName, Image]
    models: dict[str, Model]
    registry: Registry | None = None
    hub: Hub = Hub()
    cloud: Cloud | None = None
    cost: Cost | None = None
    monitoring: Monitoring | None = None
    retrieval: Retrieval | None = None
    watch: Watch | None = None
    calibration: Calibration = Calibration()


def read_environment(root: Path, name: str) -> Environment:
    """Reads and validates one environment; raises Refused with every complaint at once."""
    inventory = read_inventory(root, name)
    complaints = _unknown_words(inventory)
    words = _environment_words(inventory, complaints)
    host_words = {host.name: _host_words(inventory, host, complaints) for host in inventory.hosts}
    models = _or_complain(lambda: read_models(root / "inventories" / "models.yaml"), complaints)
    hardware = _or_complain(lambda: read_hardware(root, name), complaints)
    calibration = _or_complain(lambda: read_calibration(root, name, host_words), complaints)
    if words is not None and models is not None and hardware is not None:
        complaints += inconsistencies(inventory, words.pools, words.gateway, models, hardware)
    if words is not None:
        complaints += client_inconsistencies(inventory, words.clients, words.gateway)
        complaints += njs_complaints(
            inventory, words.pools, words.clients, words.gateway, words.cloud
        )
        complaints += cloud_inconsistencies(inventory, words.pools, words.clients, words.cloud)
        complaints += canary_inconsistencies(inventory, words.pools, words.clients)
        pools_file = origin(inventory, "pools", inventory.hosts[0].groups)
        complaints += localai_complaints(pools_file, words.pools, words.images)
        complaints += monitoring_complaints(
            inventory, words.pools, words.gateway, words.cloud, words.monitoring
        )
        complaints += retrieval_complaints(inventory, words.pools, words.retrieval)
        complaints += watch_complaints(inventory, words.watch, host_words, words.gateway)
    if complaints or not (words and models is not None and hardware and calibration):
        raise Refused(sorted(set(complaints)))
    hosts = tuple(
        Host(
            name=host.name,
            connection=host.connection,
            roles=tuple(role for role in ROLES if role in host.groups),
            words=host_words[host.name],
            hardware=hardware.hosts[host.name],
        )
        for host in inventory.hosts
    )
    return Environment(
        name=name, hosts=hosts, models=models, calibration=calibration, **dict(words)
    )


def _environment_words(
    inventory: Inventory, complaints: list[Complaint]
) -> EnvironmentWords | None:
    raw: dict[str, Any] = {}
    for key in EnvironmentWords.model_fields:
        values = [host.data[key] for host in inventory.hosts if key in host.data]
        if any(value != values[0] for value in values[1:]):
            hint = f"say it once, in inventories/group_data/{inventory.environment}.py"
            complaints.append(Complaint(inventory.file, key, "differs between hosts", hint))
        if values:
            raw[key] = values[0]
    return _validated(EnvironmentWords, raw, inventory, inventory.hosts[0], complaints)


def _host_words(
    inventory: Inventory, host: InventoryHost, complaints: list[Complaint]
) -> HostWords:
    raw = {key: host.data[key] for key in HostWords.model_fields if key in host.data}
    words = _validated(HostWords, raw, inventory, host, complaints)
    ssh = {key: value for key, value in host.data.items() if key.startswith("ssh_")}
    connection = _validated(Connection, ssh, inventory, host, complaints)
    if words is None or connection is None:
        return HostWords()
    wrong = missing_files(inventory.root, host.data, words.docker, words.nvidia, connection)
    if not words.directory.startswith("/") and host.connection != "@local":
        found = f"found {words.directory!r} for {host.name}"
        wrong.append(Complaint("", "directory", found, "an absolute path of the host"))
    for complaint in wrong:
        file = origin(inventory, complaint.path.split(".")[0], host.groups)
        complaints.append(replace(complaint, file=file))
    return words


def _validated(
    model: type[Words],
    raw: Mapping[str, Any],
    inventory: Inventory,
    host: InventoryHost,
    complaints: list[Complaint],
) -> Words | None:
    try:
        # Lists and mappings from group data arrive as JSON: tuples and enums are not strict there.
        return model.model_validate(dict(raw), strict=True)
    except ValidationError as error:
        for complaint in complaints_of(error, "", model):
            file = origin(inventory, complaint.path.split(".")[0], host.groups)
            complaints.append(by_facts(replace(complaint, file=file), raw))
        return None


def _unknown_words(inventory: Inventory) -> list[Complaint]:
    known = {*EnvironmentWords.model_fields, *HostWords.model_fields}
    return sorted(
        {
            Complaint(
                origin(inventory, key, host.groups),
                key,
                UNKNOWN_KEY,
                near_miss(key, known),
            )
            for host in inventory.hosts
            for key in host.data
            # pyinfra's own: connection words and defaults for global arguments
            if key not in known and not key.startswith(("ssh_", "_", "docker_"))
        }
    )


def _or_complain(read: Callable[[], Read], complaints: list[Complaint]) -> Read | None:
    try:
        return read()
    except Refused as refused:
        complaints += refused.complaints
        return None
