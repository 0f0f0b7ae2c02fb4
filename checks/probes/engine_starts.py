"""What each engine of a host said when it started, and what the driver says that it holds."""

import dataclasses
import re
import shlex
from collections.abc import Callable, Iterable, Mapping

from checks.probes import sections
from checks.probes.containers import Container
from checks.probes.engine_logs import llamacpp, localai, vllm
from checks.probes.engine_logs.reported import Reported
from checks.probes.host import Unreachable, run
from deploys.render.release import PlannedReplica
from deploys.settings.inventory import InventoryHost

# Three files of 10 MB each are read from a disk; a slow one takes a second for each.
LIMIT_SECONDS = 60
# Lines on memory of one start: some hundred with sixteen GPUs and their workers.
MOST_LINES = 1000

_READERS: Mapping[str, tuple[str, Callable[[Iterable[str]], Reported]]] = {
    "llamacpp": (llamacpp.PATTERN, llamacpp.read),
    "localai": (localai.PATTERN, localai.read),
    "vllm": (vllm.PATTERN, vllm.read),
}
_COMPUTE = "nvidia-smi --query-compute-apps=gpu_uuid,pid,used_memory --format=csv,noheader,nounits"
_PROCESSES = "processes"


def starts(
    host: InventoryHost, engines: Mapping[str, Container], planned: Iterable[PlannedReplica]
) -> dict[str, Reported]:
    """Service -> its last start, in one round trip; nothing for one that does not run.

    Raises Unreachable.
    """
    asked = [one for one in planned if one.name in engines]
    running = {
        one.name: engines[one.name] for one in asked if engines[one.name].status == "running"
    }
    if not running:
        return {}
    questions = {_PROCESSES: f"{_COMPUTE} 2>/dev/null && echo {localai.ASKED}"}
    for one in asked:
        if one.name in running:
            questions |= _questions(one, running[one.name])
    try:
        answers = sections.answers(run(host, sections.script(questions), LIMIT_SECONDS))
        return {one.name: _reported(one, answers) for one in asked if one.name in running}
    except (ValueError, KeyError) as error:
        raise Unreachable(host.name, f"its engines' logs make no sense: {error}") from error


def log_of_this_start(container: str) -> str:
    """sh: prints what a container has said since its last start."""
    name = shlex.quote(container)
    # It keeps the log of its earlier starts. Docker notes the start only after the first lines may
    # have come, so that these would be left out after StartedAt.
    since = f"$(docker inspect --format '{{{{.State.FinishedAt}}}}' {name})"
    return f'docker logs --since "{since}" {name} 2>&1'


def _questions(planned: PlannedReplica, container: Container) -> dict[str, str]:
    pattern, _ = _READERS[planned.engine]
    name = shlex.quote(container.id)
    return {
        f"{planned.name} log": (
            f"{log_of_this_start(container.id)} "
            f"| grep -aE {shlex.quote(pattern)} | head -n {MOST_LINES}"
        ),
        f"{planned.name} pids": f"docker top {name} -eo pid 2>/dev/null",
    }


def _reported(planned: PlannedReplica, answers: Mapping[str, str]) -> Reported:
    _, read = _READERS[planned.engine]
    reported = read(answers[f"{planned.name} log"].splitlines())
    pids = {line.strip() for line in answers[f"{planned.name} pids"].splitlines()}
    held = held_mib(answers[_PROCESSES], pids)
    if planned.engine == "localai":
        return localai.with_held(reported, planned.devices, answers[_PROCESSES], held, pids)
    devices = {device: dict(parts) for device, parts in reported.devices.items()}
    for device in planned.devices:
        parts = devices.get(device.device)
        if parts is not None and device.gpu in held:
            # What the driver counts beyond what the engine told is the process itself.
            parts["process"] = round(held[device.gpu] - sum(parts.values()), 2)
    return dataclasses.replace(reported, devices=devices)


def held_mib(listing: str, pids: Iterable[str]) -> dict[str, float]:
    """GPU's UUID -> MiB that these processes hold of it, from nvidia-smi's CSV.

    A driver that does not tell (`[N/A]` under WSL and in some MIG modes) leaves the GPU out.
    """
    wanted, held = set(pids), dict[str, float]()
    for line in listing.splitlines():
        found = re.fullmatch(r"\s*(\S+),\s*(\d+),\s*(\d+)\s*", line)
        if found and found[2] in wanted:
            held[found[1]] = held.get(found[1], 0.0) + float(found[3])
    return held
