"""What a deploy knows of its host, and what it refuses before any host is changed."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from pyinfra.api.exceptions import DeployError
from pyinfra.api.host import Host

from deploys.cli.exit_codes import ExitCode
from deploys.history.kept import fleet_name
from deploys.operations import manifest
from deploys.operations.manifest import RunRelease
from deploys.settings.refusal import Refused
from tests.operations.committed_release import ROOT, bring_models, write_release

FILES = {"gpu_hosts/compose.yaml": "services: {}\n", "nginx/nginx.conf": "events {}\n"}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_release(tmp_path, files=FILES)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def host(
    name: str = "@local", groups: tuple[str, ...] = ("gpu_hosts", "small"), directory: str = ""
) -> Host:
    return cast("Host", SimpleNamespace(name=name, groups=groups, data={"directory": directory}))


@pytest.mark.usefixtures("root")
def test_the_environment_is_the_group_that_is_an_inventory_file() -> None:
    assert manifest.this_environment(host()) == "small"
    assert manifest.this_release(host()).host == "localhost"
    assert manifest.this_network(host()) == "homeport-small"
    assert manifest.this_project(host(), "gateways") is None


@pytest.mark.usefixtures("root")
def test_a_host_in_no_inventory_file_is_refused() -> None:
    with pytest.raises(DeployError, match="run pyinfra from the repository root"):
        manifest.this_environment(host(groups=("gpu_hosts",)))


def test_a_group_named_after_another_environment_is_refused(root: Path) -> None:
    (root / "inventories" / "gpu_hosts.py").write_text("")
    with pytest.raises(DeployError, match="found: gpu_hosts, small"):
        manifest.this_environment(host())


@pytest.mark.parametrize(
    ("name", "directory", "absolute"),
    [("gpu1", "", "/srv/homeport"), ("gpu1", "/data/hp", "/data/hp"), ("@local", "/hp/", "/hp")],
)
def test_the_directory_is_absolute(name: str, directory: str, absolute: str) -> None:
    assert manifest.host_directory(host(name, directory=directory)) == absolute


def test_a_relative_directory_is_below_the_repository_on_this_machine_only(root: Path) -> None:
    assert manifest.host_directory(host(directory=".homeport/local")) == f"{root}/.homeport/local"
    with pytest.raises(DeployError, match="'srv' is relative"):
        manifest.host_directory(host("gpu1", directory="srv"))


@pytest.mark.usefixtures("root")
def test_every_file_of_a_release_is_found_where_it_is_committed() -> None:
    release = manifest.read_release("small", "localhost")
    assert manifest.committed_sources(release) == {
        "gpu_hosts/compose.yaml": "compose/small/localhost/gpu_hosts/compose.yaml",
        "nginx/nginx.conf": "nginx/small/localhost/nginx.conf",
        "release.yaml": "compose/small/localhost/release.yaml",
    }
    assert set(manifest.committed_files(release)) == {*FILES, "release.yaml"}


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        ("compose/small/localhost/release.yaml", None, "cannot be read: No such file"),
        ("compose/small/localhost/release.yaml", "{", "is not YAML"),
        ("compose/small/localhost/release.yaml", "[]", "found []"),
        ("compose/small/localhost/release.yaml", "releaze: 1", "did you mean `release`?"),
        ("nginx/small/localhost/nginx.conf", "edited", "its sha256 differs"),
        ("compose/small/localhost/gpu_hosts/compose.yaml", None, "it is missing"),
    ],
)
def test_a_release_that_is_not_what_render_wrote_is_refused(
    root: Path, path: str, text: str | None, found: str
) -> None:
    (root / path).unlink()
    if text is not None:
        (root / path).write_text(text)
    with pytest.raises(Refused) as refused:
        manifest.read_release("small", "localhost")
    assert found in str(refused.value)
    assert path in str(refused.value)


@pytest.mark.deploys
def test_pyinfra_itself_refuses_before_any_change(
    root: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    (root / "nginx/small/localhost/nginx.conf").write_text("edited")
    run = bring_models(root)
    assert run.exit_code == ExitCode.REFUSED
    assert "hint: homeport render small" in run.explanation
    assert "Traceback" not in capfd.readouterr().err


def test_a_run_brings_what_is_committed_and_knows_the_fleet_it_belongs_to(root: Path) -> None:
    run = manifest.this_run(host())
    assert (run.release.release, run.fleet, run.goes_back) == ("0123456789ab",) * 2 + (False,)
    other = root / "compose" / "pair"
    for name, release in (("gpu1", "0011"), ("gpu2", "'0022'")):
        (other / name).mkdir(parents=True)
        (other / name / "release.yaml").write_text(f"# comment\nrelease: {release}\n")
    assert manifest.committed_fleet("pair") == fleet_name({"gpu1": "0011", "gpu2": "0022"})


def test_a_rollback_has_every_deploy_bring_what_the_host_kept(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manifest, "_INSTEAD", {})
    committed = manifest.this_release(host())
    kept = committed.model_copy(update={"release": "kept", "network": "homeport-before"})
    manifest.bring_instead(host(), RunRelease(kept, "fleet", goes_back=True))
    assert root
    assert manifest.this_release(host()) == kept
    assert manifest.this_network(host()) == "homeport-before"
    assert manifest.this_run(host()).goes_back
