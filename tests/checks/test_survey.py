"""The survey's program on this machine's python3, with NVIDIA's pynvml on fake driver libraries."""

import ast
import shutil
from pathlib import Path

import pytest

from checks.probes import on_host, survey
from checks.probes.host import Unreachable
from checks.probes.survey import NotSurveyed, Surveyed
from deploys.settings.hardware import Gpu as Found
from deploys.settings.inventory import InventoryHost
from tests.lab.fake_driver import FakeDriver
from tests.lab.gpus import Gpu, gpu_uuid, mig_slices
from tests.lab.machine import LabError
from tests.lab.nvml_library import library

HERE = InventoryHost("gpu1", "@local", (), {"directory": "/srv/homeport"})
NEWER_CALLS = (
    "nvmlDeviceGetMemoryInfo_v2",
    "nvmlDeviceGetMemoryAffinity",
    "nvmlDeviceGetP2PStatus",
    "nvmlDeviceGetMigMode",
)


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeDriver:
    try:
        library()
    except LabError as error:
        pytest.skip(str(error))
    found = FakeDriver(tmp_path / "nvml")
    found.has()
    found.answers_nvml(monkeypatch)
    return found


def ask(*, measure_context: bool = False) -> Surveyed:
    return survey.survey(HERE, Path.cwd(), measure_context=measure_context)


def card(found: Surveyed, number: int) -> Found:
    return next(one for one in found.hardware.gpus if one.uuid == gpu_uuid("gpu1", number))


def test_a_card_is_read_with_all_its_facts(driver: FakeDriver) -> None:
    driver.has(Gpu("h100"), Gpu("h100"), Gpu("rtx4090"))
    found = ask()
    assert (found.hardware.driver, found.hardware.cuda) == ("580.95.05", "13.0")
    assert found.remarks == ()
    assert card(found, 0) == Found(
        uuid=gpu_uuid("gpu1", 0),
        name="NVIDIA H100 80GB HBM3",
        memory_mib=81559,
        visible_mib=81079,
        compute_capability="9.0",
        sm_count=132,
        pcie="0000:18:00.0",
        pcie_generation=5,
        pcie_width=16,
        nvlink_peers=(gpu_uuid("gpu1", 1),),
    )
    assert card(found, 2).nvlink_peers == ()


def test_an_empty_context_is_measured_when_asked_for(driver: FakeDriver) -> None:
    driver.has(Gpu("rtx4090"))
    assert card(ask(measure_context=True), 0).process_mib == 456
    assert card(ask(), 0).process_mib is None


def test_memory_that_others_hold_is_told(driver: FakeDriver) -> None:
    driver.has(Gpu("rtx4090", {"memory.used_mib": "700", "processes.compute": "1:650"}))
    assert card(ask(), 0).used_mib == 704


def test_cards_stand_in_the_order_of_the_bus(driver: FakeDriver) -> None:
    driver.has(Gpu("l4", {"pci.bus_id": "00000000:E1:00.0"}), Gpu("l4"))
    assert [gpu.pcie for gpu in ask().hardware.gpus] == ["0000:29:00.0", "0000:e1:00.0"]


def test_a_card_in_mig_mode_has_its_slices(driver: FakeDriver) -> None:
    driver.has(Gpu("h100", mig_slices(("3g.40gb", 40448, 60), ("1g.10gb", 9856, 16))))
    found = ask()
    assert {(one.profile, one.memory_mib, one.sm_count) for one in card(found, 0).mig} == {
        ("3g.40gb", 40448, 60),
        ("1g.10gb", 9856, 16),
    }
    assert found.remarks == ()


def test_a_card_in_mig_mode_without_slices_is_left_out_and_said(driver: FakeDriver) -> None:
    driver.has(Gpu("h100", {"mig.current": "1"}), Gpu("l4"))
    found = ask()
    assert [gpu.name for gpu in found.hardware.gpus] == ["NVIDIA L4"]
    assert "MIG is on and it has no slices" in found.remarks[0]


