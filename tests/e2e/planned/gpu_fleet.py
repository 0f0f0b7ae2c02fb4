"""Two hosts with two GPUs each and a gateway, and a checkout that deploys to them over SSH."""

import pprint
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from deploys.render.image_tags import built_reference
from tests.e2e.checkout import ROOT, Checkout, make_checkout
from tests.lab.gpus import Gpu, gpu_uuid
from tests.lab.inventory import connection_data
from tests.lab.lab import Lab, fleet, running_lab

NAME = "planned"
IMAGES = ROOT / "deploys" / "images"
# The kit's own build of llama-server, for CPUs: no image for CUDA can run where no GPU is.
ENGINE = built_reference("llamacpp", IMAGES)
CARDS = {(host, number): gpu_uuid(host, number) for host in ("gpu1", "gpu2") for number in (0, 1)}
POOL = {
    "model": "tiny-random", "context_tokens": 512, "slots": 2, "replicas": 4, "steady_seconds": 2,
}  # fmt: skip


@dataclass(frozen=True)
class GpuFleet:
    """The lab and the checkout."""

    lab: Lab
    checkout: Checkout

    def homeport(self, arguments: str, *, expect: int | None = 0) -> str:
        """Runs a verb in the checkout; gives stdout and stderr together."""
        return self.checkout.homeport(arguments, expect=expect)

    def services(self, host: str) -> dict[str, Any]:
        """The engines of a host as they are rendered."""
        file = self.checkout.path / "compose" / NAME / host / "gpu_hosts" / "compose.yaml"
        services: dict[str, Any] = yaml.safe_load(file.read_text())["services"]
        return services

    def planned(self, host: str) -> dict[str, list[str]]:
        """Service -> UUIDs of the GPUs that are rendered for it."""
        return {
            name: [
                device.removeprefix("nvidia.com/gpu=")
                for one in service["deploy"]["resources"]["reservations"]["devices"]
                for device in one["device_ids"]
            ]
            for name, service in self.services(host).items()
        }


@contextmanager
def gpu_fleet(folder: Path) -> Iterator[GpuFleet]:
    """Hosts with Docker and their GPUs' CDI specification; that Docker uses it the kit sees to."""
    gpus = (Gpu("h100"), Gpu("l4"))
    with running_lab(NAME, fleet(gpus=gpus, image="docker")) as lab:
        for host in lab.hosts:
            is_gateway = host.name.startswith("gate")
            host.load_image(built_reference("nginx", IMAGES) if is_gateway else ENGINE)
        yield GpuFleet(lab, _checkout(lab, folder))


def _checkout(lab: Lab, folder: Path) -> Checkout:
    checkout = make_checkout(folder)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    key = folder / ".homeport" / "fleet.key"
    key.parent.mkdir()
    key.touch(0o600)
    key.write_text("key-of-the-fleet-of-the-tests\n")
    names = [host.name for host in lab.hosts]
    groups = {
        NAME: [
            (host.name, {"ssh_hostname": host.address, "address": host.address})
            for host in lab.hosts
        ],
        "gpu_hosts": [name for name in names if name.startswith("gpu")],
        "gateways": [name for name in names if name.startswith("gate")],
    }
    data = {
        **connection_data(lab),
        "pools": {"chat": POOL},
        "clients": {"tester": {"key": "file:.homeport/fleet.key"}},
        "gateway": {"address": lab.host("gate1").address, "port": 8080},
        # As a site names its own image.
        "images": {"llamacpp_cuda": {"reference": ENGINE}},
        "nvidia": {"managed": False},
    }
    inventories = folder / "inventories"
    (inventories / f"{NAME}.py").write_text(_assignments(groups))
    (inventories / "group_data" / f"{NAME}.py").write_text(_assignments(data))
    return checkout


def _assignments(values: dict[str, object]) -> str:
    return "".join(f"{name} = {pprint.pformat(value)}\n" for name, value in values.items())
