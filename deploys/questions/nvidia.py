"""What a host has of NVIDIA: devices on the PCI bus, kernel module, libraries, CDI."""

from collections.abc import Iterable
from dataclasses import dataclass

# Neither lspci nor a driver is needed: vendor 10de, class 0300 (display) or 0302 (3D controller).
# An NVIDIA card's sound function and NVSwitches have other classes.
COUNT_DEVICES = """
devices=0
for device in /sys/bus/pci/devices/*; do
  [ "$(cat "$device/vendor" 2>/dev/null)" = 0x10de ] || continue
  case "$(cat "$device/class" 2>/dev/null)" in 0x0300*|0x0302*) devices=$((devices + 1)) ;; esac
done
"""

# nvidia-smi talks to the driver and may hang with it, so the versions are read from files, and
# nvidia-smi is not asked. A library's file carries the driver's version in its name, whatever
# package or installer put it there. Of two CDI specifications /run's is the one in force.
QUESTION = f"""
export PATH="$PATH:/usr/sbin:/sbin"
{COUNT_DEVICES}
echo "devices=$devices"
[ "$devices" -gt 0 ] || exit 0
echo "kernel=$(uname -r)"
[ ! -r /sys/module/nvidia/version ] || echo "loaded=$(cat /sys/module/nvidia/version)"
[ ! -d /sys/module/nouveau ] || echo nouveau=yes
echo "on_disk=$(modinfo --field version nvidia 2>/dev/null)"
for file in /usr/lib/x86_64-linux-gnu/libnvidia-ml.so.[0-9]*.[0-9]* \
  /usr/lib/x86_64-linux-gnu/nvidia/current/libnvidia-ml.so.[0-9]*.[0-9]* \
  /usr/lib64/libnvidia-ml.so.[0-9]*.[0-9]*; do
  [ ! -e "$file" ] || echo "library=${{file##*libnvidia-ml.so.}}"
done
for file in /etc/cdi/nvidia.yaml /run/cdi/nvidia.yaml; do
  [ -r "$file" ] || continue
  echo "cdi=$file"
  grep -o -m 1 -E 'lib(cuda|nvidia-ml)[.]so[.][0-9]+[.][0-9.]+' "$file" |
  sed 's/.*so[.]/cdi_driver=/'
done
[ ! -e /run/systemd/system ] || {{
  systemctl cat nvidia-cdi-refresh.service >/dev/null 2>&1 && echo refresh=yes
  systemctl cat nvidia-persistenced.service >/dev/null 2>&1 && echo persistenced=there
  systemctl is-active --quiet nvidia-persistenced.service && echo persistenced=active
}}
true
"""


@dataclass(frozen=True)
class NvidiaSystem:
    """A host as far as NVIDIA goes; texts are empty where a thing is missing."""

    devices: int = 0
    """NVIDIA GPUs on the PCI bus; the rest is only asked where there is one."""
    kernel: str = ""
    """Release of the running kernel."""
    loaded: str = ""
    """Version of the kernel module that runs."""
    on_disk: str = ""
    """Version of the module that this kernel would load now."""
    nouveau: bool = False
    library: str = ""
    """Version of the driver's libraries (libnvidia-ml); several are joined by blanks."""
    cdi: str = ""
    """The CDI specification in force."""
    cdi_driver: str = ""
    """The driver version whose libraries it mounts."""
    refresh_service: bool = False
    """Whether the toolkit's own service renews the specification (1.18 and later)."""
    persistenced: str = ""
    """`there`, `active`, or empty without such a service."""


def parse_nvidia(output: Iterable[str]) -> NvidiaSystem:
    """Lines `key=value` -> system; of two values for a key the later one holds."""
    lines = [(key, value) for key, sign, value in (line.partition("=") for line in output) if sign]
    values = dict(lines)
    libraries = sorted({value for key, value in lines if key == "library"})
    devices = values.get("devices", "")
    return NvidiaSystem(
        devices=int(devices) if devices.isdigit() else 0,
        kernel=values.get("kernel", ""),
        loaded=values.get("loaded", ""),
        on_disk=values.get("on_disk", ""),
        nouveau=values.get("nouveau") == "yes",
        library=" ".join(libraries),
        cdi=values.get("cdi", ""),
        cdi_driver=_driver_of_last(lines),
        refresh_service=values.get("refresh") == "yes",
        persistenced=values.get("persistenced", ""),
    )


def _driver_of_last(lines: list[tuple[str, str]]) -> str:
    """The driver of the specification named last; none, when it names no library."""
    driver = ""
    for key, value in lines:
        if key == "cdi":
            driver = ""
        elif key == "cdi_driver":
            driver = value.rstrip(".")
    return driver
