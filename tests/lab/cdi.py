"""A host's GPUs as files on it: the fake NVML, device nodes, and a CDI specification of them.

As on a real host, nothing of a GPU is in a container that did not reserve it: each device brings
its node, its state and an environment variable, and all of them bring the library. The
specification lies where NVIDIA's container toolkit puts its own.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.lab.gpus import FOLDER, Gpu, gpu_uuid, state_files
from tests.lab.host import File, text_file
from tests.lab.nvml_library import CUDA_SONAME, SONAME, cuda_library, library, multiarch

SPECIFICATION = "/etc/cdi/nvidia.yaml"
KIND = "nvidia.com/gpu"
SMI = "/usr/bin/nvidia-smi"
NVIDIA_SMI = Path(__file__).parent / "bin" / "nvidia-smi"
# Linux's number for character devices of the NVIDIA driver; the control device is its last.
NVIDIA_MAJOR = 195
CONTROL_MINOR = 255


def gpu_files(host: str, gpus: Sequence[Gpu]) -> dict[str, File]:
    """All that makes a host one with GPUs; nothing for a host without."""
    if not gpus:
        return {}
    uuids = [gpu_uuid(host, number) for number in range(len(gpus))]
    return {
        _library_path(): File(library().read_bytes(), 0o755),
        _library_path(CUDA_SONAME): File(cuda_library().read_bytes(), 0o755),
        SMI: File(NVIDIA_SMI.read_bytes(), 0o755),
        # YAML reads JSON.
        SPECIFICATION: text_file(json.dumps(specification(uuids), indent=2) + "\n"),
        "/etc/tmpfiles.d/homeport-lab-gpus.conf": text_file(_device_nodes(len(gpus))),
        **state_files(host, gpus),
    }


def specification(uuids: Sequence[str]) -> dict[str, Any]:
    """The CDI specification of GPUs 0, 1, …: each by its number and its UUID, and `all`."""
    edits = [_edits(number, gpu) for number, gpu in enumerate(uuids)]
    devices = [
        {"name": name, "containerEdits": edit}
        for number, (gpu, edit) in enumerate(zip(uuids, edits, strict=True))
        for name in (str(number), gpu)
    ]
    everything = {key: [item for edit in edits for item in edit[key]] for key in edits[0]}
    return {
        "cdiVersion": "0.5.0",
        "kind": KIND,
        "devices": [*devices, {"name": "all", "containerEdits": everything}],
        "containerEdits": {
            "env": ["NVIDIA_VISIBLE_DEVICES=void"],
            "deviceNodes": [_node("nvidiactl", CONTROL_MINOR)],
            # NVIDIA's own specification mounts nvidia-smi beside the libraries as well.
            "mounts": [_mount(path) for path in (_library_path(), SMI, f"{FOLDER}/system")],
        },
    }


def _edits(number: int, gpu: str) -> dict[str, list[Any]]:
    return {
        "env": [f"HOMEPORT_LAB_GPU_{number}={gpu}"],
        "deviceNodes": [_node(f"nvidia{number}", number)],
        # The folder, not the file: a file that is replaced on the host stays the old one inside.
        "mounts": [_mount(f"{FOLDER}/gpus/{number}")],
    }


def _node(name: str, minor: int) -> dict[str, Any]:
    return {"path": f"/dev/{name}", "type": "c", "major": NVIDIA_MAJOR, "minor": minor}


def _mount(path: str) -> dict[str, Any]:
    return {"hostPath": path, "containerPath": path, "options": ["ro", "nosuid", "nodev", "bind"]}


def _device_nodes(count: int) -> str:
    """tmpfiles.d(5): the nodes at each boot, for /dev is made anew."""
    nodes = [
        ("nvidiactl", CONTROL_MINOR),
        *((f"nvidia{number}", number) for number in range(count)),
    ]
    return "".join(
        f"c! /dev/{name} 0666 root root - {NVIDIA_MAJOR}:{minor}\n" for name, minor in nodes
    )


def _library_path(name: str = SONAME) -> str:
    return f"/usr/lib/{multiarch()}/{name}"
