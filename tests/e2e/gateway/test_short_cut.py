"""A real nginx that knows drawn keys without a script, and no other ones by that."""

import hashlib
from collections.abc import Iterator

import pytest

from deploys.operations.drawn_keys import is_drawn, short_cut
from tests.e2e.gateway_lab import Lab, running_lab, said
from tests.e2e.gateway_tree import KEY, place_secret, write_tree

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]

DRAWN = "hp-" + hashlib.sha256(b"a drawn key").hexdigest()
OTHER = "hp-" + hashlib.sha256(b"another one").hexdigest()
SOME = {"demo": {"key": f"file:{KEY}"}, "drawn": {"key": f"file:{DRAWN}"}}
# The same with a key that has a name and an end.
NAMED = {"demo": {"key": f"file:{KEY}"}, "drawn": {"keys": {"one": {"key": f"file:{DRAWN}"}}}}
ENDED = {**NAMED, "drawn": {"keys": {"one": {"key": f"file:{DRAWN}", "valid_until": "2020-12-31"}}}}


@pytest.fixture(scope="module")
def started_lab(tmp_path_factory: pytest.TempPathFactory, nginx_image: str) -> Iterator[Lab]:
    """A gateway with a client whose key was drawn."""
    folder = tmp_path_factory.mktemp("gateway")
    with running_lab(folder, nginx_image, clients=SOME) as lab:
        yield lab


@pytest.fixture
def restored(lab: Lab) -> Iterator[Lab]:
    """For tests that change files: the next test finds the first ones loaded."""
    yield lab
    write_tree(lab.folder, clients=SOME)
    lab.reload()


def _answer(lab: Lab, key: str) -> tuple[int, str]:
    answer = lab.chat(headers={"Authorization": f"Bearer {key}"})
    line = lab.logged(answer.headers["x-request-id"])
    return answer.status_code, line["client"]


def _only_short_cuts(lab: Lab, lines: str) -> None:
    place_secret(lab.folder / "secrets" / "clients.map", lines)
    lab.reload()


def test_a_drawn_key_and_a_chosen_one_are_both_taken(lab: Lab) -> None:
    assert [is_drawn(DRAWN), is_drawn(KEY)] == [True, False]
    assert _answer(lab, DRAWN) == (200, "drawn")
    assert _answer(lab, KEY) == (200, "demo")


@pytest.mark.parametrize(
    "key",
    [
        DRAWN.upper(),
        DRAWN[:-8] + DRAWN[-8:].upper(),
        "hq-" + DRAWN[3:],
        DRAWN[:20] + ("0" if DRAWN[20] != "0" else "1") + DRAWN[21:],
        "x" + DRAWN,
        DRAWN[1:],
        DRAWN[-8:],
        OTHER[:-8] + DRAWN[-8:],
        "x" * 60 + DRAWN,
        "x" * 120 + DRAWN,
    ],
)
def test_what_differs_from_a_drawn_key_in_one_sign_opens_nothing(lab: Lab, key: str) -> None:
    assert said(lab.chat(headers={"Authorization": f"Bearer {key}"})) == (401, "wrong_key")


def test_nothing_that_stands_in_the_file_is_a_key(lab: Lab) -> None:
    text = (lab.folder / "secrets" / "clients.map").read_text()
    words = text.replace('"', " ").replace(";", " ").replace("\\", " ").split()
    for word in words:
        assert lab.chat(headers={"Authorization": f"Bearer {word}"}).status_code == 401
    assert DRAWN[3:-8] not in text


def test_the_short_cut_alone_is_enough_and_is_made_for_one_key(restored: Lab) -> None:
    _only_short_cuts(restored, short_cut(DRAWN, "drawn"))
    restored.wait_for(200, DRAWN)
    restored.wait_for(401, KEY)
    # Another key's md5 behind the signs by which this one is found.
    line = short_cut(OTHER, "drawn").replace(OTHER[-8:], DRAWN[-8:])
    _only_short_cuts(restored, line)
    restored.wait_for(401, DRAWN)


def test_a_key_with_a_name_and_an_end_is_known_and_refused_as_any_other(restored: Lab) -> None:
    write_tree(restored.folder, clients=NAMED)
    restored.reload()
    restored.wait_for(200, DRAWN)
    answer = restored.chat(headers={"Authorization": f"Bearer {DRAWN}"})
    assert restored.logged(answer.headers["x-request-id"])["key"] == "drawn/one"
    write_tree(restored.folder, clients=ENDED)
    restored.reload()
    restored.wait_for(401, DRAWN)
    assert said(restored.chat(headers={"Authorization": f"Bearer {DRAWN}"})) == (
        401,
        "expired_key",
    )
