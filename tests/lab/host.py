"""One host of a lab: what tests do to it, over SSH as its operator or from outside as root."""

import io
import subprocess
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.lab import keys
from tests.lab.labels import resource
from tests.lab.machine import LabError, docker, run
from tests.lab.network import aliases

LONGEST_BOOT_SECONDS = 60


@dataclass(frozen=True)
class File:
    """A file to lay on a host before or while it runs."""

    content: bytes
    mode: int = 0o644
    uid: int = 0


@dataclass(frozen=True)
class LabHost:
    """A host that runs, or ran."""

    lab: str
    name: str
    address: str

    @property
    def container(self) -> str:
        """What this machine's Docker calls it."""
        return resource(self.lab, self.name)

    def run(self, command: str, *, check: bool = True, given: bytes = b"") -> str:
        """Output of a shell command as root, without SSH: for looking and for breaking things."""
        arguments = ("exec", "--interactive", self.container, "sh", "-c", command)
        return run("docker", *arguments, check=check, given=given).stdout.strip()

    def ssh(
        self, command: str, *, check: bool = True, given: bytes = b""
    ) -> subprocess.CompletedProcess[str]:
        """A command over SSH as the operator, with strict host keys; 255 when SSH itself fails."""
        return run(*self.ssh_command(), command, check=check, given=given)

    def ssh_command(self) -> tuple[str, ...]:
        """What a person would type to log in."""
        return ("ssh", "-F", str(keys.folder(self.lab) / "ssh_config"), self.name)

    def put(self, files: dict[str, File]) -> None:
        """Lays files (absolute path -> file) on the host; it need not run."""
        put_files(self.container, files)

    def load_image(self, reference: str) -> None:
        """Gives one of this machine's images to the host's own Docker, as `docker load` does."""
        load = f"docker exec --interactive {self.container} docker load"
        run("bash", "-c", f"set -o pipefail; docker save {reference} | {load}")

    def stop(self) -> None:
        """Shuts the host down; its disks stay."""
        docker("stop", "--time", "20", self.container)

    def pull_the_plug(self) -> None:
        """Ends everything on the host at once, as a power cut does; its disks stay."""
        docker("kill", self.container)

    def start(self) -> None:
        """Boots the host, if it is down, and waits until SSH answers."""
        docker("start", self.container)
        self.wait_until_up()

    def reboot(self) -> None:
        self.stop()
        self.start()

    @contextmanager
    def cut_off(self) -> Iterator[None]:
        """Takes the host off the network for a while; what runs on it goes on."""
        network = resource(self.lab, "network")
        docker("network", "disconnect", network, self.container)
        try:
            yield
        finally:
            called = [f"--alias={alias}" for alias in aliases(self.name)]
            docker("network", "connect", f"--ip={self.address}", *called, network, self.container)

    def wait_until_up(self) -> None:
        """Waits until systemd has booted and SSH lets the operator in; LabError if never."""
        deadline = time.monotonic() + LONGEST_BOOT_SECONDS
        while time.monotonic() < deadline:
            if self.run("systemctl is-system-running", check=False) in ("running", "degraded") and (
                self.ssh("true", check=False).returncode == 0
            ):
                return
            time.sleep(0.3)
        raise LabError(f"{self.name} is not up after {LONGEST_BOOT_SECONDS} s", self.journal(40))

    def failed_units(self) -> list[str]:
        """Names of the systemd units that failed."""
        listing = self.run("systemctl list-units --failed --plain --no-legend")
        return [line.split()[0] for line in listing.splitlines()]

    def journal(self, lines: int = 200) -> str:
        """The end of the host's journal; of what its first process said, when it does not run."""
        said = self.run(f"journalctl --no-pager --lines {lines}", check=False)
        return said or docker("logs", "--tail", str(lines), self.container, check=False)


def text_file(text: str, mode: int = 0o644) -> File:
    """A file of root's."""
    return File(text.encode(), mode)


def put_files(container: str, files: dict[str, File]) -> None:
    """Lays files (absolute path -> file) in a container, which need not run."""
    docker("cp", "--archive", "-", f"{container}:/", given=_packed(files))


def _packed(files: dict[str, File]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for path, file in files.items():
            entry = tarfile.TarInfo(str(Path(path).relative_to("/")))
            entry.size, entry.mode, entry.uid, entry.gid = (
                len(file.content),
                file.mode,
                file.uid,
                file.uid,
            )
            entry.mtime = int(time.time())
            archive.addfile(entry, io.BytesIO(file.content))
    return packed.getvalue()
