"""Full apply and no-op of the kit and of Ansible, one after the other, on the same hosts."""

import sys
from dataclasses import asdict, dataclass
from difflib import unified_diff
from pathlib import Path
from statistics import median

from tests.benchmarks import ansible
from tests.benchmarks.fleet import ENVIRONMENT, Fleet, make_fleet
from tests.benchmarks.measure import Measured, measured, spread
from tests.lab.lab import Lab
from tests.lab.machine import LabError

TOOLS = ("homeport", "ansible")


@dataclass(frozen=True)
class Round:
    """Both tools once, right after each other, so that a busy machine is busy for both."""

    homeport: Measured
    ansible: Measured

    @property
    def wall_ratio(self) -> float:
        """How many times longer Ansible took."""
        return self.ansible.wall_seconds / self.homeport.wall_seconds

    @property
    def cpu_ratio(self) -> float:
        """The same of the controller's processor."""
        return self.ansible.cpu_seconds / self.homeport.cpu_seconds


def compare(lab: Lab, folder: Path, names: int, rounds: int) -> list[dict[str, object]]:
    """Rows for `names` SSH names: a full apply of files, and a no-op."""
    fleet = make_fleet(lab, folder, names)
    play = ansible.write_playbook(fleet)
    full: list[Round] = []
    nothing: list[Round] = []
    for number in range(rounds):
        found, left = {}, {}
        # Each is the first in turn: what a machine remembers is no merit of a tool.
        for tool in TOOLS if number % 2 == 0 else reversed(TOOLS):
            found[tool], left[tool] = full_and_nothing(fleet, tool, play)
        same_files(left)
        full.append(Round(found["homeport"][0], found["ansible"][0]))
        nothing.append(Round(found["homeport"][1], found["ansible"][1]))
    fleet.forget()
    shown = {"hosts": names, "lab_hosts": min(names, len(lab.hosts))}
    return [
        {"work": work, **shown, **_row(measurements)}
        for work, measurements in (("full apply (files)", full), ("no-op", nothing))
    ]


def full_and_nothing(
    fleet: Fleet, tool: str, play: list[str]
) -> tuple[tuple[Measured, Measured], str]:
    """Both runs of a tool, and what it left; LabError when the second changed anything."""
    fleet.forget()
    full = _run(fleet, tool, play)
    left, stamps = fleet.left(), fleet.stamps()
    nothing = _run(fleet, tool, play)
    after = fleet.stamps()
    if after != stamps:
        raise LabError(f"the second run of {tool} changed something", _difference(stamps, after))
    return (full, nothing), left


def same_files(left: dict[str, str]) -> None:
    """LabError when the tools did not do the same work."""
    if left["homeport"] != left["ansible"]:
        raise LabError(
            "the tools left different files", _difference(*(left[tool] for tool in TOOLS))
        )


def _difference(one: str, other: str) -> str:
    return "\n".join(unified_diff(one.splitlines(), other.splitlines(), lineterm="", n=0))


def _run(fleet: Fleet, tool: str, play: list[str]) -> Measured:
    kit = [sys.executable, "-m", "pyinfra", "-y", f"inventories/{ENVIRONMENT}.py", "site.py"]
    words = {"PYINFRA_PROGRESS": "off", "ANSIBLE_CONFIG": str(fleet.root / "ansible.cfg")}
    return measured(kit if tool == "homeport" else play, fleet.root, words)


def _row(rounds: list[Round]) -> dict[str, object]:
    return {
        "rounds": len(rounds),
        "homeport_seconds": spread([one.homeport.wall_seconds for one in rounds]),
        "ansible_seconds": spread([one.ansible.wall_seconds for one in rounds]),
        "wall_ratio": spread([one.wall_ratio for one in rounds]),
        "homeport_cpu_seconds": round(median(one.homeport.cpu_seconds for one in rounds), 2),
        "ansible_cpu_seconds": round(median(one.ansible.cpu_seconds for one in rounds), 2),
        "cpu_ratio": spread([one.cpu_ratio for one in rounds]),
        "measurements": [asdict(one) for one in rounds],
    }
