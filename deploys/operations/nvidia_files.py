"""The files that keep an NVIDIA host as it is: nouveau off, unattended upgrades away."""

MODULES = "/etc/modprobe.d/homeport-nvidia.conf"
UPGRADES = "/etc/apt/apt.conf.d/52homeport-nvidia"
PREFERENCES = "/etc/apt/preferences.d/homeport-nvidia"

_MODULES = """\
# Homeport: nouveau would take the GPUs before NVIDIA's module is loaded.
blacklist nouveau
options nouveau modeset=0
"""

# Regular expressions on the beginning of a package's name (python's re.match). The file's number
# is behind unattended-upgrades' own 50, and lists of apt's settings add up.
_UPGRADES = """\
// Homeport: a driver that changes under running engines leaves them without their GPUs.
Unattended-Upgrade::Package-Blacklist {
  "nvidia-";
  "libnvidia-";
  "cuda-drivers";
  "libcuda1$";
  "libcudadebugger1$";
  "libnvcuvid1$";
  "libnvoptix1$";
  "firmware-nvidia-";
  "linux-modules-nvidia-";
  "xserver-xorg-video-nvidia";
};
"""


def kept_files() -> dict[str, str]:
    """Absolute path -> text."""
    return {MODULES: _MODULES, UPGRADES: _UPGRADES}
