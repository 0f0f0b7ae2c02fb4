"""Asks a host for its hardware: one program over standard input, nothing left behind."""

import ast
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cache
from importlib import util
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from checks.probes import sections
from checks.probes.host import Unreachable, directory, run_program
from deploys.settings.hardware import HostHardware
from deploys.settings.inventory import InventoryHost
from deploys.settings.validation import complaints_of

# Eight GPUs without the persistence daemon wake up in about 20 s; a hung driver never answers.
LIMIT_SECONDS = 90
# Hosts are asked at the same time: a fleet takes as long as its slowest host.
PARALLEL_HOSTS = 32
PACKAGE = "checks.probes.on_host"
# Exit statuses of `timeout` for a command that is not there or cannot be run.
NO_SUCH_COMMAND = (126, 127)
MODULES = ("linux", "containers", "smi", "cuda", "nvml", "survey")

# Registers each module under its own name, so that they import each other as they do here.
# Without ctypes there is no pynvml and neither of the two that need it.
BOOT = """
import sys, types
for name in ("checks", "checks.probes", "checks.probes.on_host"):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = []
for name, source in SOURCES:
    module = sys.modules[name] = types.ModuleType(name)
    try:
        exec(compile(source, name, "exec"), module.__dict__)
    except ImportError as error:
        if error.name not in ("ctypes", "_ctypes", "pynvml", "checks.probes.on_host"):
            raise
        del sys.modules[name]
    else:
        parent, _, last = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], last, module)
sys.modules["checks.probes.on_host.survey"].main(sys.argv[1:])
"""


class NotSurveyed(Exception):
    """The host was reached, and what it says of its hardware cannot be written down."""

    def __init__(self, host: str, found: str, hint: str) -> None:
        self.host = host
        super().__init__(f"error: {host}: {found}\nhint: {hint}")


@dataclass(frozen=True)
class Surveyed:
    """What one host is made of."""

    host: str
    hardware: HostHardware
    remarks: tuple[str, ...]
    """What was left out, and why."""


Answer = Surveyed | NotSurveyed | Unreachable


def survey_all(
    hosts: Iterable[InventoryHost], root: Path, *, measure_context: bool = False
) -> Iterator[tuple[str, Answer]]:
    """Each host's name and answer, as they come in."""

    def ask(host: InventoryHost) -> Answer:
        try:
            return survey(host, root, measure_context=measure_context)
        except (NotSurveyed, Unreachable) as failed:
            return failed

    with ThreadPoolExecutor(PARALLEL_HOSTS) as pool:
        asked = {pool.submit(ask, host): host.name for host in hosts}
        for done in as_completed(asked):
            yield asked[done], done.result()


def survey(host: InventoryHost, root: Path, *, measure_context: bool = False) -> Surveyed:
    """One round trip; raises Unreachable, or NotSurveyed where the answer is of no use."""
    options = ["--measure-context"] if measure_context else []
    arguments = [directory(host, root), *options]
    done = run_program(host, program(), arguments, LIMIT_SECONDS)
    if done.returncode in NO_SUCH_COMMAND:
        hint = "`apt-get install python3` on the host (python3-minimal is enough to be surveyed)"
        raise NotSurveyed(host.name, "it has no python3", hint)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or [f"exit status {done.returncode}"]
        hint = "python3 3.8 or later, and sudo without a password where `_sudo` is set"
        raise NotSurveyed(host.name, f"the survey's program fails there: {last[0]}", hint)
    return read_answer(host.name, done.stdout)


def read_answer(host: str, output: str) -> Surveyed:
    """What the program printed, whatever a login shell printed around it; raises NotSurveyed."""
    hint = "the same command again; `homeport survey` sends a program that its python3 runs"
    try:
        answer: dict[str, Any] = ast.literal_eval(sections.answers(output)["survey"])
    except (ValueError, SyntaxError, KeyError, MemoryError, RecursionError):
        last = output.strip().splitlines()[-1:] or ["it printed nothing"]
        raise NotSurveyed(host, f"its answer is cut off: {last[0][:200]}", hint) from None
    if "found" in answer:
        raise NotSurveyed(host, str(answer["found"]), str(answer["hint"]))
    try:
        hardware = HostHardware.model_validate(answer["hardware"], strict=False)
    except ValidationError as error:
        wrong = [f"{one.path}: {one.found}" for one in complaints_of(error, host, HostHardware)]
        raise NotSurveyed(host, f"its answer makes no sense: {'; '.join(wrong)}", hint) from None
    return Surveyed(host, in_order(hardware), tuple(answer["remarks"]))


def in_order(hardware: HostHardware) -> HostHardware:
    """GPUs by their place on the bus, so that the file is the same however the driver counts."""
    gpus = sorted(hardware.gpus, key=lambda gpu: (gpu.pcie, gpu.uuid))
    if not hardware.cpu.numa_nodes:
        # All of them are near the one node there is.
        gpus = [gpu.model_copy(update={"numa_node": None}) for gpu in gpus]
    return hardware.model_copy(update={"gpus": tuple(gpus)})


@cache
def program() -> bytes:
    """Python source, compressed: pynvml's one file, the modules of on_host, and what runs them."""
    folder = Path(__file__).with_name("on_host")
    sources = [("pynvml", _source_of("pynvml"))]
    sources += [(f"{PACKAGE}.{name}", (folder / f"{name}.py").read_text()) for name in MODULES]
    return zlib.compress(f"SOURCES = {sources!r}\n{BOOT}".encode(), 9)


def _source_of(module: str) -> str:
    found = util.find_spec(module)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(module)
    return Path(found.origin).read_text()
