"""What the wheel of the pinned vLLM says itself; `make vllm-parser` installs it."""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import pytest

from deploys.engine_facts.collected import collected_vllm
from deploys.engine_facts.facts import FOLDER, Facts, facts_of
from deploys.engine_facts.judging import wrong
from deploys.engine_facts.writing import facts_text
from deploys.settings.engine_versions import PINNED
from tests.engine_facts.parser import wheel
from tests.engine_facts.parser.command_lines import MISTAKES, Words, gone, rendered
from tests.environments import ROOT
from tests.lab.machine import run

VERSION = PINNED["vllm"]


@dataclasses.dataclass(frozen=True)
class Parser:
    """What was asked of it, all at once: an import of vLLM takes ten seconds."""

    dump: Mapping[str, Any]
    said: Mapping[Words, str]


@pytest.fixture(scope="module")
def facts() -> Facts:
    found = facts_of("vllm", VERSION)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def parser(facts: Facts) -> Parser:
    if not wheel.READY.exists():
        pytest.skip("the wheel of vLLM is not here: `make vllm-parser` installs it")
    lines = [*rendered(), *(("/models", *words) for words in (*MISTAKES, *gone(facts)))]
    program = [str(wheel.PYTHON), "-m", "tests.engine_facts.parser.asked"]
    asked = run("env", f"PYTHONPATH={ROOT}", *program, given=json.dumps(lines).encode())
    answer = json.loads(asked.stdout)
    return Parser(answer["dump"], dict(zip(lines, answer["said"], strict=True)))


def test_the_facts_are_what_the_parser_tells(parser: Parser) -> None:
    found = collected_vllm(json.dumps(parser.dump))
    told = facts_text("vllm", VERSION, found.sources, found.facts.flags, found.facts.environment)
    assert not found.untold
    assert told == (FOLDER / "vllm" / f"{VERSION}.yaml").read_text()


def test_every_command_line_that_is_rendered_passes(parser: Parser) -> None:
    lines = rendered()
    assert len(lines) >= 60
    assert {" ".join(line): parser.said[line] for line in lines if parser.said[line]} == {}


@pytest.mark.parametrize("words", MISTAKES, ids=" ".join)
def test_a_mistake_is_refused_by_parser_and_facts_alike(
    words: Words, parser: Parser, facts: Facts
) -> None:
    said = parser.said["/models", *words]
    assert any(word in said for word in words)
    assert [one.flag for one in wrong(facts, words)] == [words[0]]


def test_what_is_said_to_be_gone_is(parser: Parser, facts: Facts) -> None:
    """The parser takes any value of --quantization, and looks it up a minute later."""
    flags = [words for words in gone(facts) if words[0] in facts.gone]
    assert [words for words in flags if words[0] not in parser.said["/models", *words]] == []
