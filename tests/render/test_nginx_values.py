"""nginx cannot quote `$`: nothing that it could misread gets into a file, by no way."""

from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from deploys.plan.plan import Plan
from deploys.render.nginx import nginx_files
from deploys.render.nginx_text import map_pattern, nginx_pieces, nginx_string, nginx_word
from deploys.render.templates import renderer
from deploys.settings.gateway import Gateway
from tests.render.plans import HOST, small_plan

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
HOSTILE = [
    'a"b', "a'b", "a$b", "${a}", "a{b", "a}b", "a;b", "a\nb", "a\r", "a\n", "a b", "a\\b", "a\tb",
    "a#b", "a`b", "", "~a", "a\0b", "ä", "a%b", "a|b", "(a)", "a*", "a\u2028b", " a", "-a", ".a",
]  # fmt: skip


def refused(plan: Plan) -> bool:
    """Whether rendering refuses; settings would have done so long before."""
    host = plan.hosts[0]
    try:
        nginx_files(plan, host, renderer(TEMPLATES), TEMPLATES)
    except ValueError:
        return True
    return False


def with_name(place: str, value: str) -> Plan:
    """A small plan with `value` as one of its names."""
    plan = small_plan()
    pool = plan.pools[0]
    if place == "environment":
        return small_plan(environment=value)
    if place == "host":
        return replace(plan, hosts=(replace(plan.hosts[0], name=value),))
    if place == "replica":
        return small_plan(replace(pool, replicas=(replace(pool.replicas[0], name=value),)))
    if place == "name":
        return small_plan(replace(pool, name=value))
    return small_plan(replace(pool, public_name=value))


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("place", ["environment", "host", "replica", "name", "public_name"])
def test_a_name_that_nginx_could_misread_is_not_rendered(place: str, value: str) -> None:
    assert refused(with_name(place, value))


@pytest.mark.parametrize("place", ["environment", "host", "replica", "name", "public_name"])
@pytest.mark.parametrize("value", ["a", "A-b_c.d", "x" * 128, "default", "include", "hostnames"])
def test_a_name_that_nginx_cannot_misread_is_rendered(place: str, value: str) -> None:
    assert not refused(with_name(place, value))


@pytest.mark.parametrize(
    "value", [*HOSTILE, "fe80::1%eth0", "fe80::1%x;y", "fe80::1%a\nb", "::1%$a"]
)
def test_an_address_that_is_more_than_an_address_is_refused(value: str) -> None:
    with pytest.raises(ValidationError):
        Gateway(address=value)


def test_addresses_are_written_in_one_way() -> None:
    assert Gateway(address="FE80:0::1").address == "fe80::1"
    assert Gateway(address="10.0.0.1").address == "10.0.0.1"


@pytest.mark.parametrize("text", ["it's", "a\\b", "a$b", "a\nb", "ä", "a\x7fb"])
def test_text_that_single_quotes_do_not_hold_is_refused(text: str) -> None:
    for use in (nginx_string, nginx_pieces):
        with pytest.raises(ValueError, match="cannot stand"):
            use(text)


def test_json_is_text_that_single_quotes_hold() -> None:
    text = '{"a": [1, "b; c}"], "d": "~!@#%^&*()_+-=`|<>?,./:"}'
    assert nginx_string(text) == text


@pytest.mark.parametrize("length", [0, 1, 3499, 3500, 3501, 10_000])
def test_pieces_together_are_the_text(length: int) -> None:
    pieces = nginx_pieces("x" * length)
    assert "".join(pieces) == "x" * length
    assert all(len(piece) <= 3500 for piece in pieces)


def test_words_and_patterns_keep_what_they_stand_for() -> None:
    assert nginx_word("chat-1") == "chat-1"
    assert map_pattern("a.b/c:d") == r"~^a\.b/c:d\z"


def test_a_host_without_the_role_has_no_gateway_to_render() -> None:
    plan = small_plan()
    host = replace(plan.host(HOST), gateway=None)
    with pytest.raises(ValueError, match="no gateway"):
        nginx_files(plan, host, renderer(TEMPLATES), TEMPLATES)
