"""Memory of the kit's own engines is not in use by others."""

from pathlib import Path

import pytest

from checks.probes.on_host.containers import own_mib, stable_mib

OURS = "a" * 64
THEIRS = "b" * 64


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Two engines, of which Docker lists one as the kit's."""
    for pid, container in ((10, OURS), (11, THEIRS)):
        file = tmp_path / "proc" / str(pid) / "cgroup"
        file.parent.mkdir(parents=True)
        file.write_text(f"0::/system.slice/docker-{container}.scope\n")
    program = tmp_path / "docker"
    program.write_text(f"#!/bin/sh\n[ $4$5 = --filterlabel=homeport.environment ] && echo {OURS}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return str(tmp_path)


def test_only_processes_in_the_kit_s_containers_are_its_own(host: str) -> None:
    assert own_mib([(10, 4000), (11, 300), (12, 20)], [], host) == 4000


def test_without_docker_nothing_is_its_own(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    remarks: list[str] = []
    assert own_mib([(10, 4000)], remarks, host) == 0
    assert remarks == []


def test_a_docker_that_does_not_answer_is_said(host: str) -> None:
    (Path(host) / "docker").write_text("#!/bin/sh\necho permission denied >&2; exit 1\n")
    remarks: list[str] = []
    assert own_mib([(10, 4000)], remarks, host) == 0
    assert "all count as others'" in remarks[0]


@pytest.mark.parametrize(("used", "written"), [(0, 0), (16, 0), (17, 64), (64, 64), (65, 128)])
def test_a_few_mib_more_or_less_are_the_same_use(used: int, written: int) -> None:
    assert stable_mib(used) == written
