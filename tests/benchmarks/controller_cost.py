"""What a fleet costs the controller: the kit's own deploys on pyinfra's fake connector.

Nothing is connected to and each command is answered at once with nothing, so that every host looks
bare and gets a whole release. What remains is reading manifests, pyinfra's own work and ours.
"""

import shutil
import sys
from pathlib import Path

from tests.benchmarks.fleet import FOLDER, SITE, write_release
from tests.benchmarks.measure import Measured, measured
from tests.lab.inventory import assignments
from tests.lab.machine import ROOT

ENVIRONMENT = "fake"


def cost(folder: Path, hosts: int) -> dict[str, object]:
    """The row for so many hosts."""
    _write(folder, hosts)
    one = _apply(folder)
    return {
        "hosts": hosts,
        "cpu_seconds": round(one.cpu_seconds, 2),
        "wall_seconds": round(one.wall_seconds, 2),
        "cpu_milliseconds_per_host": round(1000 * one.cpu_seconds / hosts, 1),
        "largest_mib": round(one.largest_mib),
    }


def _write(folder: Path, hosts: int) -> None:
    names = [f"host{number + 1:03}" for number in range(hosts)]
    (folder / "inventories" / "group_data").mkdir(parents=True)
    shutil.copy(ROOT / "config.py", folder)
    (folder / "deploys").symlink_to(ROOT / "deploys")
    (folder / "site.py").write_text(SITE)
    data = {"directory": FOLDER, "fake_delay": 0}
    groups = {ENVIRONMENT: [(f"@fake/{name}", data) for name in names]}
    groups["gpu_hosts"] = [(f"@fake/{name}", {}) for name in names]
    (folder / "inventories" / f"{ENVIRONMENT}.py").write_text(assignments(groups))
    for name in names:
        write_release(folder, ENVIRONMENT, name)


def _apply(folder: Path) -> Measured:
    command = [sys.executable, "-m", "pyinfra", "-y", f"inventories/{ENVIRONMENT}.py", "site.py"]
    return measured(command, folder, {"PYINFRA_PROGRESS": "off"})
