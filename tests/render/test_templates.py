"""The filter through which every YAML scalar goes."""

import jinja2
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from deploys.render.templates import literal, renderer
from tests.environments import ROOT


@given(st.text())
def test_any_text_comes_back_from_yaml_with_dollars_doubled_for_compose(text: str) -> None:
    for document in (f"key: {literal(text)}\n", f"key: [{literal(text)}, 1]\n"):
        read = yaml.safe_load(document)["key"]
        value = read if isinstance(read, str) else read[0]
        assert value == text.replace("$", "$$")


@given(st.integers() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_and_booleans_come_back_as_themselves(value: float) -> None:
    assert yaml.safe_load(f"key: {literal(value)}\n")["key"] == value


@pytest.mark.parametrize("text", ["on", "No", "null", "~", "1.10", "0x1", "1e3", "1:20", ".nan"])
def test_a_word_that_yaml_would_read_as_something_else_is_quoted(text: str) -> None:
    assert literal(text) == f'"{text}"'


def test_what_is_no_scalar_is_a_bug_and_says_so() -> None:
    with pytest.raises(TypeError, match="list is not a scalar"):
        literal(["a"])


def test_an_undefined_name_in_a_template_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError):
        renderer(ROOT / "templates")("compose/gateways/compose.yaml.j2", {})
