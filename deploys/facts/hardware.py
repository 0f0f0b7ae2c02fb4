"""What a host has of what its plan needs: cores, RAM, and GPUs as its driver shows them."""

import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pyinfra.api import FactBase

from deploys.questions.nvidia import COUNT_DEVICES

# A driver that hangs must not hang the run; eight GPUs without persistence wake up in about 20 s.
DRIVER_SECONDS = 60
_FIELDS = "uuid,memory.total,memory.used,mig.mode.current,compute_cap"
_COMMON = r"""
topology=/sys/devices/system/cpu/cpu[0-9]*/topology
{ cat $topology/core_cpus_list || cat $topology/thread_siblings_list; } 2>/dev/null |
sort -u | sed 's/^/core=/'
echo "threads=$(nproc)"
sed -n 's/^MemTotal: *\([0-9]*\) kB/memory_kib=\1/p' /proc/meminfo
"""
# An older nvidia-smi does not know compute_cap; it then answers nothing and ends with 2.
_GPUS = f"""
{COUNT_DEVICES}
# The processes first: of an engine that ends meanwhile neither is left.
holders() {{
  held=$(timeout -k 5 {DRIVER_SECONDS} nvidia-smi \
    --query-compute-apps=gpu_uuid,pid,used_memory --format=csv,noheader,nounits 2>/dev/null)
  ours=
  if command -v docker >/dev/null 2>&1; then
    ours=$(docker ps --no-trunc --quiet --filter "label=homeport.environment=$environment" \
      --filter label=homeport.pool 2>/dev/null) || return
  fi
  echo "engines=$ours" | tr '\n' ' '; echo
  echo "$held" | tr -d ' ' | while IFS=, read -r uuid pid mib; do
    [ -d "/proc/${{pid:-none}}" ] || continue
    [ -n "$ours" ] && grep -qF "$ours" "/proc/$pid/cgroup" ||
      echo "holder=$uuid,$mib,$(cat "/proc/$pid/comm") (PID $pid)"
  done
}}
echo "devices=$devices"
query() {{
  timeout -k 5 {DRIVER_SECONDS} nvidia-smi --query-gpu="$1" --format=csv,noheader,nounits 2>&1
}}
if command -v nvidia-smi >/dev/null 2>&1; then
  answer=$(query {_FIELDS}); ended=$?
  if [ $ended = 2 ]; then answer=$(query {_FIELDS.rpartition(",")[0]}); ended=$?; fi
  if [ $ended = 0 ]; then
    echo "$answer" | sed 's/^/gpu=/'
    timeout -k 5 {DRIVER_SECONDS} nvidia-smi -L 2>/dev/null | sed 's/^/listed=/'
    holders
  else
    echo "failed=$ended $(echo "$answer" | tr '\\n' ' ')"
  fi
else
  echo driver=none
fi
"""


@dataclass(frozen=True)
class LiveGpu:
    """One GPU that the driver shows; None is what it does not tell."""

    uuid: str
    memory_mib: int | None
    mig: bool
    compute_capability: str | None
    others_mib: int | None = None
    """In use by what is no engine of the environment; None: not known which is."""
    others: tuple[str, ...] = ()
    """Their processes, in words."""


@dataclass(frozen=True)
class LiveHardware:
    """A host's hardware as it is now."""

    physical_cores: int
    memory_mib: int
    devices: int = 0
    """NVIDIA GPUs on the PCI bus."""
    has_driver: bool = True
    """Whether there is an nvidia-smi; the first apply of a host is what installs it."""
    failure: str = ""
    """What nvidia-smi said when it failed."""
    gpus: tuple[LiveGpu, ...] = ()
    slices: frozenset[str] = frozenset()
    """UUIDs of all MIG slices."""


class Hardware(FactBase[LiveHardware]):
    """Returns a host's cores and RAM, and its GPUs when `gpus` asks for them; one round trip."""

    def command(self, gpus: bool, environment: str) -> str:
        """The driver is woken up only where a plan uses it."""
        asked = f"environment={shlex.quote(environment)}\n{_GPUS}" if gpus else ""
        return f"{_COMMON}{asked}true"

    def process(self, output: Iterable[str]) -> LiveHardware:
        """Lines `key=value` to hardware."""
        return parse_hardware(output)


def parse_hardware(output: Iterable[str]) -> LiveHardware:
    """Lines `key=value` -> hardware; a GPU whose line makes no sense is left out."""
    lines = [(key, value.strip()) for key, _, value in (line.partition("=") for line in output)]
    values = dict(lines)
    cores = {value for key, value in lines if key == "core"}
    ended, _, said = values.get("failed", "").partition(" ")
    slices = (re.search(r"UUID: (MIG-[^)]+)", value) for key, value in lines if key == "listed")
    return LiveHardware(
        physical_cores=len(cores) or int(values.get("threads") or 1),
        memory_mib=int(values.get("memory_kib") or 0) >> 10,
        devices=int(values.get("devices") or 0),
        has_driver="driver" not in values,
        failure=_failure(ended, said),
        gpus=tuple(
            _with_others(gpu, used_mib, lines)
            for key, value in lines
            if key == "gpu" and (found := _gpu(value))
            for gpu, used_mib in [found]
        ),
        slices=frozenset(found[1] for found in slices if found),
    )


def _failure(ended: str, said: str) -> str:
    if ended in ("124", "137"):
        return f"no answer within {DRIVER_SECONDS} s"
    return " ".join(said.split()) or (f"exit status {ended}" if ended else "")


def _gpu(line: str) -> tuple[LiveGpu, int] | None:
    """With the MiB of it that anybody uses."""
    uuid, *cells = [cell.strip() for cell in line.split(",")]
    if not uuid.startswith("GPU-") or len(cells) < 3:
        return None
    memory, used, mig, *capability = cells
    gpu = LiveGpu(
        uuid=uuid,
        memory_mib=int(memory) if memory.isdigit() else None,
        mig=mig.lower() == "enabled",
        compute_capability=capability[0] if capability and capability[0][:1].isdigit() else None,
    )
    return gpu, int(used) if used.isdigit() else 0


def _with_others(gpu: LiveGpu, used_mib: int, lines: Sequence[tuple[str, str]]) -> LiveGpu:
    """Where no engine of the environment runs, all that is in use is others', listed or not."""
    engines = [value for key, value in lines if key == "engines"]
    cells = [value.split(",", 2) for key, value in lines if key == "holder"]
    held = [(mib, name) for uuid, mib, name in cells if uuid == gpu.uuid and mib.isdigit()]
    if not engines:
        return gpu
    listed_mib = sum(int(mib) for mib, _ in held)
    others_mib = listed_mib if engines[0] else max(listed_mib, used_mib)
    return replace(gpu, others_mib=others_mib, others=tuple(name for _, name in held))
