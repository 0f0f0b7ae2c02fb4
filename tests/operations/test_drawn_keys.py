"""Which keys nginx may know by an md5: those that were drawn."""

import base64
import hashlib
import random
import string

import pytest

from deploys.operations.client_keys import digest_lines
from deploys.operations.drawn_keys import is_drawn

HEX = hashlib.sha256(b"a").hexdigest()
DRAWS = random.Random(7)


@pytest.mark.parametrize(
    "key",
    [HEX, HEX[:48], f"hp-{HEX[:48]}", base64.b64encode(bytes.fromhex(HEX)).decode()],
)
def test_a_key_of_a_generator_is_drawn(key: str) -> None:
    assert is_drawn(key)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "sk-test-0123456789",
        "correct-horse-battery-staple-and-many-more-words-2027",
        "CorrectHorseBatteryStapleAndManyMoreWords20272028",
        "0123456789" * 6,
        "a1" * 40,
        HEX[:36],
        HEX[:20] + "é" + HEX[20:],
        f"{HEX} ",
        HEX * 2 + "0",
        '"' + HEX,
    ],
)
def test_a_word_a_short_key_and_one_that_nginx_cannot_hold_are_not(key: str) -> None:
    assert not is_drawn(key)


@pytest.mark.parametrize(
    ("signs", "length"),
    [("0123456789abcdef", 48), (string.ascii_letters + string.digits + "-_", 43)],
)
def test_nearly_all_drawn_keys_are_seen_as_such(signs: str, length: int) -> None:
    keys = ["".join(DRAWS.choices(signs, k=length)) for _ in range(1000)]
    assert sum(map(is_drawn, keys)) > 950


def test_a_drawn_key_has_a_line_more_that_shows_its_end_alone() -> None:
    lines = digest_lines({"a": HEX, "b": "sk-chosen"}).splitlines()
    assert lines[0] == f'"{hashlib.sha256(HEX.encode()).hexdigest()}" "a";'
    key, value = lines[1].split(maxsplit=1)
    assert key == f'"\\\\{HEX[-8:]}"'
    salt, md5, name = value.strip('";').split()
    digest = hashlib.md5(f"{salt}{HEX}".encode(), usedforsecurity=False).digest()
    assert base64.urlsafe_b64decode(md5 + "==") == digest
    assert (len(salt), name, len(lines)) == (22, "a", 3)
    assert HEX[:-8] not in "".join(lines)


def test_of_two_keys_that_end_alike_for_nginx_one_has_a_short_cut() -> None:
    other = hashlib.sha256(b"b").hexdigest()[:-8] + HEX[-8:].upper()
    lines = digest_lines({"a": HEX, "b": other}).splitlines()
    assert len(lines) == 3
    assert lines[1].endswith(' a";')
    assert is_drawn(other)
