"""Asks a host for its hardware: one program over standard input, nothing left behind."""

import ast
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from checks.probes import sections
from checks.probes.host import Unreachable, directory, run_program
from checks.probes.program import NO_SUCH_COMMAND, program
from deploys.settings.hardware import HostHardware
from deploys.settings.inventory import InventoryHost
from deploys.settings.validation import complaints_of

# Eight GPUs without the persistence daemon wake up in about 20 s; a hung driver never answers.
LIMIT_SECONDS = 90
# Hosts are asked at the same time: a fleet takes as long as its slowest host.
PARALLEL_HOSTS = 32
MODULES = ("linux", "containers", "smi", "cuda", "nvml", "cards", "survey")


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
    done = run_program(host, program(MODULES), arguments, LIMIT_SECONDS)
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
