"""What a host has of Docker, and what it would take to bring the rest."""

from collections.abc import Iterable
from dataclasses import dataclass

# One command, because each costs a round trip. `docker version` is bounded: a daemon that hangs
# must not hang the deploy. /usr/sbin is not on every user's PATH, so dockerd is also looked for.
# apt keeps the server's times on its lists; the folders' own times say when it last updated.
QUESTION = """
export PATH="$PATH:/usr/sbin:/sbin"
[ -r /etc/os-release ] && . /etc/os-release
echo "distribution=${ID:-}"
echo "codename=${VERSION_CODENAME:-}"
echo "uid=$(id -u)"
echo "sudo=$(command -v sudo)"
echo "apt=$(command -v apt-get)"
[ -d /run/systemd/system ] && echo systemd=yes
echo "client=$(command -v docker)"
echo "daemon=$(command -v dockerd)"
if answer=$(timeout 20 docker version --format '{{.Server.Version}}' 2>&1); then
  echo "engine=$answer"
else
  echo "engine_error=$(echo $answer)"
fi
echo "compose=$(timeout 20 docker compose version --short 2>/dev/null)"
ls /var/lib/apt/lists/*_Packages* >/dev/null 2>&1 &&
  find /var/lib/apt/lists /var/lib/apt/lists/partial -maxdepth 0 -mmin -1440 2>/dev/null |
  grep -q . && echo apt_lists=fresh
true
"""


@dataclass(frozen=True)
class DockerSystem:
    """A host as far as Docker goes; texts are empty where a thing is missing."""

    distribution: str = ""
    """ID of os-release: `debian`, `ubuntu`."""
    codename: str = ""
    """`bookworm`, `trixie`, `jammy`, `noble`."""
    uid: int = -1
    sudo: str = ""
    apt: str = ""
    systemd: bool = False
    """Whether systemd is PID 1, as sd_booted(3) tells it."""
    client: str = ""
    daemon: str = ""
    engine: str = ""
    """Version of the daemon that answers this user."""
    engine_error: str = ""
    compose: str = ""
    """Version of the Compose plugin."""
    apt_lists_fresh: bool = False

    @property
    def denied(self) -> bool:
        """Whether a daemon is there but this user may not talk to it."""
        return "permission denied" in self.engine_error.lower()

    @property
    def may_become_root(self) -> bool:
        return self.uid == 0 or bool(self.sudo)


def parse_system(output: Iterable[str]) -> DockerSystem:
    """Lines `key=value` -> system; what is not there keeps its default."""
    values = dict(line.split("=", 1) for line in output if "=" in line)
    uid = values.get("uid", "")
    return DockerSystem(
        distribution=values.get("distribution", ""),
        codename=values.get("codename", ""),
        uid=int(uid) if uid.isdigit() else -1,
        sudo=values.get("sudo", ""),
        apt=values.get("apt", ""),
        systemd=values.get("systemd") == "yes",
        client=values.get("client", ""),
        daemon=values.get("daemon", ""),
        engine=values.get("engine", ""),
        engine_error=values.get("engine_error", ""),
        compose=values.get("compose", "").removeprefix("v"),
        apt_lists_fresh=values.get("apt_lists") == "fresh",
    )
