"""What the inventory may say about the address that several gateways share."""

import ipaddress
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from deploys.settings.words import Address, Frozen


def _private(text: str) -> str:
    """keepalived's peers talk IPv4 here; a public address would need the site's router anyway."""
    address = ipaddress.ip_address(text)
    if address.version != 4 or not address.is_private or address.is_loopback:
        raise ValueError("a private IPv4 address of the gateways' network")
    return text


PrivateAddress = Annotated[Address, AfterValidator(_private)]
# As Linux names network devices: at most 15 characters.
Interface = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$")]


class SharedAddress(Frozen):
    """The address that one gateway of several has at a time, by keepalived (VRRP version 3)."""

    address: PrivateAddress
    """Free, and in the gateways' own network: clients, or a name of theirs, are given this one."""
    router: Annotated[int, Field(ge=1, le=255)] = 51
    """VRRP's number of the group; another one where the network has such a group already."""
