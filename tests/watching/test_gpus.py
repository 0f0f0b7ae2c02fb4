"""Which GPUs the watch calls unfit: by the rules of the checks, through NVIDIA's own pynvml."""

import ast
import json
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from deploys.watching import gpus
from deploys.watching.commands import Place
from deploys.watching.turns import one_question
from tests.checks.gpus.conditions import CONDITIONS, USUAL
from tests.lab.fake_driver import FakeDriver
from tests.lab.gpus import Gpu, gpu_uuid
from tests.lab.machine import ROOT
from tests.lab.waiting import until

# The others make a GPU slow, unhandy or somebody else's.
UNFIT = ("lost", "recovery", "errors", "rows", "pages")
PLACES = {name: number for number, name in enumerate((*USUAL, *CONDITIONS))}
SICK = [name for name, one in CONDITIONS.items() if one.rule in UNFIT and one.severity == "fail"]
LOG = "NVRM: Xid (PCI:0000:{}:00): {}, pid=1, name=python3, and so on"
ASK = """
import json, sys
from deploys.watching import gpus
from deploys.watching.commands import Place
try:
    print(repr(gpus.conditions(Place(sys.argv[1], ""), json.loads(sys.argv[2]))))
except gpus.Unanswered as reason:
    print(repr(str(reason)))
"""


def asked(folder: Path, *numbers: int) -> dict[int, str] | str:
    """Number of each of these GPUs that is unfit -> words; in a process that begins now."""
    wanted = {gpu_uuid("gpu1", number): number for number in numbers}
    command = [sys.executable, "-c", ASK, str(folder), json.dumps(list(wanted))]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    found: dict[str, str] | str = ast.literal_eval(done.stdout)
    if isinstance(found, str):
        return found
    return {wanted[uuid]: words for uuid, words in found.items()}


@pytest.fixture(scope="module")
def found(fake_libraries: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[int, str]:
    """A host with a GPU in each condition that the checks know, asked once."""
    folder = tmp_path_factory.mktemp("conditions")
    with pytest.MonkeyPatch.context() as patch:
        driver = FakeDriver(folder)
        driver.has(*USUAL.values(), *(one.gpu for one in CONDITIONS.values()))
        driver.answers_nvml(patch)
        told = asked(folder, *PLACES.values())
        assert isinstance(told, dict)
        return told


@pytest.mark.parametrize("name", SICK)
def test_a_gpu_is_unfit_when_it(name: str, found: dict[int, str]) -> None:
    # One that is lost does not even say its UUID, by which it is missed.
    words = "does not say what it is" if "is lost" in name else CONDITIONS[name].words
    assert words in found[PLACES[name]]


def test_no_gpu_is_unfit_that_is_only_hot_narrow_lent_or_well(found: dict[int, str]) -> None:
    others = set(PLACES) - set(SICK)
    assert len(others) > len(SICK) > 15
    assert [name for name in others if PLACES[name] in found] == []


def test_a_gpu_that_is_gone_is_unfit(driver: FakeDriver) -> None:
    driver.has(Gpu("h100"))
    assert asked(driver.folder, 0, 1) == {
        1: f"{gpu_uuid('gpu1', 1)}: it is not in the host: taken out, exchanged, or off the bus"
    }


@pytest.mark.parametrize(
    ("said", "minutes", "verdict", "words"),
    [
        (("18", 119), 10, "!3", "XID 119: the GPU's system processor (GSP) does not answer"),
        (("18", 95), 1, "!3", "XID 95: a memory error"),
        (("18", 119), 70, "!3", ""),
        (("29", 119), 10, "!3", ""),
        (("18", 13), 10, "!3", ""),
        # A driver that gives a verdict knows of resets, which its log does not.
        (("18", 119), 10, "0", ""),
    ],
)
def test_errors_of_an_hour_for_which_a_reset_is_due_count_where_the_driver_gives_no_verdict(
    said: tuple[str, int], minutes: int, verdict: str, words: str, driver: FakeDriver,
) -> None:  # fmt: skip
    driver.has(Gpu("h100", {"field.230": verdict}))
    programs = driver.folder / "programs"
    programs.mkdir()
    line = f"{time.time() - 60 * minutes:.6f} gpu1 kernel: {LOG.format(*said)}"
    (programs / "journalctl").write_text(f"#!/bin/sh\necho '{line}'\n")
    (programs / "journalctl").chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{programs}:/usr/bin:/bin")
        told = asked(driver.folder, 0)
    assert isinstance(told, dict)
    assert told.get(0, "").startswith(words)
    assert bool(told) == bool(words)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"field.230": "1"}, "recovery action 1: the driver asks for: GPU reset"),
        ({"ecc.uncorrected.volatile": "3"}, "3 uncorrected memory errors"),
        ({"remapped.pending": "1"}, "a row waits to be remapped"),
        ({"remapped.failed": "1"}, "a row could not be remapped"),
        ({"remapped.pending": "!3", "temperature": "99"}, ""),
    ],
)
def test_nvidia_smi_tells_it_where_the_driver_s_library_is_not_to_be_had(
    changes: dict[str, str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "checks.probes.on_host.health_by_nvml", None)
    FakeDriver(tmp_path / "nvml").has(Gpu("h100", changes)).answers_nvidia_smi(monkeypatch)
    told = gpus.conditions(Place(str(tmp_path), ""), [gpu_uuid("gpu1", 0)])
    assert list(told.values()) == ([told[gpu_uuid("gpu1", 0)]] if words else [])
    assert not words or told[gpu_uuid("gpu1", 0)].startswith(words)


@pytest.mark.parametrize(
    ("system", "words"),
    [({"init": "!9"}, "Driver Not Loaded"), ({"init": "!999"}, "Unknown Error")],
)
def test_a_driver_that_does_not_start_says_nothing_of_any_gpu(
    system: dict[str, str], words: str, driver: FakeDriver
) -> None:
    driver.has(Gpu("h100"))
    driver.change("system", dict(system))
    assert asked(driver.folder, 0) == words


def test_a_driver_that_hangs_is_left_behind_and_asked_again_when_it_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "checks.probes.on_host.health_by_nvml", None)
    driver = FakeDriver(tmp_path / "nvml").has(Gpu("h100"))
    driver.answers_nvidia_smi(monkeypatch)
    place = Place(str(tmp_path), "")
    driver.change("system", {"delay_ms": "60000"})
    with monkeypatch.context() as patch:
        patch.setattr(gpus, "SECONDS", 0.3)
        with pytest.raises(gpus.Unanswered, match=r"no answer within 0\.3 s"):
            gpus.conditions(place, [gpu_uuid("gpu1", 0)])
    driver.change("system", {"delay_ms": None})
    # Such a one cannot be ended where it hangs in the kernel.
    with ExitStack() as hung:
        until(lambda: hung.enter_context(one_question(place)))
        with pytest.raises(gpus.Unanswered, match=gpus.STILL):
            gpus.conditions(place, [gpu_uuid("gpu1", 0)])
    assert gpus.conditions(place, [gpu_uuid("gpu1", 0)]) == {}


def test_a_replica_is_told_of_the_first_of_its_gpus_that_is_unfit() -> None:
    found = {"GPU-b": "it is lost", "GPU-c": "gone"}
    used = {"chat-1": ["GPU-a", "GPU-b", "GPU-c"], "chat-2": ["GPU-a"]}
    assert gpus.of_replicas(used, found) == {"chat-1": "GPU-b: it is lost"}
