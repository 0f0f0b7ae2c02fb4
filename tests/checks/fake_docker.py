"""A `docker` for PATH that answers from files: a host's containers in any condition, no engine."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# What is asked of Docker is decided by the words that tell one question from another.
_PROGRAM = """\
#!/bin/sh
cd {folder} || exit 1
case "$*" in
  version*) cat version ;;
  "ps --all"*) cat ids ;;
  "ps --quiet"*) cat gateway-id ;;
  "ps --no-trunc"*) cat ids ;;
  "exec --interactive"*)
    inside=$3
    shift 3
    if grep -qsx "$1" "$inside.lacks"; then
      echo "OCI runtime exec failed: $1: executable file not found" >&2
      exit 127
    fi
    [ ! -s "$inside.gpus" ] || export HOMEPORT_LAB_NVML="$(cat "$inside.gpus")"
    exec "$@" ;;
  "container inspect"*) cat containers.json ;;
  "image inspect"*) while [ $# -gt 1 ]; do shift; done; sed -n "s|^$1 ||p" images ;;
  "network inspect"*) cat network ;;
  *"/revision"*) cat revision ;;
  "inspect --format"*Mounts*) [ ! -e logs ] || echo "$PWD/logs" ;;
  "inspect --format"*StartedAt*) echo 2026-11-25T21:00:00Z ;;
  logs*) while [ $# -gt 1 ]; do shift; done; cat "$1.log" ;;
  top*) printf 'PID\n%s\n' "$(cat "$2.pid")" ;;
  exec*dpkg-query*) cat versions ;;
  exec*"/api/v1/targets"*) cat prometheus ;;
  exec*"/health"*|exec*"/readyz"*) cat "$2.health" ;;
  exec*"/v1/"*) cat "$2.completion"; cp "$2.counters" "$2.metrics" ;;
  exec*"memory.max"*) cat "$2.memory" ;;
  exec*"/metrics"*) cat "$2.metrics" ;;
  *) echo "unexpected: $*" >&2; exit 64 ;;
esac
"""

_NVIDIA_SMI = """\
#!/bin/sh
cat {folder}/processes
"""

_HOSTNAME = """\
#!/bin/sh
cat {folder}/addresses
"""

COMMAND = ["--alias", "tiny", "--ctx-size", "4096", "--parallel", "2", "--metrics"]
COMPLETION = {"choices": [{"message": {"content": "x"}}], "usage": {"completion_tokens": 8}}

# The sizes that tests/checks/deployment.py plans, in llama-server's words.
LOG = """\
0.00.000.001 I cmn  common_param: common_params_print_info: build 11669 (Debian) with GNU 16.2.0
0.00.060.001 I load_tensors:   CPU_Mapped model buffer size =     0.56 MiB
0.00.061.309 I llama_context: n_ctx                 = 4096
0.00.061.639 I llama_kv_cache:        CPU KV buffer size =     4.00 MiB
0.00.064.661 I sched_reserve:        CPU compute buffer size =     0.85 MiB
"""


@dataclass
class FakeEngine:
    """What one engine says from inside its container."""

    health_status: int = 200
    completion_status: int = 200
    completion: Mapping[str, Any] = field(default_factory=lambda: COMPLETION)
    memory_limit: str = str(512 * 2**20)
    log: str = LOG
    """What it said when it started."""
    pid: int = 4711
    running: int = 0
    """Requests that it works on."""
    counts: int | None = 8
    """By how much a completion moves its counters; None: its metrics tell of nothing."""
    gpus: str = ""
    """Folder of the fake NVML's state that its container sees; empty: the host's own."""
    lacks: tuple[str, ...] = ()
    """Programs that are not in its container."""


@dataclass
class FakeDocker:
    """One host's Docker; change what it says, then `write`."""

    folder: Path
    containers: dict[str, dict[str, Any]]
    """Service -> its inspect document."""
    images: dict[str, str]
    network: str
    revision: str
    version: str = "version 26.1.5"
    engines: dict[str, FakeEngine] = field(default_factory=dict)
    gpu_processes: str = ""
    """nvidia-smi's CSV: UUID, PID, MiB."""
    nginx_versions: Mapping[str, str] = field(
        default_factory=lambda: {"nginx": "1.30.6-2", "libnginx-mod-http-js": "1.0.2-2"}
    )
    addresses: str = "10.0.0.1"
    """The host's own, as `hostname -I` says them."""

    prometheus: str = ""
    """Two lines of JSON, as its API gives them."""

    def write(self) -> None:
        """Puts the program and its answers into the folder."""
        self.folder.mkdir(exist_ok=True)
        files = {
            "version": self.version,
            "ids": "".join(f"{raw['Id']}\n" for raw in self.containers.values()),
            "gateway-id": self.containers["nginx"]["Id"] if "nginx" in self.containers else "",
            "containers.json": json.dumps(list(self.containers.values()), indent=2),
            "images": "".join(f"{name} {image}\n" for name, image in self.images.items()),
            "network": self.network,
            "revision": json.dumps({"revision": self.revision}),
            "versions": "".join(f"{name} {one}\n" for name, one in self.nginx_versions.items()),
            "addresses": f"{self.addresses}\n",
            "prometheus": self.prometheus,
        }
        for service, engine in self.engines.items():
            files |= _engine_files(f"id-{service}", engine)
        for name, text in files.items():
            (self.folder / name).write_text(text)
        (self.folder / "processes").write_text(self.gpu_processes)
        place = shlex.quote(str(self.folder))
        programs = {"docker": _PROGRAM, "nvidia-smi": _NVIDIA_SMI, "hostname": _HOSTNAME}
        for name, text in programs.items():
            (self.folder / name).write_text(text.format(folder=place))
            (self.folder / name).chmod(0o755)


