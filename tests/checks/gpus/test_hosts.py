"""What is judged by more than one GPU: slices, links, other people's work, NVSwitches."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from checks.gpus import configuration, links
from checks.gpus.findings import Examined, findings
from checks.gpus.health import Gpu as Read
from checks.gpus.health import Health
from checks.probes.on_host import linux
from deploys.render.release import PlannedReplica
from tests.checks.deployment import planned as planned_replica
from tests.checks.gpus.asking import ask, examined, planned
from tests.checks.gpus.rules import rules
from tests.lab.fake_driver import FakeDriver
from tests.lab.gpus import Gpu, gpu_uuid, mig_slices

SLICES = mig_slices(("3g.40gb", 40448, 60))
SLICED, WHOLE = 0, 1


@pytest.fixture(scope="module")
def health(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Health]:
    """A GPU that is cut into slices, and one on which others hold 2000 MiB; asked once."""
    with pytest.MonkeyPatch.context() as patch:
        driver = FakeDriver(tmp_path_factory.mktemp("hosts"))
        driver.has(Gpu("h100", SLICES), Gpu("h100", {"processes.compute": "1:2000"}))
        driver.answers_nvml(patch)
        yield ask()


@pytest.mark.parametrize(
    ("gpu", "slices", "words"),
    [
        (SLICED, (SLICES["mig.0.uuid"],), ""),
        (SLICED, ("MIG-gone",), "no slice MIG-gone: slices were made anew"),
        (SLICED, (), "MIG is on: it is planned as a whole GPU"),
        (WHOLE, ("MIG-gone",), "MIG is off: 1 slices are planned"),
        (WHOLE, (), ""),
    ],
)
def test_slices_are_compared_with_the_plan(
    health: Health, gpu: int, slices: tuple[str, ...], words: str
) -> None:
    subject = Examined("gpu1", health, planned([gpu], slices=slices))
    found = findings(subject, rules(subject)["mig"])[0]
    assert "\n".join(map(str, found)).endswith(words)
    assert bool(found) == bool(words)


def test_cards_without_a_bridge_are_not_judged_by_their_links(driver: FakeDriver) -> None:
    down = {f"nvlink.{link}": "0" for link in range(18)}
    driver.has(Gpu("h100", down), Gpu("h100", down))
    subject = examined(ask(), 0, 1)
    found, unjudged = findings(subject, rules(subject)["nvlink"])
    assert found == []
    assert len(unjudged) == 2
    assert "nothing connects them" in unjudged[0]


def _replica(mib: float) -> tuple[PlannedReplica, ...]:
    device = {"device": "CUDA0", "gpu": gpu_uuid("gpu1", WHOLE)}
    parts = {"expected_mib": {"weights": mib}, "upper_mib": {"weights": mib}}
    words = planned_replica("chat-1", devices=[{**device, **parts}])
    return (PlannedReplica.model_validate(words, strict=False),)


@pytest.mark.parametrize(("planned_mib", "severity"), [(80000.0, "fail"), (40000.0, "warn")])
def test_other_people_s_memory_fails_where_the_plan_needs_it(
    health: Health, planned_mib: float, severity: str
) -> None:
    subject = examined(health, WHOLE)
    rule = rules(subject, _replica(planned_mib))["foreign"]
    (found,) = findings(subject, rule)[0]
    assert found.severity == severity
    assert "2000 MiB are held by" in found.evidence
    assert "(PID 1)" in found.evidence


def test_the_kit_s_own_processes_are_nobody_else_s() -> None:
    reading = [{"pid": 1, "held_bytes": 2**30, "name": "vllm", "ours": True}]
    gpu = Read(0, {"processes": reading})
    assert list(configuration.foreign_memory((), gpu)) == []


def _switched(**changes: object) -> str:
    manager = {"runs": True, "version": "580.95.05", **changes}
    system = {"switches": 4, "fabric_manager": manager}
    health = Health("NVML", None, driver="580.95.05", system=system)
    return "\n".join(map(str, links.fabric_manager(Examined("gpu1", health, ()))))


def test_nvswitches_with_their_fabric_manager_pass() -> None:
    assert _switched() == ""


def test_nvswitches_without_a_fabric_manager_fail() -> None:
    assert _switched(runs=False).startswith("4 NVSwitches, and no fabric manager runs")


def test_a_fabric_manager_of_another_version_fails() -> None:
    assert _switched(version="575.57.08").startswith("fabric manager 575.57.08, driver 580.95.05")


def test_a_host_without_nvswitches_needs_no_fabric_manager(health: Health) -> None:
    assert list(links.fabric_manager(examined(health, WHOLE))) == []


def test_switches_versions_and_programs_are_read_from_files(tmp_path: Path) -> None:
    files = {
        "sys/bus/pci/devices/0000:05:00.0/vendor": "0x10de",
        "sys/bus/pci/devices/0000:05:00.0/class": "0x068000",
        "sys/module/nvidia/version": "580.95.05",
        "usr/lib/x86_64-linux-gnu/libnvidia-ml.so.580.95.05": "",
        "proc/77/comm": "nv-fabricmanage",
    }
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(f"{text}\n")
    root = str(tmp_path)
    assert linux.nvidia_devices(root, linux.SWITCH_CLASSES) == 1
    assert linux.nvidia_devices(root) == 0
    assert linux.driver_versions(root) == ("580.95.05", ["580.95.05"])
    assert linux.runs("nv-fabricmanager", root)
    assert not linux.runs("nvidia-persistenced", root)
