"""The gateway's certificate on a host: issued, renewed, given, or refused; by real pyinfra."""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploys.certificates.reading import certificate, fits, private_key
from deploys.cli.pyinfra_run import Run, run_pyinfra
from deploys.operations.secret_file import GATEWAY_UID
from tests.certificates.issuing import NAME, authority, gateway_pem, key_alone, without_key
from tests.operations.committed_release import ROOT, commit_release, write_release

pytestmark = [pytest.mark.deploys, pytest.mark.root]

DEPLOY = """\
from pyinfra import host
from deploys.operations import gateway_certificate, release
from deploys.operations.gateway_certificate import unfit
from deploys.operations.manifest import host_directory, this_release, this_run
from pyinfra.api.exceptions import DeployError

gateway, directory = this_release(host).gateway, host_directory(host)
refused = list(unfit(gateway, directory))
if refused:
    raise DeployError("refused before any change:\\n" + "\\n".join(refused))
release.folders(name="Folders", directory=directory)
gateway_certificate.certified(
    name="Certificate", directory=directory, tls=gateway.tls, image=gateway.image
)
release.proved(name="Prove", directory=directory, run=this_run(host), checks=[])
"""
AUTHORITY = {"authority": {"certificate": "ca.pem", "key": "env:CA_KEY"}}
FILES = {"files": {"chain": "chain.pem", "key": "file:tls.key"}}


@dataclass(frozen=True)
class Host:
    """This machine as a gateway, and the repository."""

    root: Path

    @property
    def secret(self) -> Path:
        """The gateway's certificate and key."""
        return self.root / "store" / "secrets" / "gateway" / "tls.pem"

    def has(self, pem: str) -> None:
        """Lets the gateway serve a certificate."""
        self.secret.parent.mkdir(parents=True, exist_ok=True)
        self.secret.write_text(pem)

    def apply(self, tls: Mapping[str, object] = AUTHORITY, *, nginx: str = "1.30.6-2") -> Run:
        """Brings the certificate, as a deploy does, with this nginx in the image."""
        program = self.root / "bin" / "docker"
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\nprintf 'nginx {nginx}\\nnjs-v 1.0.2\\n'\n")
        program.chmod(0o755)
        gateway = {
            "service": "nginx", "image": "nginx:test", "revision": "a", "admin_port": 8081,
            "listen": "127.0.0.1:1", "engines": {}, "clients": {},
            "tls": {"names": [NAME], **tls},
        }  # fmt: skip
        commit_release(self.root, "small", "localhost", gateway=gateway)
        return run_pyinfra(self.root, "small", "certify.py")


@pytest.fixture
def gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    """A host to which nothing was applied; the operator has the authority's key."""
    write_release(tmp_path)
    (tmp_path / "deploys").symlink_to(ROOT / "deploys")
    (tmp_path / "certify.py").write_text(DEPLOY)
    (tmp_path / "ca.pem").write_text(authority()[1])
    monkeypatch.setenv("CA_KEY", authority()[0])
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    return Host(tmp_path)


def changed(run: Run) -> bool:
    """Whether the certificate was brought."""
    assert run.exit_code == 0, run.explanation
    return any("Certificate" in name for name in run.changed)


def test_the_first_apply_issues_and_the_next_changes_nothing(gateway: Host) -> None:
    assert changed(gateway.apply())
    text = gateway.secret.read_text()
    found = certificate(text.encode())
    assert found.names == (NAME,)
    assert fits(private_key(key_alone(text)), found)
    state = gateway.secret.stat()
    assert (stat.S_IMODE(state.st_mode), state.st_uid) == (0o600, GATEWAY_UID)
    assert not changed(gateway.apply())
    assert gateway.secret.read_text() == text


def test_less_than_a_third_of_its_life_is_renewed_with_another_key(gateway: Host) -> None:
    old = gateway_pem(20)
    gateway.has(old)
    assert changed(gateway.apply())
    new = gateway.secret.read_text()
    assert key_alone(new) != key_alone(old)
    assert certificate(new.encode()).ends > certificate(old.encode()).ends


def test_a_good_certificate_needs_no_key_of_the_authority(
    gateway: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway.has(gateway_pem(60))
    monkeypatch.delenv("CA_KEY")
    assert not changed(gateway.apply())
    gateway.has(gateway_pem(10))
    run = gateway.apply()
    assert run.exit_code == 7
    assert "env:CA_KEY" in run.explanation


def test_a_given_certificate_is_brought_with_its_key_and_a_strangers_key_refused(
    gateway: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem = gateway_pem()
    (gateway.root / "chain.pem").write_text(without_key(pem))
    key = gateway.root / "tls.key"
    key.touch(0o600)
    key.write_text(key_alone(gateway_pem()))
    run = gateway.apply(FILES)
    assert run.exit_code == 7
    assert "file:tls.key: is not the key of chain.pem" in run.explanation
    assert not gateway.secret.exists()
    key.write_text(key_alone(pem))
    assert changed(gateway.apply(FILES))
    assert gateway.secret.read_text() == pem
    assert not changed(gateway.apply(FILES))


def test_a_given_certificate_that_has_ended_is_refused(gateway: Host) -> None:
    (gateway.root / "chain.pem").write_text(without_key(gateway_pem(-1)))
    key = gateway.root / "tls.key"
    key.touch(0o600)
    key.write_text("x")
    run = gateway.apply(FILES)
    assert run.exit_code == 7
    assert "chain.pem: ended on" in run.explanation


def test_the_acme_client_gets_a_folder_of_its_own_and_whom_to_trust(gateway: Host) -> None:
    acme = {"acme": {"email": "ops@llm.example", "authority": "ca.pem"}}
    assert changed(gateway.apply(acme))
    folder = gateway.root / "store" / "secrets" / "acme"
    for path, mode in ((folder, 0o700), (folder / "authority.pem", 0o600)):
        state = path.stat()
        assert (stat.S_IMODE(state.st_mode), state.st_uid) == (mode, GATEWAY_UID)
    assert (folder / "authority.pem").read_text() == authority()[1]
    assert not changed(gateway.apply(acme))
    (gateway.root / "ca.pem").unlink()
    run = gateway.apply(acme)
    assert run.exit_code == 7
    assert "ca.pem" in run.explanation


def test_an_image_with_an_older_nginx_is_refused_before_anything_is_switched(
    gateway: Host, capfd: pytest.CaptureFixture[str]
) -> None:
    run = gateway.apply(nginx="1.30.5-1")
    assert run.exit_code == 1
    assert "nginx 1.30.5-1 (nginx) is older than 1.30.6" in capfd.readouterr().err
    assert not (gateway.root / "store" / "unfinished").is_symlink()
