"""Complaints that only two settings together can earn."""

from collections.abc import Mapping

from deploys.catalogue.model import Model
from deploys.settings.cache_consistency import cache_complaints
from deploys.settings.fit_certificate import unfit_certificates
from deploys.settings.fit_sharing import unfit_sharing
from deploys.settings.gateway import Gateway
from deploys.settings.group_consistency import group_complaints
from deploys.settings.hardware import Hardware
from deploys.settings.hardware_yaml import hardware_file
from deploys.settings.image_consistency import image_complaints
from deploys.settings.inventory import Inventory, origin
from deploys.settings.kind_consistency import kind_complaints
from deploys.settings.pool import Pool
from deploys.settings.refusal import Complaint
from deploys.settings.routing_consistency import routing_complaints
from deploys.settings.validation import near_miss


def inconsistencies(
    inventory: Inventory,
    pools: Mapping[str, Pool],
    gateway: Gateway,
    models: Mapping[str, Model],
    hardware: Hardware,
) -> list[Complaint]:
    """Every complaint about settings that are fine alone but not together."""
    return [
        *_roles_without_hosts(inventory),
        *routing_complaints(inventory, pools),
        *cache_complaints(inventory, pools, gateway),
        *_unknown_models(inventory, pools, models),
        *_unknown_architectures(inventory, pools, models),
        *_other_kinds(inventory, pools, models),
        *_unknown_pool_hosts(inventory, pools),
        *_unknown_hardware(inventory, hardware),
        *_doubled_port(inventory, gateway),
        *_missing_addresses(inventory),
        *group_complaints(inventory, pools),
        *unfit_certificates(inventory, gateway),
        *unfit_sharing(inventory, gateway),
    ]


def model_entry(word: str, models: Mapping[str, Model]) -> str | None:
    """The catalogue's name for `word`, which may be that name or the entry's path or URL."""
    if word in models:
        return word
    sources = {word, f"file:{word}", f"file:{word.rstrip('/')}/"}
    return next((name for name, model in models.items() if model.source in sources), None)


def entries_of(word: str, models: Mapping[str, Model]) -> tuple[str, ...]:
    """The catalogue's names for `word`: one entry, or all that have it as their `base`."""
    entry = model_entry(word, models)
    if entry is not None:
        return (entry,)
    return tuple(name for name, model in sorted(models.items()) if model.base == word)


def names_a_file(word: str) -> bool:
    """Whether a pool's `model` is a path or URL rather than a name of the catalogue."""
    return "/" in word or word.endswith(".gguf")


def _file(inventory: Inventory, key: str) -> str:
    return origin(inventory, key, inventory.hosts[0].groups)


def _roles_without_hosts(inventory: Inventory) -> list[Complaint]:
    groups = {group for host in inventory.hosts for group in host.groups}
    return [
        Complaint(inventory.file, role, "names no host", f"add `{role} = [...]` to the inventory")
        for role in ("gpu_hosts", "gateways")
        if role not in groups
    ]


def _unknown_models(
    inventory: Inventory, pools: Mapping[str, Pool], models: Mapping[str, Model]
) -> list[Complaint]:
    return [
        Complaint(
            _file(inventory, "pools"),
            f"pools.{name}.model",
            f"`{pool.model}` is not in inventories/models.yaml",
            f"`homeport models add {pool.model}` reads it and adds it"
            if names_a_file(pool.model)
            else near_miss(pool.model, {*models, *_bases(models)}),
        )
        for name, pool in sorted(pools.items())
        if not entries_of(pool.model, models)
    ]


def _bases(models: Mapping[str, Model]) -> set[str]:
    return {model.base for model in models.values() if model.base}


def _unknown_pool_hosts(inventory: Inventory, pools: Mapping[str, Pool]) -> list[Complaint]:
    """A pool's hosts run engines, so they have the role."""
    known = [host.name for host in inventory.hosts if "gpu_hosts" in host.groups]
    return [
        Complaint(
            _file(inventory, "pools"),
            f"pools.{name}.hosts",
            f"`{host}` is not one of gpu_hosts",
            near_miss(host, known),
        )
        for name, pool in sorted(pools.items())
        for host in pool.hosts or ()
        if host not in known
    ]


def _unknown_architectures(
    inventory: Inventory, pools: Mapping[str, Pool], models: Mapping[str, Model]
) -> list[Complaint]:
    """A plan of memory needs the cache, which is never guessed."""
    named = {name: model_entry(pool.model, models) for name, pool in sorted(pools.items())}
    return [
        Complaint(
            _file(inventory, "pools"),
            f"pools.{name}.model",
            f"`{entry}` has the unknown architecture {models[entry].architecture_name!r}: "
            "weights known, cache unknown",
            "a model of a known one; `homeport models list` shows which are",
        )
        for name, entry in named.items()
        if entry is not None and models[entry].architecture is None
    ]


def _other_kinds(
    inventory: Inventory, pools: Mapping[str, Pool], models: Mapping[str, Model]
) -> list[Complaint]:
    return [
        complaint
        for name, pool in sorted(pools.items())
        for complaints in (kind_complaints, image_complaints)
        for complaint in complaints(
            _file(inventory, "pools"),
            name,
            pool,
            [(entry, models[entry]) for entry in entries_of(pool.model, models)],
        )
    ]


def _unknown_hardware(inventory: Inventory, hardware: Hardware) -> list[Complaint]:
    file = hardware_file(inventory.environment)
    hint = f"`homeport survey {inventory.environment}` adds it; or write its CPU, RAM and GPUs"
    return [
        Complaint(file, f"hosts.{host.name}", "is missing", hint)
        for host in inventory.hosts
        if host.name not in hardware.hosts
    ]


def _missing_addresses(inventory: Inventory) -> list[Complaint]:
    """With several hosts, gateways reach engines over the network, by address."""
    if len(inventory.hosts) == 1:
        return []
    hint = 'say where the others reach it: (NAME, {"address": "10.0.0.2"})'
    return [
        Complaint(inventory.file, f"{host.name}.address", "is missing", hint)
        for host in inventory.hosts
        if "address" not in host.data
    ]


def _doubled_port(inventory: Inventory, gateway: Gateway) -> list[Complaint]:
    if gateway.port != gateway.admin_port:
        return []
    hint = "give the admin listener a port of its own"
    found = f"{gateway.admin_port} is the port that clients use"
    return [Complaint(_file(inventory, "gateway"), "gateway.admin_port", found, hint)]
