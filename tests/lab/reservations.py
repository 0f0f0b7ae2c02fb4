"""Containers that reserve GPUs as the kit's engines do, and look which ones they got."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

_SERVICE = """
  {name}:
    image: {image}
    init: true
    command: [sleep, infinity]
    user: "10001:10001"
    read_only: true
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
    working_dir: {folder}
    volumes: ["{folder}:{folder}:ro"]
"""
# As templates/compose/gpu_hosts/compose.yaml.j2 has it.
_RESERVATION = """
    deploy:
      resources:
        reservations:
          devices:
            - driver: cdi
              device_ids: [{devices}]
              capabilities: [gpu]
"""
_LOOK = """
from pynvml import *
nvmlInit()
for device in map(nvmlDeviceGetHandleByIndex, range(nvmlDeviceGetCount())):
    print(nvmlDeviceGetName(device), nvmlDeviceGetUUID(device), nvmlDeviceGetTemperature(device, 0))
"""
# Inside a container: a line for each of its GPUs, "NAME UUID TEMPERATURE".
LOOK = "python3 look.py"


def reserving_files(
    folder: str, image: str, wanted: Mapping[str, tuple[str, ...]]
) -> dict[str, bytes]:
    """Name below `folder` -> file: a Compose file with a service per reservation, and the look."""
    services = "".join(_service(folder, image, *one) for one in wanted.items())
    found = find_spec("pynvml")
    assert found
    return {
        "compose.yaml": f"services:{services}".encode(),
        "look.py": _LOOK.encode(),
        "pynvml.py": Path(str(found.origin)).read_bytes(),
    }


def _service(folder: str, image: str, name: str, devices: tuple[str, ...]) -> str:
    text = _SERVICE.format(name=name, image=image, folder=folder)
    return text + (_RESERVATION.format(devices=", ".join(devices)) if devices else "")
