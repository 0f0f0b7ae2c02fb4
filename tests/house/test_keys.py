"""The committed keys are the ones that their README names, and fit every apt."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

KEYS = Path(__file__).resolve().parents[2] / "deploys" / "keys"
FILES = sorted(KEYS.glob("*.asc"))


def test_the_readme_names_each_key_file() -> None:
    text = (KEYS / "README.md").read_text()
    assert FILES
    assert [file.name for file in FILES if f"`{file.name}`" not in text] == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_key_file_is_one_armoured_block_without_secrets(file: Path) -> None:
    text = file.read_text(encoding="ascii")
    # apt before Debian 13 stops reading at the first end.
    assert text.count("-----BEGIN PGP PUBLIC KEY BLOCK-----") == 1
    assert "PRIVATE" not in text


@pytest.mark.skipif(shutil.which("gpg") is None, reason="gpg is not installed here")
def test_the_fingerprints_are_those_of_the_readme(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    command = ["gpg", "--homedir", str(tmp_path), "--with-colons", "--show-keys"]
    shown = subprocess.run(
        [*command, *map(str, FILES)], capture_output=True, text=True, check=True
    ).stdout
    primary = re.findall(r"^pub:.*\nfpr:+([0-9A-F]{40}):", shown, re.MULTILINE)
    named = re.findall(r"`((?:[0-9A-F]{4} ){9}[0-9A-F]{4})`", (KEYS / "README.md").read_text())
    assert sorted(primary) == sorted(one.replace(" ", "") for one in named)
