"""Models on their way to lab hosts over SSH: releases that name nothing else, by real pyinfra."""

import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from deploys.catalogue.model import ModelFile
from deploys.cli.pyinfra_run import Run, run_pyinfra
from deploys.render.release import ModelCopy, Release
from deploys.render.release_gateway import GatewayRelease
from tests.catalogue.file_server import FileServer, serving
from tests.lab import keys
from tests.lab.certificates import not_yet_valid_certificate, server_certificate
from tests.lab.host import LabHost
from tests.lab.inventory import controller, inventory_text
from tests.lab.lab import Lab
from tests.lab.network import address
from tests.operations.committed_release import ROOT, model_copy

DIRECTORY = "/srv/homeport"
STORE = f"{DIRECTORY}/models"
AUTHORITY = "/usr/local/share/ca-certificates/lab.crt"
# The machine that runs the tests, on the lab's own network.
OUTSIDE_NUMBER = 1
LIST_STORE = f"cd {STORE} 2>/dev/null && find . -mindepth 1 -path './.[a-z]*' -prune -o -print"


@dataclass(frozen=True)
class StoreLab:
    """The hosts, and a repository with an environment `lab` of them."""

    lab: Lab
    root: Path

    def host(self, name: str) -> LabHost:
        return self.lab.host(name)

    def commit(self, models: Sequence[ModelCopy], *hosts: str, **words: object) -> None:
        """Commits a release with these models for hosts, and empty ones for the others."""
        for host in self.lab.hosts:
            self._write(host.name, models=tuple(models) if host.name in hosts else (), **words)

    def commit_gateway(self, gateway: GatewayRelease, host: str, **words: object) -> None:
        """Commits a release with a gateway for one host."""
        self._write(host, gateway=gateway, **words)

    def _write(self, host: str, **words: object) -> None:
        nothing: dict[str, object] = {"files": {}, "images": (), "models": (), "projects": ()}
        names = {"environment": "lab", "release": "0123456789ab", "network": "homeport-lab"}
        document = {**nothing, **names, "host": host, "engines": None, "gateway": None, **words}
        release = Release.model_validate(document)
        folder = self.root / "compose" / "lab" / host
        folder.mkdir(parents=True, exist_ok=True)
        text = yaml.safe_dump(release.model_dump(mode="json"))
        (folder / "release.yaml").write_text(text)

    def apply(self, deploy: str = "models.py", *arguments: str, dry: bool = False) -> Run:
        """Runs a deploy on all hosts."""
        return run_pyinfra(self.root, "lab", str(ROOT / "deploys" / deploy), arguments, dry=dry)

    def trust_the_lab(self) -> None:
        """Has the GPU hosts believe the lab's CA, as a site's own hosts do theirs."""
        assert self.lab.registry is not None
        for name in ("gpu1", "gpu2"):
            self.host(name).run(
                "apt-get -qq update && apt-get -qq install -y curl ca-certificates >/dev/null && "
                f"cat >{AUTHORITY} && update-ca-certificates >/dev/null",
                given=self.lab.registry.ca.read_bytes(),
            )

    def fill_when_something_comes(self, name: str, what: str = ".incoming") -> None:
        """Fills the disk of a host's store as soon as a file is there, or on its way to it."""
        wait = f'until [ -n "$(find {STORE}/{what} -type f -size +0)" ]; do sleep 0.02; done'
        fill = f"{wait} 2>/dev/null; dd if=/dev/zero of={STORE}/filler bs=64K 2>/dev/null"
        self.host(name).run(f"mkdir -p {STORE}; setsid timeout 60 sh -c '{fill}' >/dev/null 2>&1 &")

    def visible(self, name: str) -> list[str]:
        """What an engine of the host could mount, files included, below the store."""
        return sorted(self.host(name).run(LIST_STORE, check=False).split())


def store_lab(lab: Lab, root: Path) -> StoreLab:
    """A repository in `root`, and hosts without any model."""
    controller(lab, root)
    text = inventory_text(lab, "lab")
    for host in lab.hosts:
        known = f"'ssh_hostname': '{host.address}'"
        text = text.replace(known, f"{known}, 'address': '{host.address}'")
    (root / "inventories" / "lab.py").write_text(text)
    (root / "deploys").symlink_to(ROOT / "deploys")
    without_models(lab)
    return StoreLab(lab, root)


def without_models(lab: Lab) -> None:
    """Takes the stores, and what tests gave the hosts, away again."""
    empty = (
        f"systemctl stop homeport-models; umount {STORE}; rm -rf {STORE}; "
        f"if [ -e {AUTHORITY} ]; then rm {AUTHORITY}; update-ca-certificates; fi"
    )
    for host in lab.hosts:
        host.run(empty, check=False)


def several_files(name: str, source: str, contents: dict[str, bytes]) -> ModelCopy:
    """A model of several files, by their name."""
    files: list[ModelFile] = []
    for path, content in contents.items():
        files += model_copy(content, source, path).files
    return ModelCopy(name=name, source=source, files=tuple(files))


@contextmanager
def outside(
    lab: Lab,
    content: bytes,
    *,
    tls: bool = False,
    valid: bool = True,
    **words: Any,  # noqa: ANN401 - the fields of FileServer
) -> Iterator[FileServer]:
    """A file server outside the fleet, on the lab's network; with TLS by the lab's CA."""
    place, trust = address(lab.name, OUTSIDE_NUMBER), None
    if tls:
        trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        folder = keys.folder(lab.name)
        certificate, key = server_certificate(folder, "outside", (place,))
        if not valid:
            certificate.write_bytes(not_yet_valid_certificate(folder, "outside")[0])
        trust.load_cert_chain(certificate, key)
    with serving(content, address=place, trust=trust, **words) as server:
        yield server
