"""What each host is made of: inventories/hardware/<environment>.yaml."""

from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field, ValidationError

from deploys.settings.refusal import Complaint, Refused
from deploys.settings.validation import complaints_of
from deploys.settings.words import Frozen


class Cpu(Frozen):
    """Physical cores: hyper-threads do not speed up inference."""

    physical_cores: Annotated[int, Field(ge=1, le=1024)]


class Gpu(Frozen):
    """One GPU, by UUID: indices change when a card is lost."""

    uuid: str
    name: str
    memory_mib: Annotated[int, Field(gt=0)]


class HostHardware(Frozen):
    """One host."""

    cpu: Cpu
    memory_mib: Annotated[int, Field(gt=0)]
    gpus: tuple[Gpu, ...] = ()


class Hardware(Frozen):
    """All hosts of an environment, by host name."""

    hosts: dict[str, HostHardware]


def read_hardware(root: Path, environment: str) -> Hardware:
    """The committed hardware of `environment`; refuses what does not fit the schema."""
    file = f"inventories/hardware/{environment}.yaml"
    path = root / file
    if not path.is_file():
        hint = "describe the hosts there; inventories/README.md shows an example"
        raise Refused([Complaint(file, "", "is missing", hint)])
    try:
        return Hardware.model_validate(yaml.safe_load(path.read_text()) or {}, strict=False)
    except yaml.YAMLError as error:
        found = "is not YAML: " + str(error).replace("\n", " ")
        raise Refused([Complaint(file, "", found, "mend the line")]) from error
    except ValidationError as error:
        raise Refused(complaints_of(error, file, Hardware)) from error
