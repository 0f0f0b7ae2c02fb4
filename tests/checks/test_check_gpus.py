"""The checks of GPUs as `homeport verify` runs them: all pass, each fails, some are skipped."""

import dataclasses
import shutil
import time
from collections.abc import Sequence
from typing import Any

import pytest

from checks.gpus.health import Health
from checks.probes import gpus
from deploys.render.release import ExpectedHardware, PlannedReplica
from deploys.settings.inventory import InventoryHost
from tests.checks.conftest import RunChecks, failed, messages
from tests.checks.deployment import Deployment, planned
from tests.checks.fake_docker import FakeEngine
from tests.checks.gpus.asking import planned as planned_gpus
from tests.lab.fake_driver import FakeDriver
from tests.lab.gpus import Gpu, gpu_uuid

# Faults of GPU 1, which are there together -> the check of each, and the words that it fails by.
FAULTS: dict[str, tuple[dict[str, str], str]] = {
    "no gpu waits for a recovery": ({"field.230": "2"}, "reboot of the host"),
    "no memory error is left uncorrected": ({"ecc.uncorrected.volatile": "1"}, "1 uncorrected"),
    "every failing memory row is replaced": ({"remapped.failed": "1"}, "could not be remapped"),
    "few memory pages are retired": ({"retired.0": "64", "retired.1": "0"}, "64 pages"),
    "each inforom is intact": ({"inforom": "!14"}, "infoROM is corrupted"),
    "nothing slows a gpu down": ({"throttle_reasons": "0x80"}, "power brake"),
    "no gpu is too hot": ({"temperature": "92", "temperature.margin": "-3"}, "92 °C"),
    "power limits leave enough": ({"power.limit_mw": "200000"}, "200 W of 700 W"),
    "each pcie link is wide and fast": ({"pcie.width": "1"}, "1 of 16 lanes"),
    "each nvlink is up": ({"nvlink.0": "0"}, "NVLink 0 of 18 down"),
    "the nvlink fabric is ready": ({"fabric.state": "2"}, "fabric state 2"),
    "drivers stay loaded": ({"persistence": "5"}, "persistence mode 5"),
    "mig is as planned": ({"mig.current": "1", "mig.pending": "1"}, "planned as a whole GPU"),
    "compute modes let engines in": ({"compute_mode": "2"}, "prohibited"),
    "nobody else takes gpu memory that is planned": (
        {"processes.compute": "1:9000"},
        "9000 MiB are held",
    ),
}
# What an H100 does not have.
NEW_BOARDS = {"few memory pages are retired"}


@pytest.fixture(autouse=True)
def host(deployment: Deployment, driver: FakeDriver, monkeypatch: pytest.MonkeyPatch) -> FakeDriver:
    """Two H100 are planned; chat-1 takes most of the second one and sees both."""
    monkeypatch.setattr(gpus, "APART_SECONDS", 0.0)
    driver.has(Gpu("h100"), Gpu("h100"))
    device = {"device": "CUDA0", "gpu": gpu_uuid("gpu1", 1)}
    parts = {"expected_mib": {"weights": 75000.0}, "upper_mib": {"weights": 75000.0}}
    replicas = (planned("chat-1", devices=[{**device, **parts}]), planned("chat-2"))
    deployment.commit(
        hardware=ExpectedHardware(physical_cores=1, memory_mib=1, gpus=planned_gpus([0, 1])),
        replicas=tuple(PlannedReplica.model_validate(one, strict=False) for one in replicas),
    )
    # The journal of this machine is nobody's business here.
    deployment.docker.folder.mkdir(exist_ok=True)
    _log(deployment)
    return driver


def _log(deployment: Deployment, *lines: str) -> None:
    program = deployment.docker.folder / "journalctl"
    program.write_text("#!/bin/sh\n" + "".join(f"echo '{line}'\n" for line in lines))
    program.chmod(0o755)


def test_healthy_gpus_pass_and_what_they_do_not_tell_is_skipped_and_said(
    run_checks: RunChecks,
) -> None:
    outcomes = run_checks("check_gpus.py")
    assert len(outcomes) == 21
    assert failed(outcomes, skipped=NEW_BOARDS) == set()
    assert "not to be judged here" in messages(outcomes)
    assert "retired pages: Not Supported" in messages(outcomes)


