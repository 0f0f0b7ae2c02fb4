"""The pydantic base of all settings, and the patterns that settings words must match."""

import ipaddress
import re
from datetime import date
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)


def as_tuple(value: object) -> object:
    """A list, which JSON makes of every tuple, as the tuple that it was."""
    return tuple(value) if isinstance(value, list) else value


class Frozen(BaseModel):
    """Settings never change after they were read, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def _plain_address(text: str) -> str:
    """Without a zone: what stands behind its `%` may be any text, which nginx would read."""
    if "%" in text:
        raise ValueError("an address without a zone")
    return str(ipaddress.ip_address(text))


def _day(found: object) -> object:
    """Group data has text, YAML its own dates."""
    if not isinstance(found, str):
        return found
    try:
        if re.fullmatch("20[0-9]{2}-[0-9]{2}-[0-9]{2}", found):
            return date.fromisoformat(found)
    except ValueError:
        pass
    raise ValueError("a day of the calendar, as 2026-11-01")


# nginx values cannot be escaped and Compose interpolates `$`, so names are restricted instead.
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$")]
# What clients write into "model": may carry an organisation, never a quote, blank or brace.
PublicName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,126}[A-Za-z0-9]$")
]
# nginx makes a variable of it; an underscore would have nginx drop the header.
HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,62}$")]
Port = Annotated[int, Field(ge=1, le=65535)]
# An address, not a name: what a name leads to can change between review and deploy.
Address = Annotated[str, AfterValidator(_plain_address)]
Day = Annotated[date, BeforeValidator(_day)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
"""ISO 4217."""
# Groups of an inventory; each has a Compose project of its own.
Role = Literal["gpu_hosts", "gateways", "monitors", "vector_stores"]


# A replica's name ends in its number, so that no replica is called like another one's stand-in.
_STAND_IN = "-surge"


def stand_in_of(replica: str) -> str:
    """The name of the second replica that stands in while a replica is replaced by `surge`."""
    return f"{replica}{_STAND_IN}"


def stands_in_for(name: str) -> str:
    """The replica of a stand-in's name; empty for any other name."""
    return name.removesuffix(_STAND_IN) if name.endswith(_STAND_IN) else ""


def member_of(replica: str, rank: int) -> str:
    """The name of a replica's container on its further hosts; rank 0 has the replica's own."""
    return f"{replica}-rank{rank}" if rank else replica


def stands_behind(name: str) -> str:
    """The replica whose container on a further host is called so; empty for any other name."""
    found = re.fullmatch(r"(.+-[0-9]+)-rank[0-9]+", name)
    return found[1] if found else ""


def bracketed(address: str) -> str:
    """An address as it stands before a port: IPv6 in brackets."""
    return f"[{address}]" if ":" in address else address
