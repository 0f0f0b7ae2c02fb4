"""Which file gives each setting its value: for words that point at it."""

from deploys.settings.group_data import EnvironmentWords, HostWords
from deploys.settings.inventory import Inventory, origin


def setting_files(inventory: Inventory) -> dict[str, str]:
    """First word of a setting -> FILE:LINE, of those that the inventory says."""
    groups = tuple(dict.fromkeys(name for host in inventory.hosts for name in host.groups))
    keys = (*EnvironmentWords.model_fields, *HostWords.model_fields)
    said = {key for host in inventory.hosts for key in host.data}
    return {key: origin(inventory, key, groups) for key in keys if key in said}
