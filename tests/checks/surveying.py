"""Surveys of this machine, as the host gpu1 of the fake driver."""

from pathlib import Path

from checks.probes import survey
from checks.probes.survey import Surveyed
from deploys.settings.hardware import Gpu
from deploys.settings.inventory import InventoryHost
from tests.lab.gpus import gpu_uuid

HERE = InventoryHost("gpu1", "@local", (), {"directory": "/srv/homeport"})


def ask(*, measure_context: bool = False) -> Surveyed:
    """What the survey's program finds here."""
    return survey.survey(HERE, Path.cwd(), measure_context=measure_context)


def card(found: Surveyed, number: int) -> Gpu:
    """The GPU with the UUID that the lab gives to this number."""
    return next(one for one in found.hardware.gpus if one.uuid == gpu_uuid("gpu1", number))