def test_each_check_fails_by_its_own_fault(run_checks: RunChecks, host: FakeDriver) -> None:
    faults = {key: value for changes, _ in FAULTS.values() for key, value in changes.items()}
    host.has(Gpu("h100"), Gpu("h100", faults))
    outcomes = run_checks("check_gpus.py")
    told = {line["check"]: line["message"] for line in outcomes.values() if _fails(line)}
    assert set(told) == set(FAULTS)
    for check, (_, words) in FAULTS.items():
        assert "GPU 1 (NVIDIA H100 80GB HBM3, 0000:29:00.0): " in told[check]
        assert words in told[check]
        assert "\nremedy: " in told[check]


def test_a_lost_gpu_fails_its_check_and_is_left_out_of_the_others(
    run_checks: RunChecks, host: FakeDriver
) -> None:
    host.change("gpus/1/state", {"lost": "1"})
    outcomes = run_checks("check_gpus.py")
    failing = {line["check"] for line in outcomes.values() if _fails(line)}
    assert failing == {"no gpu is lost", "every planned gpu is there"}
    assert "GPU 1: it is lost" in outcomes["no gpu is too hot localhost"]["message"]


def _fails(line: dict[str, Any]) -> bool:
    return bool(line["result"] == "failed")


def test_a_host_without_planned_gpus_is_not_asked(
    run_checks: RunChecks, deployment: Deployment
) -> None:
    deployment.commit(hardware=ExpectedHardware(physical_cores=1, memory_mib=1))
    assert "the nvidia driver answers localhost" not in run_checks(
        "check_hosts.py", "check_gpus.py"
    )


def test_a_driver_that_does_not_start_fails_one_check_and_skips_the_others(
    run_checks: RunChecks, host: FakeDriver, deployment: Deployment
) -> None:
    host.change("system", {"init": "!9"})
    outcomes = run_checks("check_gpus.py")
    bad = {line["check"]: line for line in outcomes.values() if _fails(line)}
    assert set(bad) == {"the nvidia driver answers"}
    assert "modprobe nvidia" in bad["the nvidia driver answers"]["message"]
    skipped = {
        line["check"]: line["message"] for line in outcomes.values() if line["result"] == "skipped"
    }
    assert len(skipped) == 18
    inside = skipped.pop("each container sees its gpus")
    assert "the driver answers nothing on the host: Driver Not Loaded" in inside
    assert "every planned gpu is there" in skipped
    for words in skipped.values():
        assert "the driver answers nothing: Driver Not Loaded" in words


def test_a_driver_of_another_version_fails_the_check_of_versions(
    run_checks: RunChecks, host: FakeDriver
) -> None:
    host.change("system", {"init": "!18"})
    outcomes = run_checks("check_gpus.py")
    failing = {line["check"] for line in outcomes.values() if _fails(line)}
    assert failing == {"driver and libraries are of one version"}


def test_a_planned_gpu_that_is_gone_fails_its_check(
    run_checks: RunChecks, host: FakeDriver, deployment: Deployment
) -> None:
    gone = ExpectedHardware(physical_cores=1, memory_mib=1, gpus=planned_gpus([0, 7]))
    deployment.commit(hardware=gone)
    outcomes = run_checks("check_gpus.py")
    failing = {line["check"] for line in outcomes.values() if _fails(line)}
    assert failing == {"every planned gpu is there"}


def test_a_driver_that_shows_no_gpu_fails_one_check_and_no_other_passes_for_want_of_any(
    run_checks: RunChecks, host: FakeDriver, deployment: Deployment
) -> None:
    shutil.rmtree(host.folder / "gpus")
    outcomes = run_checks("check_gpus.py")
    assert {line["check"] for line in outcomes.values() if _fails(line)} == {
        "every planned gpu is there"
    }
    skipped = {line["check"]: line for line in outcomes.values() if line["result"] == "skipped"}
    assert skipped.keys() >= FAULTS.keys()
    assert "no GPU" in skipped["no gpu is too hot"]["message"]


