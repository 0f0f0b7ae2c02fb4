"""Two hosts with a GPU each that are one replica, and a gateway; their checkout."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.catalogue.safetensors_files import CONFIG, TENSORS, safetensors
from tests.e2e.checkout import make_checkout
from tests.lab.gpus import Gpu
from tests.lab.inventory import assignments, connection_data
from tests.lab.lab import Lab, fleet, running_lab
from tests.lab.machine import ROOT
from tests.lab.served import INTERFACE, KEY, Served, pushed_images

NAME = "group"
POOL: Mapping[str, object] = {
    "model": "tiny-llama", "engine": "vllm", "hosts_per_replica": 2, "split_over_hosts": "tensors",
    "context_tokens": 512, "slots": 16, "steady_seconds": 2, "drain_seconds": 60,
    # A lab's daemon may not raise limits to the kit's default.
    "vllm": {"open_files": 16_384},
}  # fmt: skip


@dataclass(frozen=True)
class GroupFleet(Served):
    """The lab and its checkout; `images` are references in the lab's registry by what they are."""

    def render(self, image: str = "group", **words: object) -> None:
        """Commits an environment whose one pool has these words."""
        pool = {**POOL, **words}
        _write_environment(self.checkout.path, self.lab, self.images, image, pool)
        self.homeport(f"render {NAME}")

    def brings(self, arguments: str = "", *, expect: int = 0) -> str:
        """`homeport apply` without the checks afterwards."""
        return self.homeport(f"apply {NAME} --no-verify {arguments}", expect=expect)

    def ranks(self) -> dict[str, str]:
        """Service -> id of its container and when that was started, on both hosts."""
        shown = "{{.Id}} {{.State.StartedAt}}"
        ask = "docker ps -q --no-trunc --filter label=homeport.pool=chat"
        name = '{{index .Config.Labels "com.docker.compose.service"}}'
        found: dict[str, str] = {}
        for host in ("gpu1", "gpu2"):
            lines = self.host(host).run(
                f"ids=$({ask}); [ -z \"$ids\" ] || docker inspect -f '{name} {shown}' $ids"
            )
            for line in lines.splitlines():
                service, _, started = line.partition(" ")
                found[service] = started
        return found


@contextmanager
def group_fleet(folder: Path, images: Mapping[str, str]) -> Iterator[GroupFleet]:
    """Rendered and applied; `images` are this machine's, `nginx` and `group` among them."""
    hosts = fleet(gpus=(Gpu("h100"),), image="docker")
    with running_lab(NAME, hosts, registry=True) as lab:
        assert lab.registry is not None
        for host in lab.hosts:
            lab.registry.trusted_by(host)
        checkout = make_checkout(folder)
        (folder / ".venv").symlink_to(ROOT / ".venv")
        made = GroupFleet(lab, checkout, pushed_images(lab.registry, images=images))
        made.homeport(f"models add {_model(folder.parent / 'tiny-llama')}")
        _write_environment(checkout.path, lab, made.images, "group", POOL)
        made.homeport(f"survey {NAME}")
        made.render()
        yield made


def _model(folder: Path) -> Path:
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(safetensors(TENSORS))
    (folder / "config.json").write_text(json.dumps(CONFIG))
    template = {"chat_template": "{{ messages[0]['content'] }}"}
    (folder / "tokenizer_config.json").write_text(json.dumps(template))
    (folder / "tokenizer.json").write_text("{}")
    return folder


def _write_environment(
    root: Path, lab: Lab, images: Mapping[str, str], image: str, pool: Mapping[str, object]
) -> None:
    words = {
        "pools": {"chat": dict(pool)},
        "clients": {"tester": {"key": "file:.homeport/group.key"}},
        "gateway": {"address": lab.host("gate1").address, "port": 8080},
        "images": {
            "vllm": {"reference": images[image]},
            "nginx": {"reference": images["nginx"]},
        },
        "nvidia": {"managed": False},
        **connection_data(lab),
    }
    names = [host.name for host in lab.hosts]
    groups = {
        NAME: [
            (
                host.name,
                {"ssh_hostname": host.address, "address": host.address, "interface": INTERFACE},
            )
            for host in lab.hosts
        ],
        "gpu_hosts": [name for name in names if name.startswith("gpu")],
        "gateways": [name for name in names if name.startswith("gate")],
    }
    folder = root / "inventories"
    (folder / f"{NAME}.py").write_text(assignments(groups))
    (folder / "group_data" / f"{NAME}.py").write_text(assignments(words))
    key = root / ".homeport" / "group.key"
    key.parent.mkdir(exist_ok=True)
    key.touch(0o600)
    key.write_text(f"{KEY}\n")
