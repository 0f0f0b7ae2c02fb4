"""nginx's expression for bodies beside the script's reader: the same model, and never an error."""

import json
from collections.abc import Iterator

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from deploys.render.nginx_bodies import DEPTH
from tests.e2e.gateway.body_readers import LEFT, logged, readers

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]

Asking = tuple[httpx.Client, str]
# As much as nginx keeps in memory.
MOST = 256 * 1024 - 64

TEXTS = some.text(some.sampled_from('model"\\:{}[],é漢\n 0'), max_size=8)
VALUES = some.recursive(
    some.none()
    | some.booleans()
    | some.integers()
    | some.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
).map(lambda value: json.dumps(value, ensure_ascii=False))
NAMES = some.sampled_from(
    ["model"] * 3
    + [
        "Model",
        "MODEL",
        "model ",
        "models",
        "mod\\u0065l",
        "\\u006dodel",
        "m\\odel",
        "messages",
        "é",
    ]
)
MODELS = some.sampled_from(
    ['"chat"'] * 4 + ['"Org/Model-1.5:q8"', '"ch\\u0061t"', '""', '"é"', "1"]
)
MEMBERS = some.tuples(NAMES, MODELS | VALUES).map(lambda pair: f'"{pair[0]}": {pair[1]}')
OBJECTS = some.tuples(
    some.sampled_from(["", " ", "\r\n\t", "\ufeff", "[", "\x0b"]),
    some.lists(MEMBERS, max_size=4).map(", ".join),
    some.sampled_from(["", " ", "\n", ",", "}", "\x00", "{}"]),
).map(lambda parts: f"{parts[0]}{{{parts[1]}}}{parts[2]}")
SIGNS = some.sampled_from([*list('{}[],:"\\0-.eE \x00\x1f\x7f'), "tru", "\\u00", '"model"'])


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory, nginx_image: str) -> Iterator[Asking]:
    """A connection to both readers."""
    with readers(tmp_path_factory.mktemp("readers"), nginx_image) as url, httpx.Client() as client:
        yield client, url


def _found(asking: Asking, body: bytes, reader: str) -> str:
    client, url = asking
    answer = client.post(f"{url}/{reader}", content=body, timeout=30)
    return answer.text if answer.status_code == 200 else str(answer.status_code)


def _both(asking: Asking, body: bytes) -> tuple[str, str]:
    return _found(asking, body, "expression"), _found(asking, body, "script")


@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=OBJECTS, at=some.integers(0, 200), cut=some.integers(0, 2), put=some.just("") | SIGNS)
def test_what_the_expression_finds_the_script_finds_too(
    asking: Asking, text: str, at: int, cut: int, put: str
) -> None:
    for one in (text, text[:at] + put + text[at + cut :]):
        expression, script = _both(asking, one.encode(errors="surrogatepass"))
        assert expression in {LEFT, script}


@settings(max_examples=150, deadline=None)
@given(before=some.lists(VALUES, max_size=3), after=some.lists(VALUES, max_size=3))
def test_an_ordinary_body_needs_no_script(
    asking: Asking, before: list[str], after: list[str]
) -> None:
    numbered = [f'"a{number}":{value}' for number, value in enumerate([*before, *after])]
    members = [*numbered[: len(before)], '"model" : "chat"', *numbered[len(before) :]]
    body = ("{" + ",".join(members) + "}").encode(errors="surrogatepass")
    assert _both(asking, body) == ("=chat", "=chat")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b'{"model": "chat", "model": "chat"}',
        b'{"model": "chat", "Model": "other"}',
        rb'{"model": "chat", "mod\u0065l": "other"}',
        rb'{"mod\u0065l": "chat"}',
        b'{"model": "chat"} ',
        b'{"model": "chat",}',
        b'{"model": "chat"}}',
        b'{"model": "chat", "a": [1,]}',
        b'{"model": "chat", "a": {"b": 1,}}',
        b'{"model": "chat", "a": 01}',
        b'{"model": "chat", "a": NaN}',
        b'{"model": "chat", "a": "\n"}',
        rb'{"model": "chat", "a": "\x"}',
        rb'{"model": "chat", "a": "\u00g0"}',
        b"{'model': 'chat'}",
        b'[{"model": "chat"}]',
        b'{"a": {"model": "other"}, "model": "chat", "b": "\\"model\\": \\"x\\""}',
        b'{"a": "\xff", "model": "chat"}',
        b'{"model": "chat\x00"}',
        b'{"model": "chat"}\x00',
    ],
)
def test_what_might_be_read_in_two_ways_is_read_in_one(asking: Asking, body: bytes) -> None:
    expression, script = _both(asking, body)
    assert expression in {LEFT, script}


def _nested(depth: int, opening: bytes = b"[", closing: bytes = b"]") -> bytes:
    return b'{"a": ' + opening * depth + b"1" + closing * depth + b', "model": "chat"}'


def test_deeper_ones_than_the_expression_knows_are_left_to_the_script(asking: Asking) -> None:
    assert _both(asking, _nested(DEPTH)) == ("=chat", "=chat")
    assert _both(asking, _nested(DEPTH, b'{"b": ', b"}")) == ("=chat", "=chat")
    assert _both(asking, _nested(DEPTH + 1)) == (LEFT, "=chat")


def test_no_body_brings_the_expression_to_its_end(asking: Asking) -> None:
    """nginx would write an alert with all of the body into its log."""
    inner = (
        b'"' + rb"\u00e9\"\\" * 20 + b'"',
        b'{"a": [{}, [], [[]], {"b": [1, -2.5e-3, true, null, "x"]}]}',
        b'"' + b"A" * 5000 + b'"',
        b"1",
        b"[" * (DEPTH - 2) + b'{"a": ""}' + b"]" * (DEPTH - 2),
    )
    for one in inner:
        many = b",".join([one] * (MOST // (len(one) + 1) - 1))
        whole = b'{"a": [' + many + b'], "model": "chat"}'
        assert _found(asking, whole[: len(whole)], "expression") == "=chat"
        for broken in (whole[:-1], whole[:-20], whole.replace(b'"model"', b'"mode"')):
            assert _found(asking, broken, "expression") == LEFT
    opened = (b"[", b'{"a":', b'[{"a":[', b'"', b"\\", b'"\\', b" ", b'{"a":1,', b"1", b"-", b"[1,")
    for signs in opened:
        for head in (b"", b'{"a": ', b'{"model": "chat", "a": '):
            body = head + signs * ((MOST - len(head)) // len(signs))
            assert _found(asking, body, "expression") == LEFT
    assert "[alert]" not in logged()
    assert "regex" not in logged()
