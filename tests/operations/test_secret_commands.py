"""Commands that place secrets on a host: masked first, so that nobody else can read half of one."""

import json
import os
import re
import stat
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from pyinfra.api import StringCommand

from deploys.operations import model_sharing, secret_file, watch
from deploys.operations.host_script import SCRIPTS, run_script
from deploys.operations.model_fleet import Seen
from deploys.questions.watch import ADDRESS, WatchHost
from tests.lab.waiting import LONGEST_SECONDS, until
from tests.operations.committed_release import ROOT, model_copy

MASK = "umask 077; "
# What is given to a command over standard input, and how others are kept from reading it.
GIVEN = {
    "secret_file.py": "the mask comes first",
    "model_sharing.py": "the mask comes first",
    "watch.py": "the mask comes first",
    "images.py": "pull-image: the mask comes before the folder and the file",
    "image_base.py": "the same script",
    "image_context.py": "into a folder that has 0700 before: its files reach an image as they are",
    "models.py": "a token that is read into a variable; no file holds it",
    "model_upload.py": "weights, no secret",
    "docker_daemon.py": "daemon.json, which everybody may read",
    "host_script.py": "passes on what others give",
}
# Docker as far as a pull goes that does not come to its end.
PULL = """#!/bin/sh
cp -r --preserve=mode "$DOCKER_CONFIG" seen && touch pulling
for _ in $(seq 6000); do [ ! -e go ] || exit 0; sleep 0.02; done
"""


def _placing(directory: str) -> list[tuple[StringCommand, Path]]:
    """Commands of the kit that write their standard input to a file, and the file."""
    folder = Path(directory)
    file = model_copy(b"weights", "http://elsewhere/").files[0]
    giver = Seen("gpu1", "198.18.0.10", giving="kit ssh-ed25519 AAAA")
    secret = secret_file.placed(directory, "key", "secret", "image")
    known = model_sharing._from_host(directory, file, giver, 9000)
    hook = watch._secret_command(directory, "https://pager.example/1", WatchHost())
    places = (
        (secret, folder / "key.new"),
        (known, folder / "models/.taking/known_hosts"),
        ([hook], folder / f"{ADDRESS}.new"),
    )
    return [
        (command, path)
        for commands, path in places
        for command in commands
        if isinstance(command, StringCommand) and "_stdin" in command.connector_arguments
    ]


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _started(command: StringCommand, folder: Path, **words: str) -> "subprocess.Popen[bytes]":
    """The command as a host runs it whose user shows everything to everybody."""
    text = f"umask 0; {command.get_raw_value()}"
    environment: Mapping[str, str] = {**os.environ, **words}
    return subprocess.Popen(
        ["/bin/sh", "-c", text], cwd=folder, env=environment, stdin=subprocess.PIPE
    )


def test_every_command_that_gets_something_over_standard_input_is_known_here() -> None:
    pattern = re.compile(r"_stdin\b|\bgiven=")
    folder = ROOT / "deploys" / "operations"
    found = {file.name for file in folder.glob("*.py") if pattern.search(file.read_text())}
    assert found == GIVEN.keys()


def test_each_that_writes_a_file_masks_before_anything_else(tmp_path: Path) -> None:
    commands = [command.get_raw_value() for command, _ in _placing(str(tmp_path))]
    assert [command[: len(MASK)] for command in commands] == [MASK] * 3


@pytest.mark.parametrize("number", [0, 1, 2])
def test_half_of_what_is_placed_can_be_read_by_nobody_else(tmp_path: Path, number: int) -> None:
    command, path = _placing(str(tmp_path))[number]
    path.parent.mkdir(parents=True, exist_ok=True)
    process = _started(command, tmp_path)
    assert process.stdin is not None
    process.stdin.write(b"half of a")
    process.stdin.flush()
    until(lambda: path.exists() and path.stat().st_size)
    assert path.read_bytes() == b"half of a"
    assert _mode(path) == 0o600
    process.communicate(b" secret")
    # Where the same command also puts it in its place.
    placed = path if path.exists() else path.with_name(path.name.removesuffix(".new"))
    assert placed.read_bytes() == b"half of a secret"
    assert _mode(placed) == 0o600


def test_a_file_that_everybody_can_read_is_made_anew_for_a_secret(tmp_path: Path) -> None:
    command, path = _placing(str(tmp_path))[0]
    path.touch(0o666)
    path.chmod(0o666)
    _started(command, tmp_path).communicate(b"secret")
    assert _mode(path) == 0o600


def test_without_the_mask_the_same_look_finds_a_file_that_everybody_can_read(
    tmp_path: Path,
) -> None:
    command, path = _placing(str(tmp_path))[0]
    bare = StringCommand(command.get_raw_value().removeprefix(MASK))
    _started(bare, tmp_path).communicate(b"secret")
    assert _mode(path) == 0o666


@pytest.fixture
def pull(tmp_path: Path) -> StringCommand:
    """pull-image with a Docker that waits until there is a file `go`."""
    (tmp_path / "bin").mkdir()
    docker = tmp_path / "bin" / "docker"
    docker.write_text(PULL)
    docker.chmod(0o755)
    return run_script(SCRIPTS / "pull-image", str(tmp_path / "kit"), "registry/image@sha256:0")


def _path(folder: Path) -> str:
    return f"{folder}/bin:{os.environ['PATH']}"


def _given(process: "subprocess.Popen[bytes]", text: str) -> None:
    assert process.stdin is not None
    process.stdin.write(text.encode())
    process.stdin.close()


def test_a_login_can_be_read_by_nobody_else_while_an_image_is_pulled(
    tmp_path: Path, pull: StringCommand
) -> None:
    process = _started(pull, tmp_path, PATH=_path(tmp_path))
    _given(process, json.dumps({"auths": {}}))
    until((tmp_path / "pulling").exists)
    (login,) = (tmp_path / "kit/secrets").glob("registry*/config.json")
    folders = [_mode(folder) for folder in (login.parents[1], login.parents[0])]
    assert [*folders, _mode(login)] == [0o700, 0o700, 0o600]
    # That is no secret, and containers have mounts below it.
    assert _mode(tmp_path / "kit") == 0o777
    (tmp_path / "go").touch()
    assert process.wait(LONGEST_SECONDS) == 0
    assert not login.parent.exists()


def test_a_pull_has_a_login_of_its_own_beside_one_that_an_earlier_run_has_left(
    tmp_path: Path, pull: StringCommand
) -> None:
    """A killed run's pull goes on; a login that a power cut has left is nobody's."""
    secrets = tmp_path / "kit/secrets"
    (secrets / "registry.dead").mkdir(parents=True)
    runs = []
    for word in ("first", "second"):
        runs.append(_started(pull, tmp_path, PATH=_path(tmp_path)))
        _given(runs[-1], word)
        until((tmp_path / "pulling").exists)
        (tmp_path / "pulling").unlink()
        (tmp_path / "seen").rename(tmp_path / word)
    assert [(tmp_path / word / "config.json").read_text() for word in ("first", "second")] == [
        "first\n", "second\n",
    ]  # fmt: skip
    logins = {file.read_text() for file in secrets.glob("*/config.json")}
    assert logins == {"first\n", "second\n"}
    assert len(list(secrets.iterdir())) == 2
    (tmp_path / "go").touch()
    assert [run.wait(LONGEST_SECONDS) for run in runs] == [0, 0]
    assert list(secrets.iterdir()) == []
