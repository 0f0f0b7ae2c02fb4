"""What is judged by more than one GPU: slices, links, other people's work, NVSwitches."""

from pathlib import Path

import pytest

from checks.gpus import configuration, links
from checks.gpus.findings import Examined, findings
from checks.probes.gpus import Gpu as Read
from checks.probes.gpus import Health
from checks.probes.on_host import linux
from deploys.render.release import PlannedReplica
from tests.checks.deployment import planned as planned_replica
from tests.checks.gpus.asking import ask, examined, planned
from tests.checks.gpus.rules import all_found, rules
from tests.lab.fake_driver import FakeDriver
from tests.lab.gpus import Gpu, gpu_uuid, mig_slices

SLICES = mig_slices(("3g.40gb", 40448, 60))


def _mig(health: Health, *slices: str) -> str:
    subject = Examined("gpu1", health, planned([0], slices=slices))
    return "\n".join(map(str, findings(subject, rules(subject)["mig"])[0]))


def test_planned_slices_that_are_there_pass(driver: FakeDriver) -> None:
    driver.has(Gpu("h100", SLICES))
    assert _mig(ask(), SLICES["mig.0.uuid"]) == ""


def test_a_slice_that_was_made_anew_has_another_uuid_and_is_missed(driver: FakeDriver) -> None:
    driver.has(Gpu("h100", SLICES))
    assert "no slice MIG-gone: slices were made anew" in _mig(ask(), "MIG-gone")


def test_planned_slices_of_a_gpu_that_is_whole_are_missed(driver: FakeDriver) -> None:
    driver.has(Gpu("h100"))
    assert "MIG is off: 1 slices are planned" in _mig(ask(), "MIG-gone")


def test_links_that_lead_to_no_other_gpu_are_found(driver: FakeDriver) -> None:
    driver.has(Gpu("h100", {"p2p.nvlink.1": "3"}), Gpu("h100", {"p2p.nvlink.0": "3"}))
    found = all_found(examined(ask(), 0, 1))
    assert [rule for rule, _, _ in (*found[0], *found[1])] == ["nvlink", "nvlink"]
    assert "peer-to-peer status 3 with every other GPU" in found[0][0][2]


def test_cards_without_a_bridge_are_not_judged_by_their_links(driver: FakeDriver) -> None:
    down = {f"nvlink.{link}": "0" for link in range(18)}
    driver.has(Gpu("h100", down), Gpu("h100", down))
    subject = examined(ask(), 0, 1)
    found, unjudged = findings(subject, rules(subject)["nvlink"])
    assert found == []
    assert len(unjudged) == 2
    assert "nothing connects them" in unjudged[0]


def _replica(mib: float) -> tuple[PlannedReplica, ...]:
    device = {"device": "CUDA0", "gpu": gpu_uuid("gpu1", 0)}
    parts = {"expected_mib": {"weights": mib}, "upper_mib": {"weights": mib}}
    words = planned_replica("chat-1", devices=[{**device, **parts}])
    return (PlannedReplica.model_validate(words, strict=False),)


@pytest.mark.parametrize(("planned_mib", "severity"), [(80000.0, "fail"), (40000.0, "warn")])
def test_other_people_s_memory_fails_where_the_plan_needs_it(
    driver: FakeDriver, planned_mib: float, severity: str
) -> None:
    driver.has(Gpu("h100", {"processes.compute": "1:2000"}))
    subject = examined(ask(), 0)
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


def test_a_host_without_nvswitches_needs_no_fabric_manager(two_cards: FakeDriver) -> None:
    assert list(links.fabric_manager(examined(ask(), 0, 1))) == []


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
