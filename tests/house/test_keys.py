"""The committed keys are the ones that their README names, and fit every apt."""

import base64
import hashlib
import re
from collections.abc import Iterator
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


def test_the_fingerprints_are_those_of_the_readme() -> None:
    named = re.findall(r"`((?:[0-9A-F]{4} ){9}[0-9A-F]{4})`", (KEYS / "README.md").read_text())
    found = [one for file in FILES for one in _fingerprints(file.read_text(encoding="ascii"))]
    assert sorted(found) == sorted(one.replace(" ", "") for one in named)


def test_a_key_of_another_content_has_another_fingerprint() -> None:
    text = FILES[0].read_text(encoding="ascii")
    head, _, body = text.partition("\n\n")
    # Inside the first packet, behind its header and version.
    other = body[:40] + ("A" if body[40] != "A" else "B") + body[41:]
    assert _fingerprints(f"{head}\n\n{other}") != _fingerprints(text)


def _fingerprints(armoured: str) -> list[str]:
    """Of the primary keys of version 4 in an armoured block (RFC 9580, 5.5.4.2 and 4.2).

    Computed here: a fresh Debian has no gpg.
    """
    body = armoured.partition("\n\n")[2].partition("-----END")[0]
    lines = [line for line in body.split() if not line.startswith("=")]
    return [
        hashlib.sha1(b"\x99" + len(key).to_bytes(2) + key).hexdigest().upper()  # noqa: S324
        for kind, key in _packets(base64.b64decode("".join(lines)))
        if kind == 6 and key[0] == 4
    ]


def _packets(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Kind and content of each packet; a length of more than one octet says how many follow."""
    while data:
        if data[0] & 0x40:
            kind, start, size = data[0] & 0x3F, *_new_length(data)
        else:
            octets = 1 << (data[0] & 3)
            kind, start = data[0] >> 2 & 0xF, 1 + octets
            size = int.from_bytes(data[1:start])
        yield kind, data[start : start + size]
        data = data[start + size :]


def _new_length(data: bytes) -> tuple[int, int]:
    """Where the content begins, and its length."""
    first = data[1]
    if first < 192:
        return 2, first
    if first < 255:
        return 3, ((first - 192) << 8) + data[2] + 192
    return 6, int.from_bytes(data[2:6])
