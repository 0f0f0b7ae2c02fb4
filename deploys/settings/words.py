"""The pydantic base of all settings, and the patterns that settings words must match."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints


class Frozen(BaseModel):
    """Settings never change after they were read, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


# nginx values cannot be escaped and Compose interpolates `$`, so names are restricted instead.
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$")]
# What clients write into "model": may carry an organisation, never a quote, blank or brace.
PublicName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,126}[A-Za-z0-9]$")
]
Port = Annotated[int, Field(ge=1, le=65535)]
