"""Asks this machine for its GPUs as the host gpu1 of the fake driver, without pauses."""

from collections.abc import Sequence

import pytest

from checks.gpus.findings import Examined
from checks.gpus.health import Health
from checks.probes import gpus
from deploys.render.release import ExpectedGpu
from deploys.settings.inventory import InventoryHost
from tests.lab.gpus import gpu_uuid

HERE = InventoryHost("gpu1", "@local", (), {"directory": "/srv/homeport"})


def ask(*containers: str) -> Health:
    """What the program finds here; looks follow each other at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gpus, "APART_SECONDS", 0.0)
        return gpus.ask(HERE, containers)


def planned(numbers: Sequence[int], slices: tuple[str, ...] = ()) -> tuple[ExpectedGpu, ...]:
    """These GPUs of gpu1, as a commit names them."""
    return tuple(
        ExpectedGpu(
            uuid=gpu_uuid("gpu1", number), name=f"card {number}", memory_mib=1,
            compute_capability=None, slices=slices,
        )
        for number in numbers
    )  # fmt: skip


def examined(health: Health, *numbers: int) -> Examined:
    """The commit uses these of its GPUs."""
    return Examined("gpu1", health, planned(numbers))
