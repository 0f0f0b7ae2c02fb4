"""A reference leads to its secret, or to a reason that does not show it."""

from pathlib import Path

import pytest

from deploys.settings.refusal import Refused
from deploys.settings.secrets import Secret, resolve

VALUE = "sk-3fb1"


def _file(folder: Path, text: str, mode: int = 0o600) -> None:
    file = folder / "key"
    file.write_text(text)
    file.chmod(mode)


def test_a_file_below_the_checkout_is_read(tmp_path: Path) -> None:
    _file(tmp_path, f"{VALUE}\n")

    assert resolve("file:key", tmp_path).reveal() == VALUE


def test_a_variable_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_KEY", VALUE)

    assert resolve("env:LAB_KEY", tmp_path).reveal() == VALUE


def test_a_command_is_run_in_the_checkout(tmp_path: Path) -> None:
    _file(tmp_path, VALUE)

    assert resolve("command:cat 'key'", tmp_path).reveal() == VALUE


def test_no_way_of_printing_shows_the_secret() -> None:
    secret = Secret(VALUE)

    shown = f"{secret} {secret!r} {[secret]} {secret}"
    assert VALUE not in shown
    assert not hasattr(secret, "__dict__")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_file_open_to_others_is_refused(mode: int, tmp_path: Path) -> None:
    _file(tmp_path, VALUE, mode)

    with pytest.raises(Refused, match=f"mode {mode:04o}.*\n.*chmod 600") as refused:
        resolve("file:key", tmp_path)
    assert VALUE not in str(refused.value)


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("env:HOMEPORT_NO_SUCH_VARIABLE", "is not set"),
        ("file:no-such-file", "No such file"),
        ("command:no-such-program-here", "No such file"),
        ("command:sh -c 'echo half-a-secret; exit 3'", "ended with exit status 3"),
        ("command:true", "is empty"),
        ("command:echo 'half", "quotes do not match"),
        ("command:printf 'half-a-secret\\n2'", "more than one word"),
        ("vault:key", "is no reference"),
    ],
)
def test_a_secret_that_cannot_be_had_is_refused_without_its_text(
    reference: str, words: str, tmp_path: Path
) -> None:
    with pytest.raises(Refused) as refused:
        resolve(reference, tmp_path)

    (complaint,) = refused.value.complaints
    assert words in complaint.found
    assert "half-a-secret" not in complaint.found + complaint.hint
