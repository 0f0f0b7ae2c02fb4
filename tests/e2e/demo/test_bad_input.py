"""Bad input on a real machine: a clear error, the documented exit code, nothing lost."""

import re
import socket
import subprocess
from pathlib import Path

import pytest

from deploys.catalogue.tiny import write_tiny
from tests.e2e.checkout import Checkout, chat, containers, gateway

pytestmark = [pytest.mark.docker, pytest.mark.root]


def _has_error_and_hint(output: str) -> bool:
    return "error: " in output and "hint: " in output and "Traceback" not in output


def test_a_port_that_something_else_holds_is_refused_before_any_change(changed: Checkout) -> None:
    before = containers()
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        changed.edit("inventories/group_data/local.py", '"port": 8080', f'"port": {port}')
        changed.homeport("render local")
        refusal = changed.homeport("apply local", expect=7)
    assert f"port {port}: something else listens on it" in refusal
    assert _has_error_and_hint(refusal)
    assert containers() == before


def test_the_same_environment_from_another_checkout_is_refused(
    demo: Checkout, folder: Path
) -> None:
    other = _second_checkout(demo, folder)
    refusal = other.homeport("apply local", expect=7)
    assert "already runs from there" in refusal
    assert _has_error_and_hint(refusal)


def test_a_user_who_may_not_use_docker_is_told_so(demo: Checkout, folder: Path) -> None:
    other = _second_checkout(demo, folder)
    output = _as_user(other, "nobody", "nogroup", ".venv/bin/homeport apply local", expect=7)
    assert "docker group" in output
    assert _has_error_and_hint(output)


def test_a_member_of_the_docker_group_needs_no_root(changed: Checkout, folder: Path) -> None:
    changed.run("make demo-down")
    other = _second_checkout(changed, folder)
    try:
        output = _as_user(other, "nobody", "docker", "make demo", expect=0)
        assert re.search(r"\b(\d+) of \1 checks passed", output)
        with gateway(other) as client:
            assert chat(client).status_code == 200
        again = _as_user(other, "nobody", "docker", "make demo", expect=0)
        assert "nothing had to change" in again
    finally:
        _as_user(other, "nobody", "docker", "make demo-down", expect=0)
    assert not containers()


def test_an_image_that_cannot_be_had_stops_before_anything_is_replaced(changed: Checkout) -> None:
    before = containers()
    words = '\nimages = {"nginx": {"reference": "registry.invalid/nginx:none"}}\n'
    file = changed.path / "inventories" / "group_data" / "local.py"
    file.write_text(file.read_text() + words)
    changed.homeport("render local")
    output = changed.homeport("apply local", expect=1)
    assert "registry.invalid" in output
    assert _has_error_and_hint(output)
    assert containers() == before
    with gateway(changed) as client:
        assert chat(client).status_code == 200


def test_a_daemon_that_does_not_answer_is_told_without_a_traceback(demo: Checkout) -> None:
    refusal = demo.run(
        ".venv/bin/homeport drift local", expect=None, DOCKER_HOST="tcp://127.0.0.1:1"
    )
    assert refusal.returncode in (2, 4)
    assert "Traceback" not in refusal.stdout + refusal.stderr


@pytest.mark.parametrize(
    ("damage", "words"),
    [("cut", "cut off"), ("other", "is not GGUF"), ("empty", "empty")],
)
def test_a_model_file_that_is_no_whole_gguf_is_refused(
    changed: Checkout, folder: Path, damage: str, words: str
) -> None:
    path = write_tiny(folder / "model.gguf")
    whole = path.read_bytes()
    path.write_bytes(
        {"cut": whole[: len(whole) // 2], "other": b"<html>" * 99, "empty": b""}[damage]
    )
    changed.edit("inventories/group_data/local.py", '"tiny-random"', f'"{path}"')
    done = changed.run("make demo", expect=2)
    assert words in done.stderr + done.stdout
    assert _has_error_and_hint(done.stderr + done.stdout)


def test_one_setting_switches_to_another_model_by_path(changed: Checkout, folder: Path) -> None:
    path = write_tiny(folder / "my-model.gguf")
    # Another file with the same weights: a byte of padding after the last tensor.
    path.write_bytes(path.read_bytes() + b"\0" * 32)
    changed.edit("inventories/group_data/local.py", '"tiny-random"', f'"{path}"')
    output = changed.run("make demo").stdout
    assert "reading it into inventories/models.yaml" in output
    assert "my-model" in changed.homeport("plan local")
    with gateway(changed) as client:
        assert chat(client).status_code == 200


def _second_checkout(demo: Checkout, folder: Path) -> Checkout:
    """The same tree in another folder, with the first one's virtual environment."""
    other = Checkout(folder / "other")
    other.path.mkdir(parents=True)
    archive = "git -C {0} ls-files -z --cached --others --exclude-standard"
    demo.run(
        f"{archive.format(demo.path)} | tar -C {demo.path} --null -T - -c | tar -C {other.path} -x"
    )
    (other.path / ".venv").symlink_to(demo.path / ".venv")
    demo.run(f"mkdir -p {other.path}/.homeport && cp .homeport/demo.key {other.path}/.homeport/")
    return other


def _as_user(checkout: Checkout, user: str, group: str, command: str, *, expect: int) -> str:
    """Runs a command as an ordinary user who owns the checkout."""
    subprocess.run(["chown", "-hR", user, str(checkout.path)], check=True)
    become = f"setpriv --reuid={user} --regid={group} --clear-groups env HOME={checkout.path}"
    done = checkout.run(f"{become} {command}", expect=expect)
    return done.stdout + done.stderr
