"""A checkout of a fleet whose hosts answer over a fake `ssh`, each after the time it would take.

What a host says to a question is worked out once, by running it here over a fake Docker and the
fake driver, and is repeated afterwards: what is measured is the kit, not a hundred hosts on one
machine. Who runs the hosts costs nothing; who asks them costs what it costs.
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import yaml

from deploys.render.release import ExpectedHardware
from tests.benchmarks.measure import Measured, measured
from tests.checks.deployment import ENVIRONMENT, HOST, Deployment, deploy
from tests.checks.gpus.asking import planned as planned_gpus
from tests.lab.fake_driver import FakeDriver
from tests.lab.gpus import Gpu
from tests.lab.inventory import assignments
from tests.lab.machine import ROOT
from tests.lab.nvml_library import library

# A connection over a fast network with keys; a completion of two engines; five looks at GPUs.
CONNECT_SECONDS, COMPLETION_SECONDS, GPU_SECONDS = 0.3, 2, 5
_SSH = """\
#!/bin/sh
for last; do host=$command; command=$last; done
echo "$host" >>{folder}/asked
late=$(cat "{folder}/slow/$host" 2>/dev/null || echo 0)
case $command in
  *python3*) sleep {gpu} ;;
  *completion*) sleep {completion} ;;
esac
sleep {connect}
sleep "$late"
answer={folder}/answers/$(printf %s "$command" | md5sum | cut -c 1-32)
if [ ! -e "$answer" ]; then
  PATH={docker}:$PATH sh -c "$command" >"$answer.$$" && mv "$answer.$$" "$answer"
fi
now=$(date +%s)
sed "/@@ clock$/{{n;s/.*/$now/}}" "$answer"
"""


@dataclass(frozen=True)
class FakeHosts:
    """The checkout, and the folder of `ssh`."""

    deployment: Deployment
    folder: Path

    def commit(self, hosts: int) -> None:
        """The environment has so many hosts with two engines and two GPUs each, and no gateway."""
        root = self.deployment.root
        release = self.deployment.release
        names = [f"gpu{number + 1:03}" for number in range(hosts)]
        composed = root / "compose" / ENVIRONMENT
        template = self.folder / "template"
        if not template.exists():
            shutil.move(composed / HOST, template)
        shutil.rmtree(composed)
        changed = release.model_copy(
            update={
                "gateway": None,
                "hardware": ExpectedHardware(
                    physical_cores=1, memory_mib=1, gpus=planned_gpus([0, 1])
                ),
            }
        ).model_dump(mode="json")
        for name in names:
            shutil.copytree(template, composed / name)
            text = yaml.safe_dump({**changed, "host": name}, sort_keys=False)
            (composed / name / "release.yaml").write_text(text)
        data = {"directory": str(self.deployment.directory), "ssh_strict_host_key_checking": "no"}
        groups = {ENVIRONMENT: [(name, data) for name in names], "gpu_hosts": names}
        (root / "inventories" / f"{ENVIRONMENT}.py").write_text(assignments(groups))

    def is_late(self, host: str, seconds: float) -> None:
        """Each answer of this host takes so much longer."""
        (self.folder / "slow" / host).write_text(str(seconds))

    def verify(self) -> tuple[Measured, int]:
        """One run of every check, and how often a host was asked at most."""
        (self.folder / "asked").write_text("")
        command = [
            *(
                str(ROOT / ".venv" / "bin" / "pytest"),
                str(ROOT / "checks"),
                "-q",
                "-p",
                "no:cacheprovider",
            ),
            *(f"--environment={ENVIRONMENT}", f"--root={self.deployment.root}"),
        ]
        once = measured(command, self.folder, _words(self.folder), accept=(0, 1))
        asked = (self.folder / "asked").read_text().split()
        return once, max(map(asked.count, set(asked)), default=0)


def _words(folder: Path) -> dict[str, str]:
    return {
        "PATH": f"{folder}:{os.environ['PATH']}",
        "HOMEPORT_LAB_NVML": str(folder / "nvml"),
        "LD_LIBRARY_PATH": str(library().parent),
        "PYTHONPATH": str(ROOT),
    }


def fake_hosts(folder: Path, *, fast: bool = False) -> FakeHosts:
    """Writes all of it below `folder`; `fast`: hosts answer at once."""
    (folder / "checkout").mkdir()
    deployment = deploy(folder / "checkout")
    for name in ("answers", "slow"):
        (folder / name).mkdir()
    FakeDriver(folder / "nvml").has(Gpu("h100"), Gpu("h100"))
    ssh = folder / "ssh"
    seconds = (0, 0, 0) if fast else (CONNECT_SECONDS, COMPLETION_SECONDS, GPU_SECONDS)
    waits = dict(zip(("connect", "completion", "gpu"), seconds, strict=True))
    ssh.write_text(_SSH.format(folder=folder, docker=deployment.docker.folder, **waits))
    ssh.chmod(0o755)
    return FakeHosts(deployment, folder)
