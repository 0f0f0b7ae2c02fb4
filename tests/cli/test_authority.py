"""`homeport authority`: key and certificate, made once, and never written over by mistake."""

from pathlib import Path

import pytest

from deploys.certificates.reading import certificate, fits, private_key
from deploys.cli.exit_codes import ExitCode
from deploys.cli.main import exit_code
from deploys.settings import inventory
from tests.certificates.issuing import NAME, authority

TLS = {
    "names": [NAME],
    "authority": {"certificate": "inventories/ca.pem", "key": "file:.homeport/ca.key"},
}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose gateway wants an authority; pyinfra itself takes seconds to start."""
    folder = tmp_path / "inventories"
    (folder / "group_data").mkdir(parents=True)
    (tmp_path / "deploys").mkdir()
    (folder / "small.py").write_text("")
    gives(monkeypatch, {"tls": TLS})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def gives(monkeypatch: pytest.MonkeyPatch, gateway: object) -> None:
    """Has the inventory say this of the gateway."""
    host = {"name": "@local", "groups": ["small", "gateways"], "data": {"gateway": gateway}}
    monkeypatch.setattr(inventory, "_ask_pyinfra", lambda *_: [host])


def test_it_makes_key_and_certificate_once(root: Path) -> None:
    assert exit_code(["authority", "small"]) == ExitCode.DONE
    key, pem = root / ".homeport" / "ca.key", root / "inventories" / "ca.pem"
    assert key.stat().st_mode & 0o777 == 0o600
    assert fits(private_key(key.read_text()), certificate(pem.read_bytes()))
    before = key.read_text(), pem.read_text()
    assert exit_code(["authority", "small"]) == ExitCode.DONE
    assert (key.read_text(), pem.read_text()) == before


def test_a_renewed_one_keeps_its_key(root: Path) -> None:
    exit_code(["authority", "small"])
    key, pem = root / ".homeport" / "ca.key", root / "inventories" / "ca.pem"
    before = key.read_text(), pem.read_text()
    assert exit_code(["authority", "small", "--renew"]) == ExitCode.DONE
    assert key.read_text() == before[0]
    assert pem.read_text() != before[1]


def test_a_key_that_is_not_the_certificates_is_refused(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "inventories" / "ca.pem").write_text(authority()[1])
    assert exit_code(["authority", "small"]) == ExitCode.REFUSED
    assert "is not the key of inventories/ca.pem" in capsys.readouterr().err


def test_a_key_of_the_operators_own_is_used_and_not_made(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = {**TLS, "authority": {"certificate": "inventories/ca.pem", "key": "env:CA_KEY"}}
    gives(monkeypatch, {"tls": words})
    assert exit_code(["authority", "small"]) == ExitCode.REFUSED
    assert "env:CA_KEY" in capsys.readouterr().err
    monkeypatch.setenv("CA_KEY", authority()[0])
    assert exit_code(["authority", "small"]) == ExitCode.DONE
    pem = (root / "inventories" / "ca.pem").read_bytes()
    assert fits(private_key(authority()[0]), certificate(pem))
    monkeypatch.setenv("CA_KEY", "nothing of the kind")
    (root / "inventories" / "ca.pem").unlink()
    assert exit_code(["authority", "small"]) == ExitCode.REFUSED
    told = capsys.readouterr().err
    assert "holds no private key" in told
    assert "nothing of the kind" not in told


def test_without_the_word_it_says_which(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert root.is_dir()
    gives(monkeypatch, {})
    assert exit_code(["authority", "small"]) == ExitCode.REFUSED
    assert "gateway.tls.authority: is missing" in capsys.readouterr().err
