"""Words of a pool for vLLM: strict, and what an unknown one is told."""

import ast
import re
import shutil
from pathlib import Path

import pytest
from pydantic import ValidationError

from deploys.engine_facts.facts import FOLDER, facts_of
from deploys.settings.environment import read_environment
from deploys.settings.pool import Pool
from deploys.settings.refusal import Refused
from deploys.settings.vllm import FLAGS, SAID_BY, Vllm
from tests.environments import POOL, ROOT, write_environment

ON_VLLM = {**POOL, "engine": "vllm"}


@pytest.mark.parametrize(
    "own",
    [
        {"tool_parser": "a b"},
        {"media": {"image": -1}},
        {"media": {"image": 1000}},
        {"media": {"images": 1}},
        {"media": {"domains": ["http://a.example"]}},
        {"media": {"domains": ["A.example"]}},
        {"adapters": ["A b"]},
        {"adapters": "support"},
        {"drafts": {}},
        {"drafts": {"tokens": 0}},
        {"drafts": {"tokens": 2, "method": "eagle3"}},
        {"shutdown_seconds": -1},
        {"shm_mib": 1},
        {"open_files": 100},
    ],
)
def test_a_word_that_does_not_fit_is_refused(own: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Vllm.model_validate(own)


def test_words_for_vllm_are_not_for_another_engine() -> None:
    for words in ({"engine": "llamacpp"}, {"gpus": 0}, {"gpu_layers": 3}):
        with pytest.raises(ValidationError, match=r"vllm|words of one engine"):
            Pool.model_validate({**POOL, "engine": "auto", "vllm": {}, **words})
    assert Pool.model_validate({**ON_VLLM, "vllm": {}}).vllm == Vllm()


@pytest.mark.parametrize(
    ("word", "found", "hint"),
    [
        (
            "swap_space",
            "--swap-space is no flag of vllm 0.33.0; versions before 0.18.0 had it",
            "leave it out: nothing was swapped any more",
        ),
        ("max_model_len", "--max-model-len is a flag of vllm 0.33.0", "`context_tokens`"),
        ("cpu_offload_gb", "--cpu-offload-gb is a flag of vllm 0.33.0", "known here: "),
        # Upon what the checkpoint has already: vLLM dies of two.
        ("quantization", "--quantization is a flag of vllm 0.33.0", "`quantization`"),
        ("tool_parsr", "is not a known key", "did you mean `tool_parser`?"),
    ],
)
def test_an_unknown_word_is_told_who_had_it_or_where_it_belongs(
    tmp_path: Path, word: str, found: str, hint: str
) -> None:
    pools = {"chat": {**ON_VLLM, "vllm": {word: 4}}}
    with pytest.raises(Refused) as refused:
        read_environment(write_environment(tmp_path, {"pools": pools}), "small")
    (complaint,) = refused.value.complaints
    assert complaint.path == f"pools.chat.vllm.{word}"
    assert complaint.file.startswith("inventories/group_data/small.py")
    assert found in complaint.found
    assert hint in complaint.hint


@pytest.mark.parametrize(
    ("images", "version"),
    [
        ({}, "0.33.0"),
        ({"vllm": {"reference": "vllm/vllm-openai:v0.34.0"}}, "0.34.0"),
        ({"vllm": {"reference": 34}}, "0.33.0"),
    ],
)
def test_an_unknown_word_is_held_against_the_version_that_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, images: dict[str, object], version: str
) -> None:
    facts = shutil.copytree(FOLDER / "vllm", tmp_path / "facts" / "vllm")
    shutil.copy(facts / "0.33.0.yaml", facts / "0.34.0.yaml")
    monkeypatch.setattr("deploys.engine_facts.facts.FOLDER", facts.parent)
    words = {"pools": {"chat": {**ON_VLLM, "vllm": {"swap_space": 4}}}, "images": images}
    try:
        with pytest.raises(Refused) as refused:
            read_environment(write_environment(tmp_path, words), "small")
    finally:
        facts_of.cache_clear()
    (found,) = (one.found for one in refused.value.complaints if one.path.endswith("swap_space"))
    assert f"--swap-space is no flag of vllm {version};" in found


def test_every_flag_that_is_named_is_one_of_the_version() -> None:
    facts = facts_of("vllm", "0.33.0")
    assert facts is not None
    known = {*facts.names, "--model"}
    assert {*FLAGS.values(), *SAID_BY} <= known


def test_what_its_page_shows_is_taken() -> None:
    text = (ROOT / "inventories" / "vllm.md").read_text()
    examples = re.findall(r"```python\npools = (.*?)```", text, re.DOTALL)
    read = [ast.literal_eval(example) for example in examples]
    pools = {name: Pool.model_validate(words) for one in read for name, words in one.items()}
    assert pools["large"].hosts_per_replica == 2
    own = pools["chat"].vllm
    assert own is not None
    assert set(Vllm.model_fields) == own.model_fields_set
