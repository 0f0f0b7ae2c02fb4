"""Archives of stand-ins for NVIDIA's packages, and a host that looks as if it had the devices.

Names, versions, dependencies and units are those of the real ones; nothing in them is NVIDIA's.
"""

from tests.lab.bare_host import BareHost
from tests.operations.package_archive import ARCHIVES, StandIn, publish

OLD, NEW = "580.95.05", "590.48.01"
LIBRARIES = "/usr/lib/x86_64-linux-gnu"

# What a specification is known by: the library's version in its mounts.
CTK = f"""#!/bin/sh
for word; do case $word in --output=*) output=${{word#*=}} ;; esac; done
library=$(ls {LIBRARIES}/libnvidia-ml.so.*.*)
mkdir -p "$(dirname "$output")"
cat >"$output" <<YAML
cdiVersion: 0.5.0
kind: nvidia.com/gpu
containerEdits:
  mounts:
  - hostPath: {LIBRARIES}/libcuda.so.${{library##*libnvidia-ml.so.}}
YAML
"""

PERSISTENCED = "[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n"
REFRESH = (
    "[Service]\nType=oneshot\nExecStart=/usr/bin/nvidia-ctk cdi generate "
    "--output=/run/cdi/nvidia.yaml\n[Install]\nWantedBy=multi-user.target\n"
)
WATCH = "[Path]\nPathChanged=/lib/modules\n[Install]\nWantedBy=multi-user.target\n"
UNITS = "/usr/lib/systemd/system"


def publish_drivers(bare: BareHost) -> None:
    """Both versions of a driver, and headers for the kernel that runs here."""
    kernel = bare.run("uname -r")
    headers = [StandIn(f"linux-headers-{name}", "9999") for name in (kernel, "amd64")]
    drivers = [package for version in (OLD, NEW) for package in _driver(version)]
    publish(bare, "cuda/debian13/x86_64", [*headers, *drivers], "nvidia")


def publish_toolkits(bare: BareHost) -> None:
    """Two versions of the four packages; the newer one must not be taken."""
    packages = [package for version in ("1.20.0-1", "1.20.1-1") for package in _toolkit(version)]
    publish(bare, "toolkit/amd64", packages, "nvidia")


def plug_in(bare: BareHost, *devices: tuple[str, str]) -> None:
    """Has the host's PCI bus hold these devices (vendor, class), and no other."""
    bare.run("mountpoint -q /sys/bus/pci/devices || mount -t tmpfs pci /sys/bus/pci/devices")
    bare.run("rm -rf /sys/bus/pci/devices/*")
    for number, (vendor, kind) in enumerate(devices):
        place = f"/sys/bus/pci/devices/0000:{number:02x}:00.0"
        bare.run(f"mkdir {place}; echo {vendor} >{place}/vendor; echo {kind} >{place}/class")


def run_module(bare: BareHost, version: str) -> None:
    """Has the host look as if its kernel ran NVIDIA's module of this version; empty for none."""
    bare.run("mountpoint -q /sys/module || mount -t tmpfs modules /sys/module")
    bare.run("rm -rf /sys/module/nvidia")
    if version:
        bare.run(f"mkdir /sys/module/nvidia; echo {version} >/sys/module/nvidia/version")


def words(version: str | None = OLD, **driver: object) -> dict[str, object]:
    """The host's `nvidia` for these archives."""
    key = "build/test-keys/nvidia.asc"
    pinned = {} if version is None else {"version": version}
    sources = {"repository": f"file:{ARCHIVES}/cuda", "key": key}
    toolkit = {"version": "1.20.0", "repository": f"file:{ARCHIVES}/toolkit", "key": key}
    return {"managed": True, "driver": {**sources, **pinned, **driver}, "toolkit": toolkit}


def _driver(version: str) -> list[StandIn]:
    revision = f"{version}-1"
    exactly = f"(= {revision})"
    depends = f"Depends: libcuda1 {exactly}, libnvidia-ml1 {exactly}, nvidia-smi {exactly}"
    unit = {f"{UNITS}/nvidia-persistenced.service": PERSISTENCED}
    return [
        StandIn("nvidia-driver-cuda", revision, depends),
        StandIn("nvidia-kernel-open-dkms", revision),
        StandIn("nvidia-kernel-dkms", revision),
        StandIn("libcuda1", revision),
        StandIn("libnvidia-ml1", revision, files={f"{LIBRARIES}/libnvidia-ml.so.{version}": ""}),
        StandIn("nvidia-smi", revision),
        StandIn("nvidia-persistenced", revision, files=unit),
    ]


def _toolkit(version: str) -> list[StandIn]:
    exactly = f"(= {version})"
    units = {
        f"{UNITS}/nvidia-cdi-refresh.service": REFRESH,
        f"{UNITS}/nvidia-cdi-refresh.path": WATCH,
    }
    return [
        StandIn("libnvidia-container1", version),
        StandIn("libnvidia-container-tools", version, f"Depends: libnvidia-container1 {exactly}"),
        StandIn("nvidia-container-toolkit-base", version,
                files={"/usr/bin/nvidia-ctk": CTK, **units}),
        StandIn(
            "nvidia-container-toolkit", version,
            f"Depends: nvidia-container-toolkit-base {exactly}, "
            f"libnvidia-container-tools {exactly}",
        ),
    ]  # fmt: skip
