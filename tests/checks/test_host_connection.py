"""How a script reaches a host, by what pyinfra's inventory says about it."""

from pathlib import Path
from typing import Any

import pytest

from checks.probes import sections
from checks.probes.host import Unreachable, directory, run
from deploys.settings.inventory import InventoryHost


def _host(connection: str, **data: object) -> InventoryHost:
    return InventoryHost("somewhere", connection, (), data)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in front of PATH."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path


def _program(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_this_machine_is_asked_directly() -> None:
    assert run(_host("@local"), "printf '%s' \"it's $((1 + 1))\"") == "it's 2"


def test_a_container_is_asked_through_docker(programs: Path) -> None:
    _program(programs, "docker", 'echo "$@"')

    answer = run(_host("@docker/hpc-host"), "true")

    assert answer.startswith("exec hpc-host /bin/sh -c timeout -k 5 60 sh -c true")


def test_ssh_gets_the_words_that_pyinfra_gets(programs: Path) -> None:
    _program(programs, "ssh", 'echo "$@"')
    data: dict[str, Any] = {
        "ssh_hostname": "10.0.0.7",
        "ssh_port": 2222,
        "ssh_user": "deploy",
        "ssh_key": "/keys/id",
        "ssh_known_hosts_file": "/keys/known hosts",
    }

    answer = run(_host("gpu1.example", **data), "true")

    for words in (
        "BatchMode=yes",
        "StrictHostKeyChecking=accept-new",
        "UserKnownHostsFile=/keys/known hosts",
        "User=deploy",
        "Port=2222",
        "-i /keys/id",
        "10.0.0.7 timeout",
    ):
        assert words in answer


def test_an_ssh_that_cannot_connect_is_unreachable_with_its_own_reason(programs: Path) -> None:
    _program(programs, "ssh", "echo 'connect to host gpu1: Connection timed out' >&2; exit 255")

    with pytest.raises(Unreachable, match="somewhere is unreachable: connect to host gpu1"):
        run(_host("gpu1"), "true")


def test_a_container_that_is_gone_is_unreachable(programs: Path) -> None:
    _program(programs, "docker", "echo 'Error: No such container: x' >&2; exit 1")

    with pytest.raises(Unreachable, match="No such container"):
        run(_host("@docker/x"), "true")


def test_a_script_that_hangs_is_ended() -> None:
    with pytest.raises(Unreachable, match="no answer within 1 s"):
        run(_host("@local"), "sleep 20", limit_seconds=1)


def test_a_relative_directory_is_below_this_checkout() -> None:
    host = _host("@local", directory=".homeport/lab")

    assert directory(host, Path("/checkout")) == "/checkout/.homeport/lab"
    assert directory(_host("gpu1"), Path("/checkout")) == "/srv/homeport"


def test_sections_keep_what_each_command_printed_apart() -> None:
    questions = {"one": "echo 1; echo", "two": "false", "three": "cat; printf '%s' \"it's\""}

    answers = sections.answers(run(_host("@local"), sections.script(questions)))

    assert answers == {"one": "1", "two": "", "three": "it's", "end": ""}


def test_an_answer_that_is_cut_off_is_no_answer() -> None:
    with pytest.raises(ValueError, match="cut off"):
        sections.answers("@@homeport@@ one\n1\n")


def test_an_answer_with_any_byte_is_read() -> None:
    assert run(_host("@local"), r"printf 'before \337 after'") == "before � after"
