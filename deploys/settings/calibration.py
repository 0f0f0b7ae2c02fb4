"""By how much engines were measured to differ from the plan.

It stands in inventories/calibration/<environment>.yaml.
`homeport calibrate` writes it from what the engines themselves reported at their start; the file is
committed and reviewed like the rest, and the next plan corrects its estimates by it.
"""

from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, ValidationError

from deploys.settings.hardware import PartName
from deploys.settings.refusal import Complaint, Refused
from deploys.settings.validation import complaints_of, near_miss
from deploys.settings.words import Frozen, Name
from deploys.settings.yaml_text import read_yaml

HINT = "`homeport calibrate` writes it anew; without the file plans use their own numbers"
# Parts that are measured because arithmetic alone does not give them. `outside` is what vLLM takes
# beside torch: libraries and workspaces of attention.
CalibratedPart = Literal[
    "weights", "compute_buffer", "projector", "draft", "process", "outside", "graphs"
]
# More than any GPU has: a slip of units, not a measurement.
MOST_MIB = 262_144
CorrectionMib = Annotated[float, Field(ge=-MOST_MIB, le=MOST_MIB, allow_inf_nan=False)]
DeviceName = Annotated[str, StringConstraints(pattern=r"^(CPU|GPU(0|[1-9]\d?))$")]


class Measured(Frozen):
    """Starts of one engine with one model on GPUs of one kind."""

    engine: Literal["llamacpp", "vllm"]
    version: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z.+_-]*$")]
    """As the engine said it: `b11669`, `0.33.0`."""
    gpu: PartName = ""
    """The GPUs' name; empty: in RAM alone."""
    gpus: Annotated[int, Field(ge=0, le=64)]
    model: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z._-]*$")]
    """The entry of the catalogue."""
    corrections_mib: dict[DeviceName, dict[CalibratedPart, CorrectionMib]]
    """Measured less what the plan expects by itself."""


class Calibration(Frozen):
    """All hosts of an environment, by host name."""

    hosts: dict[Name, tuple[Measured, ...]] = Field(default_factory=dict)


def calibration_file(environment: str) -> str:
    """Its path below the repository root."""
    return f"inventories/calibration/{environment}.yaml"


def read_calibration(root: Path, environment: str, hosts: Collection[str]) -> Calibration:
    """The committed calibration of these hosts, empty where there is none; raises Refused."""
    file = calibration_file(environment)
    if not (root / file).is_file():
        return Calibration()
    document = read_yaml(root, file, HINT) or {}
    try:
        found = Calibration.model_validate(document, strict=False)
    except ValidationError as error:
        raise Refused(complaints_of(error, file, Calibration)) from error
    complaints = [*_strangers(found, file, hosts), *_doubled(found, file)]
    if complaints:
        raise Refused(complaints)
    return found


def _strangers(calibration: Calibration, file: str, hosts: Collection[str]) -> list[Complaint]:
    return [
        Complaint(file, f"hosts.{host}", "is no host of this environment", near_miss(host, hosts))
        for host in sorted(calibration.hosts)
        if host not in hosts
    ]


def _doubled(calibration: Calibration, file: str) -> list[Complaint]:
    complaints = []
    for host, entries in calibration.hosts.items():
        keys = [(one.engine, one.version, one.gpu, one.gpus, one.model) for one in entries]
        for number, key in enumerate(keys):
            if key in keys[:number]:
                found = f"measures {key[0]} {key[1]} with {key[4]} a second time"
                complaints.append(Complaint(file, f"hosts.{host}.{number}", found, "keep one"))
    return complaints
