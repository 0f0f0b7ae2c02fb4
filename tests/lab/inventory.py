"""A lab as pyinfra sees it: an inventory as a user would write one, and runs over SSH from it."""

import json
import pprint
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lab import keys
from tests.lab.lab import Lab
from tests.lab.machine import ROOT, LabError

LONGEST_DEPLOY_SECONDS = 600


@dataclass(frozen=True)
class Controller:
    """A folder with an inventory of the lab; pyinfra runs in it as in a checkout."""

    folder: Path
    environment: str

    def pyinfra(self, deploy: str | Path, *options: str) -> subprocess.CompletedProcess[str]:
        """Hands a deploy to pyinfra: one of the kit's by its path in the checkout, or any file."""
        program = str(Path(sys.executable).with_name("pyinfra"))
        inventory = f"inventories/{self.environment}.py"
        return subprocess.run(
            [program, *options, inventory, str(ROOT / deploy)], cwd=self.folder, check=False,
            capture_output=True, text=True, timeout=LONGEST_DEPLOY_SECONDS,
        )  # fmt: skip

    def deploy(self, deploy: str | Path, *options: str) -> dict[str, Any]:
        """Applies a deploy; pyinfra's own JSON report. LabError with its output when it fails."""
        return self._report(deploy, "--yes", "--json", *options)

    def planned(self, deploy: str | Path, *options: str) -> dict[str, list[str]]:
        """Name of each operation that a dry run says would change something -> on which hosts."""
        plan = self._report(deploy, "--dry", "--json", *options)["plan"]
        return {op["name"]: op["hosts_with_change"] for op in plan if op["hosts_with_change"]}

    def _report(self, deploy: str | Path, *options: str) -> dict[str, Any]:
        done = self.pyinfra(deploy, *options)
        if done.returncode:
            raise LabError(
                f"pyinfra {deploy} ended with {done.returncode}", done.stdout + done.stderr
            )
        report: dict[str, Any] = json.loads(done.stdout)
        return report


def controller(lab: Lab, folder: Path, environment: str = "lab") -> Controller:
    """Writes an inventory of the lab into a folder, with how to reach its hosts."""
    data = folder / "inventories" / "group_data"
    data.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "config.py", folder)
    (data.parent / f"{environment}.py").write_text(inventory_text(lab, environment))
    (data / f"{environment}.py").write_text(assignments(connection_data(lab)))
    return Controller(folder, environment)


def inventory_text(lab: Lab, environment: str) -> str:
    """The hosts, and which play which role: gpu1, gpu2 … and gate1, gate2 …"""
    names = [host.name for host in lab.hosts]
    groups = {
        environment: [(host.name, {"ssh_hostname": host.address}) for host in lab.hosts],
        "gpu_hosts": [name for name in names if name.startswith("gpu")],
        "gateways": [name for name in names if name.startswith("gate")],
    }
    return assignments(groups)


def connection_data(lab: Lab) -> dict[str, object]:
    """pyinfra's data for the lab's hosts: an unprivileged user with sudo, and strict host keys."""
    folder = keys.folder(lab.name)
    return {
        "ssh_user": keys.USER,
        "ssh_key": str(folder / "key"),
        "ssh_known_hosts_file": str(folder / "known_hosts"),
        "ssh_strict_host_key_checking": "yes",
        "_sudo": True,
    }


def assignments(values: dict[str, Any]) -> str:
    """Python that gives each name its value."""
    return "".join(f"{name} = {pprint.pformat(value)}\n" for name, value in values.items())