def test_an_old_driver_without_newer_calls_is_read_as_far_as_it_goes(
    driver: FakeDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver.has(Gpu("h100"), Gpu("h100")).answers_nvml(monkeypatch, lacking=NEWER_CALLS)
    found = ask()
    # 551 MiB are the driver's own reserve, which its only call counts as used.
    assert (card(found, 0).memory_mib, card(found, 0).used_mib) == (81559, 576)
    assert card(found, 0).nvlink_peers == ()
    assert "counts its own reserve as used" in found.remarks[0]


def test_what_a_board_does_not_support_is_left_out_and_said(driver: FakeDriver) -> None:
    lacking = {"pcie.max_generation", "pcie.max_width", "compute_capability", "pci.bus_id"}
    # CUDA knows the capability as well, so that it has to be hidden there too.
    driver.has(Gpu("l4", dict.fromkeys((*lacking, "cuda.visible_mib"), "!3")))
    found = ask()
    only = Found(uuid=gpu_uuid("gpu1", 0), name="NVIDIA L4", memory_mib=23034)
    assert card(found, 0) == only
    assert len([one for one in found.remarks if "Not Supported" in one]) == len(lacking)


def test_a_lost_card_is_left_out_and_said_and_its_neighbour_is_read(driver: FakeDriver) -> None:
    driver.has(Gpu("h100"), Gpu("l4")).change("gpus/0/state", {"lost": "1"})
    found = ask()
    assert [gpu.name for gpu in found.hardware.gpus] == ["NVIDIA L4"]
    assert "GPU 0 is left out: GPU is lost" in found.remarks[0]


def test_a_card_that_cannot_be_read_is_left_out_and_said(driver: FakeDriver) -> None:
    bad = [Gpu("h100", change) for change in ({"handle": "!999"}, {"name": "!15"}, {"name": "!3"})]
    driver.has(*bad, Gpu("l4"))
    found = ask()
    assert [gpu.name for gpu in found.hardware.gpus] == ["NVIDIA L4"]
    assert len([one for one in found.remarks if "left out" in one]) == len(bad)


def test_a_host_without_cards_has_none(driver: FakeDriver) -> None:
    assert ask().hardware.gpus == ()


def test_what_cuda_refuses_is_said_and_nvml_s_facts_stay(driver: FakeDriver) -> None:
    driver.has(Gpu("h100")).change("system", {"cuda.init": "!802"})
    found = ask()
    assert (card(found, 0).visible_mib, card(found, 0).compute_capability) == (None, "9.0")
    assert found.remarks == ("what CUDA sees could not be read: cuInit answers 802 CUDA_ERROR_802",)


def test_a_card_that_cuda_does_not_show_is_said(driver: FakeDriver) -> None:
    driver.has(Gpu("h100"), Gpu("l4", {"cuda.visible_mib": "!3"}))
    found = ask()
    assert [gpu.visible_mib for gpu in found.hardware.gpus] == [81079, None]
    assert f"{gpu_uuid('gpu1', 1)}: CUDA does not show it as a whole GPU" in found.remarks


@pytest.mark.parametrize(
    ("code", "said"),
    [("!18", "kernel module"), ("!999", "NVML does not start")],
)
def test_a_driver_that_does_not_start_is_no_host_without_cards(
    driver: FakeDriver, code: str, said: str
) -> None:
    driver.change("system", {"init": code})
    with pytest.raises(NotSurveyed, match=said):
        ask()


def test_libraries_alone_are_a_host_without_cards(driver: FakeDriver) -> None:
    driver.change("system", {"init": "!9"})
    found = ask()
    assert found.hardware.gpus == ()
    assert found.remarks == ("NVIDIA's libraries are there, and no GPU is",)


def test_a_driver_that_hangs_ends_at_the_limit_with_where_it_stood(
    driver: FakeDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver.has(Gpu("h100")).change("system", {"delay_ms": "60000"})
    monkeypatch.setattr(survey, "LIMIT_SECONDS", 4)
    with pytest.raises(Unreachable, match="no answer within 4 s, asking NVML"):
        ask()


def python_without_ctypes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A python3 as Debian's python3-minimal is: without ctypes and json."""
    program = folder / "python3"
    blocked = "import sys; sys.modules['ctypes'] = sys.modules['json'] = None"
    program.write_text(
        f'#!/bin/sh\nshift 2; code=$1; shift\nexec {shutil.which("python3")} -I -c "{blocked}\n'
        '$code" "$@"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_without_ctypes_nvidia_smi_is_asked(
    driver: FakeDriver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python_without_ctypes(tmp_path, monkeypatch)
    driver.has(Gpu("h100", {"memory.used_mib": "700"})).answers_nvidia_smi(monkeypatch)
    found = ask()
    assert (found.hardware.driver, found.hardware.cuda) == ("580.95.05", "13.0")
    assert card(found, 0) == Found(
        uuid=gpu_uuid("gpu1", 0),
        name="NVIDIA H100 80GB HBM3",
        memory_mib=81559,
        used_mib=704,
        compute_capability="9.0",
        pcie="0000:18:00.0",
        pcie_generation=5,
        pcie_width=16,
    )
    assert "read with nvidia-smi" in found.remarks[0]


def test_slices_that_nvidia_smi_cannot_describe_are_no_whole_card(
    driver: FakeDriver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python_without_ctypes(tmp_path, monkeypatch)
    driver.has(Gpu("h100", mig_slices(("3g.40gb", 40448, 60)))).answers_nvidia_smi(monkeypatch)
    with pytest.raises(NotSurveyed, match="MIG mode"):
        ask()


def test_a_host_without_python_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("sh", "timeout"):
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotSurveyed, match="it has no python3\nhint: `apt-get install python3`"):
        ask()


def test_a_python_that_fails_is_told_with_its_last_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "python3"
    program.write_text("#!/bin/sh\necho 'SyntaxError: invalid syntax' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(NotSurveyed, match="program fails there: SyntaxError"):
        ask()


def test_a_host_that_refuses_connections_is_unreachable(tmp_path: Path) -> None:
    data = {"ssh_hostname": "127.0.0.1", "ssh_port": 1, "ssh_user": "nobody"}
    data |= {"ssh_known_hosts_file": str(tmp_path / "known_hosts")}
    with pytest.raises(Unreachable, match="Connection refused"):
        survey.survey(InventoryHost("gpu1", "gpu1", (), data), Path.cwd())


ANSWER = "\n@@homeport@@ survey\n{'hardware': %s, 'remarks': []}\n@@homeport@@ end\n"
SMALL = "{'cpu': {'physical_cores': 4}, 'memory_mib': 100, 'gpus': []}"


def test_what_a_login_shell_prints_around_the_answer_does_not_matter() -> None:
    found = survey.read_answer("gpu1", "Welcome!\n" + ANSWER % SMALL + "bye\n")
    assert found.hardware.memory_mib == 100


def test_the_numa_node_of_a_card_stands_where_there_are_several() -> None:
    node = "{'node': %d, 'physical_cores': 2, 'memory_mib': 50}"
    nodes = f"[{node % 0}, {node % 1}]"
    gpu = "{'uuid': 'GPU-a', 'name': 'NVIDIA L4', 'memory_mib': 23034, 'numa_node': 1}"
    words = "{'cpu': {'physical_cores': 4, 'numa_nodes': %s}, 'memory_mib': 100, 'gpus': [%s]}"
    several = survey.read_answer("gpu1", ANSWER % (words % (nodes, gpu))).hardware
    assert [card.numa_node for card in several.gpus] == [1]
    one = survey.read_answer("gpu1", ANSWER % (words % ("[]", gpu))).hardware
    assert [card.numa_node for card in one.gpus] == [None]


@pytest.mark.parametrize("length", [0, 30, 60, 90])
def test_half_an_answer_is_none(length: int) -> None:
    with pytest.raises(NotSurveyed, match="its answer is cut off"):
        survey.read_answer("gpu1", (ANSWER % SMALL)[:length])


def test_an_answer_that_no_host_can_give_names_each_fact() -> None:
    wrong = "{'cpu': {'physical_cores': 0}, 'memory_mib': -1, 'gpus': []}"
    with pytest.raises(NotSurveyed) as refused:
        survey.read_answer("gpu1", ANSWER % wrong)
    assert "cpu.physical_cores: found 0; memory_mib: found -1" in str(refused.value)


@pytest.mark.parametrize("name", survey.MODULES)
def test_what_is_sent_is_python_3_8(name: str) -> None:
    source = (Path(on_host.__file__).parent / f"{name}.py").read_text()
    ast.parse(source, feature_version=(3, 8))
    # Later versions alone know how to evaluate `int | None` where a function is made.
    assert "from __future__ import annotations" in source


def test_what_is_sent_needs_no_part_of_python_that_a_minimal_one_lacks() -> None:
    sources = [(Path(on_host.__file__).parent / f"{name}.py") for name in survey.MODULES]
    imported = {
        alias.name.partition(".")[0]
        for source in sources
        for node in ast.walk(ast.parse(source.read_text()))
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    # ctypes stands in cuda.py alone, and pynvml in nvml.py, which are left out without it.
    assert imported == {"glob", "os", "re", "shutil", "subprocess", "sys", "ctypes", "pynvml"}
