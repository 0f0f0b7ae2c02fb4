"""What is sent to a host for the base image, and how a base is found."""

import stat
import subprocess
from pathlib import Path

import pytest
from pyinfra.api import StringCommand

from deploys.facts.apt import AptSite
from deploys.facts.images import ImageIds
from deploys.operations.host_script import SCRIPTS, refuse, run_script
from deploys.operations.image_base import site_files
from deploys.operations.image_context import ship


def test_the_base_gets_the_hosts_mirror_proxies_and_date_checks() -> None:
    site = AptSite("http://mirror.example/debian", 'Acquire::Check-Valid-Until "false";\n')
    files = site_files(site, site.debian_mirror)
    assert files["site/etc/apt/sources.list"] == "deb http://mirror.example/debian forky main\n"
    assert files["site/etc/apt/apt.conf.d/90homeport"].endswith(site.settings)


def test_a_base_on_a_host_without_a_debian_mirror_keeps_its_own_sources() -> None:
    assert site_files(AptSite(None, ""), None)["site/etc/apt/sources.list"] == ""


def test_a_context_is_shipped_into_an_empty_folder_that_only_its_owner_can_read(
    tmp_path: Path,
) -> None:
    context = tmp_path / "context"
    context.mkdir()
    (context / "Dockerfile").write_text("FROM homeport/debian:forky\n")
    secret = "http://user:password@proxy.example"
    target = tmp_path / "a 'b"
    target.mkdir()
    (target / "left").write_text("from the build before")
    commands = list(ship(context, str(target), {"site/etc/x": secret}))
    assert secret not in " ".join(command.get_raw_value() for command in commands)
    for command in commands:
        stdin = command.connector_arguments.get("_stdin", "")
        script = command.get_raw_value()
        subprocess.run(["/bin/sh", "-c", script], input=str(stdin), text=True, check=True)
    assert sorted(p.name for p in target.rglob("*") if p.is_file()) == ["Dockerfile", "x"]
    assert (target / "site/etc/x").read_text() == secret
    assert stat.S_IMODE(target.stat().st_mode) == 0o700
    assert stat.S_IMODE((target / "site").stat().st_mode) == 0o755
    assert stat.S_IMODE((target / "Dockerfile").stat().st_mode) == 0o644


def test_only_images_that_are_there_have_an_id() -> None:
    found = ImageIds().process(["homeport/nginx:0123 sha256:abc", "warning: something else said"])
    assert found == {"homeport/nginx:0123": "sha256:abc"}


def _ran(command: StringCommand) -> "subprocess.CompletedProcess[str]":
    """A command as a host runs it."""
    return subprocess.run(
        ["/bin/sh", "-c", command.get_raw_value()], capture_output=True, text=True, check=False
    )


def test_a_refusal_fails_and_says_error_and_hint_whatever_they_hold() -> None:
    command = refuse('it\'s $HOME, "broken"', "see `docker version` 100%")
    done = _ran(command)
    assert done.returncode == 1
    assert done.stderr == 'error: it\'s $HOME, "broken"\nhint: see `docker version` 100%\n'


def test_too_little_space_is_told_with_what_is_needed_and_where(tmp_path: Path) -> None:
    command = run_script(SCRIPTS / "need-space", "999999999", str(tmp_path), "the base")
    done = _ran(command)
    assert done.returncode == 1
    assert f"error: the base needs 999999999 MiB below {tmp_path}, and " in done.stderr
    assert "hint: make room there" in done.stderr


@pytest.mark.root
def test_a_part_of_a_mib_is_not_taken_for_a_whole_one(small_disk: Path) -> None:
    command = run_script(SCRIPTS / "need-space", "1", str(small_disk), "a release")
    done = _ran(command)
    assert done.returncode == 1
    assert f"needs 1 MiB below {small_disk}, and 0 MiB are free there\n" in done.stderr
    assert done.stderr.endswith("hint: make room there\n")


def test_enough_space_says_nothing(tmp_path: Path) -> None:
    command = run_script(SCRIPTS / "need-space", "1", str(tmp_path), "the base")
    done = _ran(command)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
