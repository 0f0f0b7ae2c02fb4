"""A real nginx that keeps answers: which it gives again, to whom, and which it never keeps."""

import json
import time
from collections.abc import Iterator

import pytest

from tests.e2e.cached_pools import POOLS, WORDS, ask, embed, settled, told
from tests.e2e.gateway_lab import CHAT, Lab, docker, running_lab, said
from tests.e2e.gateway_tree import KEY, access_lines
from tests.lab import plain_http

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]

OTHER = "sk-other"


@pytest.fixture(scope="module")
def started_lab(tmp_path_factory: pytest.TempPathFactory, nginx_image: str) -> Iterator[Lab]:
    """A gateway that keeps answers; each test asks for something else."""
    with running_lab(tmp_path_factory.mktemp("gateway"), nginx_image, POOLS, **WORDS) as lab:
        yield lab


def test_what_is_the_same_each_time_reaches_an_engine_once(lab: Lab) -> None:
    first, again = (ask(lab, {"user": "once"}) for _ in range(2))
    assert (told(first), told(again)) == ("miss", "hit")
    assert again.content == first.content
    assert len(lab.seen()) == 1


def test_vectors_are_the_same_each_time_without_saying_so(lab: Lab) -> None:
    assert [told(embed(lab, "a")) for _ in range(2)] == ["miss", "hit"]
    assert [record["path"] for record in lab.seen()] == ["/v1/embeddings"]


def test_a_kept_answer_says_who_made_it_and_how_old_it_is(lab: Lab) -> None:
    first = ask(lab, {"user": "age"})
    time.sleep(1.1)
    again = ask(lab, {"user": "age"})
    assert "age" not in first.headers
    assert 1 <= int(again.headers["age"]) < 10
    assert first.headers["x-homeport-replica"]
    assert "x-homeport-replica" not in again.headers
    for word in ("pool", "provider", "release"):
        name = f"x-homeport-{word}"
        assert again.headers[name] == first.headers[name]
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    lines = [lab.logged(answer.headers["x-request-id"]) for answer in (first, again)]
    assert [(line["cache"], line["provider"]) for line in lines] == [
        ("miss", "fleet"),
        ("hit", "fleet"),
    ]
    assert lines[1]["upstream"] == ""


@pytest.mark.parametrize(
    "words",
    [
        {"seed": None},
        {"temperature": None},
        {"temperature": 1},
        {"temperature": 0.01},
        {"seed": -1},
        {"seed": "x"},
        {"stream": True},
        {"seed": {"a": 7}},
    ],
)
def test_what_may_come_out_otherwise_or_is_streamed_is_asked_again(
    lab: Lab, words: dict[str, object]
) -> None:
    assert [told(ask(lab, words)) for _ in range(2)] == ["bypass"] * 2
    assert len(lab.seen()) == 2


def test_a_pool_that_keeps_none_says_nothing_of_it(lab: Lab) -> None:
    answers = [ask(lab, {"model": "plain"}) for _ in range(2)]
    assert [told(answer) for answer in answers] == ["", ""]
    assert len(lab.seen()) == 2
    assert lab.logged(answers[0].headers["x-request-id"])["cache"] == ""


def test_another_client_gets_an_answer_of_its_own(lab: Lab) -> None:
    keys = (KEY, OTHER, OTHER, KEY)
    found = [told(ask(lab, {"user": "whose"}, key=key)) for key in keys]
    assert found == ["miss", "miss", "hit", "hit"]
    assert len(lab.seen()) == 2


def test_another_client_gets_the_same_where_the_pool_allows_it(lab: Lab) -> None:
    assert [told(embed(lab, "shared", key=key)) for key in (KEY, OTHER)] == ["miss", "hit"]


def test_what_names_a_class_of_data_is_for_its_own_client_all_the_same(lab: Lab) -> None:
    mark = {"X-Data-Class": "patients"}
    found = [told(embed(lab, "mark", key=key, **mark)) for key in (KEY, OTHER, OTHER)]
    assert found == ["miss", "miss", "hit"]
    assert told(embed(lab, "mark", key=KEY)) == "miss"


def test_without_a_key_nothing_is_given_again(lab: Lab) -> None:
    assert told(embed(lab, "key")) == "miss"
    assert said(embed(lab, "key", key="sk-wrong")) == (401, "wrong_key")


def test_another_byte_path_or_wish_has_another_answer(lab: Lab) -> None:
    def sent(content: bytes, path: str = CHAT, **headers: str) -> str:
        shown = {"Authorization": f"Bearer {KEY}", **headers}
        answer = plain_http.post(lab.url + path, content=content, headers=shown, timeout=15)
        return told(settled(lab, answer))

    body = b'{"model": "chat", "temperature": 0, "seed": 1, "text": "A"}'
    assert sent(body) == "miss"
    assert sent(body.replace(b"A", b"B")) == "miss"
    assert sent(body + b" ") == "miss"
    assert sent(body, "/v1/completions") == "miss"
    assert sent(body, Accept="text/plain") == "miss"
    # Both are the same text where bytes that are none are replaced.
    assert sent(body.replace(b"A", b"\xff")) == "miss"
    assert sent(body.replace(b"A", b"\xfe")) == "miss"
    assert sent(body) == "hit"
    assert len(lab.seen()) == 7


def test_a_body_of_no_length_is_known_as_well_and_a_large_one_is_not_looked_at(lab: Lab) -> None:
    def pieces(text: str) -> Iterator[bytes]:
        yield b'{"model": "chat", "temperature": 0, "seed": 1,'
        yield f'"user": "{text}"}}'.encode()

    def sent(text: str) -> str:
        shown = {"Authorization": f"Bearer {KEY}"}
        answer = plain_http.post(lab.url + CHAT, content=pieces(text), headers=shown, timeout=15)
        return told(settled(lab, answer))

    assert [sent("chunked") for _ in range(2)] == ["miss", "hit"]
    assert [sent("x" * 4096) for _ in range(2)] == ["bypass"] * 2


def test_a_client_may_have_a_fresh_answer_and_may_have_none_kept(lab: Lab) -> None:
    def sent(user: str, wish: str = "") -> str:
        return told(ask(lab, {"user": user}, headers={"Cache-Control": wish} if wish else {}))

    assert [sent("fresh"), sent("fresh", "no-cache"), sent("fresh")] == ["miss", "bypass", "hit"]
    assert [sent("new", "no-cache"), sent("new")] == ["bypass", "hit"]
    assert [sent("gone", "no-store"), sent("gone")] == ["bypass", "miss"]
    assert len(lab.seen()) == 5


def test_nginx_complains_about_nothing_and_writes_lines_that_are_json(lab: Lab) -> None:
    assert told(ask(lab, {"user": "log"}))
    lines = docker("logs", lab.container("nginx")).splitlines()
    assert not [line for line in lines if "[alert]" in line or "[emerg]" in line or "js:" in line]
    assert [json.loads(line) for line in access_lines(lab.folder)]