def test_an_xid_in_the_kernel_log_fails_its_check(
    run_checks: RunChecks, deployment: Deployment
) -> None:
    _log(deployment, f"{time.time():.6f} h kernel: NVRM: Xid (PCI:0000:18:00): 48, pid=1, DBE")
    outcomes = run_checks("check_gpus.py")
    (told,) = (line for line in outcomes.values() if _fails(line))
    assert told["check"] == "the kernel log has no gpu errors"
    assert "a memory error of two bits" in told["message"]


def test_a_kernel_log_that_cannot_be_read_is_skipped_and_says_why(
    run_checks: RunChecks, deployment: Deployment
) -> None:
    for name in ("journalctl", "dmesg"):
        program = deployment.docker.folder / name
        program.write_text("#!/bin/sh\necho not permitted >&2\nexit 1\n")
        program.chmod(0o755)
    outcomes = run_checks("check_gpus.py")
    log = "the kernel log has no gpu errors"
    assert failed(outcomes, skipped={*NEW_BOARDS, log}) == set()
    said = "(it may need root): journalctl: not permitted; dmesg: not permitted"
    assert said in outcomes[f"{log} localhost"]["message"]


def test_a_container_that_does_not_run_is_skipped_and_said(
    run_checks: RunChecks, deployment: Deployment
) -> None:
    deployment.docker.containers["chat-1"]["State"]["Status"] = "exited"
    outcomes = run_checks("check_gpus.py")
    inside = "each container sees its gpus"
    assert failed(outcomes, skipped={*NEW_BOARDS, inside}) == set()
    assert "chat-1 is not running" in outcomes[f"{inside} localhost"]["message"]


def test_few_retired_pages_pass_where_pages_are_retired(
    run_checks: RunChecks, host: FakeDriver
) -> None:
    host.has(Gpu("t4"), Gpu("t4", {"retired.0": "40", "retired.1": "15"}))
    line = run_checks("check_gpus.py")["few memory pages are retired localhost"]
    assert (line["result"], line["message"]) == ("passed", "")


@pytest.mark.parametrize(
    ("manager", "words"),
    [
        ({"runs": True, "version": "580.95.05"}, ""),
        ({"runs": False, "version": "580.95.05"}, "4 NVSwitches, and no fabric manager runs"),
        ({"runs": True, "version": "575.57.08"}, "fabric manager 575.57.08, driver 580.95.05"),
    ],
)
def test_nvswitches_need_the_fabric_manager_of_their_driver(
    manager: dict[str, Any], words: str, run_checks: RunChecks, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = gpus.ask

    def with_switches(host: InventoryHost, containers: Sequence[str]) -> Health:
        found = real(host, containers)
        system = {**found.system, "switches": 4, "fabric_manager": manager}
        return dataclasses.replace(found, driver="580.95.05", system=system)

    monkeypatch.setattr(gpus, "ask", with_switches)
    outcomes = run_checks("check_gpus.py")
    fabric = "the nvlink fabric is ready"
    assert failed(outcomes, skipped=NEW_BOARDS) == ({fabric} if words else set())
    assert words in outcomes[f"{fabric} localhost"]["message"]


def test_a_container_without_its_gpu_fails_its_check(
    run_checks: RunChecks, deployment: Deployment, tmp_path_factory: pytest.TempPathFactory
) -> None:
    seen = FakeDriver(tmp_path_factory.mktemp("seen")).has(Gpu("h100"))
    seen.change("system", {"init": "!999"})
    deployment.docker.engines["chat-1"] = FakeEngine(gpus=str(seen.folder))
    outcomes = run_checks("check_gpus.py")
    assert failed(outcomes, skipped=NEW_BOARDS) == {"each container sees its gpus"}
    assert "docker compose up --force-recreate" in messages(outcomes)


def test_warnings_are_notes_of_a_check_that_passes(run_checks: RunChecks, host: FakeDriver) -> None:
    host.has(Gpu("h100", {"persistence": "0"}), Gpu("h100"), Gpu("h100", {"remapped.failed": "1"}))
    outcomes = run_checks("check_gpus.py")
    assert failed(outcomes, skipped=NEW_BOARDS) == set()
    persistence = outcomes["drivers stay loaded localhost"]["message"]
    assert "warning: GPU 0 (NVIDIA H100 80GB HBM3, 0000:18:00.0): persistence mode" in persistence
    unused = outcomes["every failing memory row is replaced localhost"]["message"]
    assert "which the plan does not use: a row could not be remapped" in unused
