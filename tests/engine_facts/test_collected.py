"""Facts as an engine tells them: asked in its own Python, and set beside those of before."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploys.engine_facts import vllm_dump
from deploys.engine_facts.collected import (
    collected_llamacpp,
    collected_vllm,
    differences,
    newest_before,
    unexplained,
)
from deploys.engine_facts.facts import Facts, Flag, Gone, facts_of, versions
from deploys.settings.refusal import Refused

TOLD = Path(__file__).parent / "told"
STAND_IN = Path(__file__).parent / "stand_in"
VERSION = "version: 0.7.0 (build 11669, commit Debian)\nbuilt with GNU 16.2.0\n"


@pytest.fixture(scope="module")
def dump() -> str:
    """What the program prints where `vllm` is the stand-in: it comes over standard input."""
    done = subprocess.run(
        [sys.executable, "-"],
        input=Path(vllm_dump.__file__).read_text(),
        env={**os.environ, "PYTHONPATH": str(STAND_IN)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_a_parser_is_told_whole(dump: str) -> None:
    found = collected_vllm(dump)
    assert found.facts.version == "0.99.1"
    assert found.facts.environment == ("VLLM_CACHE_ROOT",)
    assert found.facts.flags == {
        "--tensor-parallel-size": Flag("value", default="1", also=("-tp",)),
        "--dtype": Flag("value", ("auto", "half"), "auto"),
        "--limit-mm-per-prompt": Flag("json"),
        "--hf-overrides": Flag("value"),
        "--mamba-backend": Flag("value", default="fast"),
        "--allowed-media-domains": Flag("values"),
        "--tool-call-parser": Flag("value", ("beam", "hermes")),
        "--reasoning-parser": Flag("value"),
        "--headless": Flag("switch", default="false"),
        "--enable-prefix-caching": Flag(
            "switch", negated=("--no-enable-prefix-caching", "--disable-prefix-caching")
        ),
    }


def test_lists_that_are_kept_elsewhere_are_named(dump: str) -> None:
    assert "--reasoning-parser" in collected_vllm(dump).untold
    assert "--tool-call-parser" not in collected_vllm(dump).untold


FLAG = {"names": ["--a"], "takes": "value", "negated": [], "fits": [], "default": ""}
DUMP = {"version": "1.0.0", "flags": [FLAG], "late": {}, "untold": [], "environment": []}


@pytest.mark.parametrize("text", ["", "Traceback", "{}", "[]", "1", "null"])
def test_what_is_no_dump_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        collected_vllm(text)


@pytest.mark.parametrize(
    "change",
    [
        {"version": "x"},
        {"version": "1.0.0rc1"},
        {"version": "1.0.1.dev3+g1a2b3c4"},
        {"version": 1},
        {"flags": []},
        {"flags": None},
        {"flags": [{**FLAG, "names": []}]},
        {"flags": [{**FLAG, "names": [1]}]},
        {"flags": [{**FLAG, "takes": "much"}]},
        {"late": []},
        {"environment": None},
        {"environment": [1]},
        {"untold": 1},
    ],
)
def test_a_dump_that_is_not_whole_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(Refused):
        collected_vllm(json.dumps({**DUMP, **change}))


@pytest.mark.parametrize("version", ["1.0.0", "1.0.0+cpu", "1.0.0.post1"])
def test_a_release_is_called_by_its_three_numbers(version: str) -> None:
    assert collected_vllm(json.dumps({**DUMP, "version": version})).facts.version == "1.0.0"


@pytest.mark.parametrize(
    "told", [VERSION, "ggml_cuda_init: found 1 CUDA devices\nversion: 11669 (0c1e570)\n"]
)
def test_a_build_of_llama_server_is_read_from_its_own_words(told: str) -> None:
    found = collected_llamacpp(told, (TOLD / "llama-server-b11669.txt").read_text())
    known = facts_of("llamacpp", "b11669")
    assert known is not None
    assert found.facts.version == "b11669"
    assert found.facts.flags == known.flags
    (line,) = (line for line in told.splitlines() if line.startswith("version: "))
    assert found.sources == (f"From `llama-server --help`, {line}.",)


@pytest.mark.parametrize(
    ("told", "text"),
    [
        ("", "--threads N  x"),
        ("version: 0.7.0 (Debian)\n", "--threads N  x"),
        (VERSION, "no flags"),
    ],
)
def test_what_is_no_llama_server_is_refused(told: str, text: str) -> None:
    with pytest.raises(Refused):
        collected_llamacpp(told, text)


OLD = Facts(
    "vllm",
    "1.0.0",
    {
        "--a": Flag("value", ("x", "y"), "x"),
        "--b": Flag("switch"),
        "--c": Flag("value"),
        "--d": Flag("value", default="1"),
    },
    gone={"--c": Gone("1.1.0", "--e")},
)
NEW = dataclasses.replace(
    OLD,
    version="1.1.0",
    flags={
        "--a": Flag("value", ("x", "z"), "z"),
        "--d": Flag("json", default="1"),
        "--e": Flag("value"),
    },
    gone={},
)


def test_a_new_version_is_told_by_what_came_went_and_changed() -> None:
    assert list(differences(OLD, NEW)) == [
        "~ --a: default z instead of x; with z; without y",
        "- --b",
        "- --c",
        "~ --d: takes json instead of value",
        "+ --e",
    ]
    assert list(differences(OLD, OLD)) == []


def test_what_went_wants_a_word_about_what_replaced_it() -> None:
    assert unexplained(OLD, NEW) == ["--b"]


def test_a_version_is_compared_with_the_newest_before_it() -> None:
    old = newest_before("vllm", "0.34.0")
    assert old is not None
    assert old.version == "0.33.0"
    assert newest_before("vllm", versions("vllm")[0]) is None
    assert newest_before("vllm", "0.9.1") is None
