"""How much of answers a gateway keeps, for the pools whose answers it keeps at all."""

from typing import Annotated

from pydantic import Field

from deploys.settings.words import Frozen


class AnswerCache(Frozen):
    """Limits of one gateway; each keeps answers of its own."""

    seconds: Annotated[int, Field(ge=1, le=31_536_000)] = 86_400
    """How long an answer is given again. What nobody asks for is removed after the same time."""
    disk_mib: Annotated[int, Field(ge=1, le=1_048_576)] = 1024
    """Of the gateway's disk; what was asked for longest ago goes first. For up to ten seconds it
    may be more, by what comes in meanwhile."""
    memory_mib: Annotated[int, Field(ge=1, le=1024)] = 8
    """For the keys; a MiB holds 8,000 answers."""
    body_kib: Annotated[int, Field(ge=1, le=256)] = 256
    """Largest request whose answer is kept; more than 256 KiB nginx would have to read from a
    file."""
