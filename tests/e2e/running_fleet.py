"""A fresh fleet for rollouts: its hosts, its images and the repository that deploys it."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.rolling_fleet import KEY, Fleet
from tests.lab.images import image
from tests.lab.lab import fleet, running_lab
from tests.lab.machine import ROOT, docker, run


@contextmanager
def running_fleet(
    name: str, folder: Path, images: Mapping[str, str], gpu_hosts: int = 2, gateways: int = 1
) -> Iterator[Fleet]:
    """A fresh fleet with nothing deployed; `images` are this machine's, by what they are."""
    with running_lab(name, fleet(gpu_hosts, gateways, image="docker"), registry=True) as lab:
        registry = lab.registry
        assert registry is not None
        for host in lab.hosts:
            registry.trusted_by(host)
        pushed = {
            what: f"{registry.address}/{what}@{registry.push(reference, what)}"
            for what, reference in images.items()
        }
        made = Fleet(lab, folder, pushed)
        _make_repository(made)
        yield made


def engine_image(behaviour: str, double: str = "engine") -> str:
    """The slow double of llama-server, or another one, in one of its behaviours."""
    base = image(double)
    reference = f"{base}-{behaviour.replace(' ', '-')}"
    text = f'FROM {base}\nENV ENGINE_BEHAVIOUR="{behaviour}"\n'
    run("env", "DOCKER_BUILDKIT=0", "docker", "build", "--quiet", "--tag", reference, "-",
        given=text.encode())  # fmt: skip
    return reference


def forget_engine_images(*references: str) -> None:
    """Removes images of behaviours."""
    for reference in references:
        docker("image", "rm", "--force", reference, check=False)


def _make_repository(made: Fleet) -> None:
    for link in ("deploys", "templates", "checks"):
        (made.folder / link).symlink_to(ROOT / link)
    (made.folder / "config.py").write_text((ROOT / "config.py").read_text())
    names = [host.name for host in made.lab.hosts]
    groups = {
        "lab": [
            (h.name, {"ssh_hostname": h.address, "address": h.address}) for h in made.lab.hosts
        ],
        "gpu_hosts": [name for name in names if name.startswith("gpu")],
        "gateways": [name for name in names if name.startswith("gate")],
    }
    made.write("inventories/lab.py", groups)
    models = (ROOT / "inventories/models.yaml").read_text()
    (made.folder / "inventories/models.yaml").write_text(models)
    # One, as in tests/lab/served.py: threads that wait for each other spin.
    hardware = {"cpu": {"physical_cores": 1}, "memory_mib": 8192, "gpus": []}
    path = made.folder / "inventories/hardware/lab.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"hosts": dict.fromkeys(names, hardware)}))
    key = made.folder / "load.key"
    key.touch(0o600)
    key.write_text(f"{KEY}\n")