def container(
    project: str, service: str, image: str, image_id: str, labels: Mapping[str, str]
) -> dict[str, Any]:
    """The inspect document of a container that is as it should be."""
    compose = {
        "com.docker.compose.project": project,
        "com.docker.compose.service": service,
    }
    return {
        "Id": f"id-{service}",
        "Name": f"/{project}-{service}-1",
        "RestartCount": 0,
        "Image": image_id,
        "Path": "program",
        "Args": COMMAND,
        "State": {"Status": "running", "ExitCode": 0, "Health": {"Status": "healthy"}},
        "Config": {
            "Image": image,
            "User": "10001:10001",
            "Cmd": COMMAND,
            "Labels": {**compose, **labels},
        },
        "HostConfig": _least_privilege(),
        "Mounts": [{"Source": "/srv/homeport/models"}],
        "NetworkSettings": {"Ports": {"8080/tcp": None}, "Networks": {}},
    }


def _least_privilege() -> dict[str, Any]:
    return {
        "Privileged": False,
        "ReadonlyRootfs": True,
        "SecurityOpt": ["no-new-privileges:true"],
        "CapAdd": None,
        "CapDrop": ["ALL"],
        "NetworkMode": "homeport-lab",
        "Memory": 512 * 2**20,
    }


def _engine_files(name: str, engine: FakeEngine) -> dict[str, str]:
    return {
        f"{name}.health": f"\n{engine.health_status}",
        f"{name}.completion": f"{json.dumps(engine.completion)}\n{engine.completion_status}",
        f"{name}.memory": engine.memory_limit,
        f"{name}.log": engine.log,
        f"{name}.pid": f"{engine.pid}\n",
        f"{name}.gpus": engine.gpus,
        f"{name}.lacks": "".join(f"{program}\n" for program in engine.lacks),
        f"{name}.metrics": _metrics(engine, 0),
        f"{name}.counters": _metrics(engine, engine.counts or 0),
    }


def _metrics(engine: FakeEngine, more: int) -> str:
    if engine.counts is None:
        return "api_call_count 8\n\n200"
    lines = {"requests_processing": engine.running, "n_decode_total": 40 + more}
    lines["tokens_predicted_total"] = 100 + more
    return "".join(f"llamacpp:{name} {value}\n" for name, value in lines.items()) + "\n200"
