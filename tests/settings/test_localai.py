"""Words of a pool for LocalAI: what it would drop, and what the plan says, is refused."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from deploys.engine_facts.localai_facts import localai_facts
from deploys.settings.engine_words import by_facts
from deploys.settings.environment import read_environment
from deploys.settings.image import Image, ImageName
from deploys.settings.localai import ANSWERS, SAID_BY, LocalAi
from deploys.settings.localai_keys import localai_complaints
from deploys.settings.pool import Pool
from deploys.settings.refusal import Complaint, Refused
from deploys.settings.validation import UNKNOWN_KEY, near_miss
from tests.environments import POOL, ROOT, write_environment

ON_LOCALAI = {**POOL, "engine": "localai"}


FILE = "inventories/group_data/small.py"


def _complaints(keys: dict[str, Any], image: str | None = None) -> list[Complaint]:
    pool = Pool.model_validate({**ON_LOCALAI, "localai": {"keys": keys}})
    images: dict[ImageName, Image] = {"localai": Image(reference=image)}
    return list(localai_complaints(FILE, {"chat": pool}, images))


def _refused(root: Path, own: dict[str, Any]) -> tuple[Complaint, ...]:
    """Of a whole environment, as it is read."""
    pools = {"chat": {**ON_LOCALAI, "localai": own}}
    with pytest.raises(Refused) as refused:
        read_environment(write_environment(root, {"pools": pools}), "small")
    return refused.value.complaints


def test_words_for_localai_are_not_for_another_engine() -> None:
    for engine in ("auto", "llamacpp", "vllm"):
        with pytest.raises(ValidationError, match="engine localai for its own words"):
            Pool.model_validate({**POOL, "engine": engine, "localai": {}})
    of_vllm: list[dict[str, Any]] = [{"vllm": {}}, {"tensor_parallel": 2}]
    for words in (*of_vllm, {"gpu_memory_utilization": 0.5}):
        with pytest.raises(ValidationError, match="vllm for tensor_parallel"):
            Pool.model_validate({**ON_LOCALAI, **words})
    fits = {**ON_LOCALAI, "gpu_layers": 12, "experts_on_cpu": 3, "localai": {}}
    assert Pool.model_validate(fits).localai == LocalAi()


@pytest.mark.parametrize(
    ("keys", "path", "found", "hint"),
    [
        ({"parameters": {"gpu_layers": 35}}, "parameters.gpu_layers", "drops it silently",
         "it belongs elsewhere: `gpu_layers` at the top level; here: the pool's `gpu_layers`"),
        ({"gpu_layers": 35}, "gpu_layers", "is planned", "the pool's `gpu_layers`"),
        ({"context_size": 8192}, "context_size", "is planned", "the pool's `context_tokens`"),
        ({"parameters": {"batch": 512}}, "parameters.batch", "is planned", "`batch_tokens`"),
        ({"options": ["parallel:4"]}, "options", "is planned", "`slots, micro_batch_tokens"),
        ({"n_batch": 512}, "n_batch", "drops it silently", "parameters.batch"),
        ({"mmu": True}, "mmu", "drops it silently", "nothing ever read it"),
        ({"f16": True}, "f16", "used by nothing", "leave it out"),
        ({"temperature": 0.2}, "temperature", "drops it", "`parameters.temperature`"),
        ({"parameters": {"temprature": 1}}, "parameters.temprature", "drops", "`temperature`?"),
        ({"parameters": {"top_k": "40"}}, "parameters.top_k", "found '40'", "a whole number"),
        ({"stopwords": "a"}, "stopwords", "found 'a'", "a list of words"),
        ({"lora_adapter": "x.gguf"}, "lora_adapter", "takes memory, reads other", "leave it out"),
        ({"mcp": {"remote": "http://a"}}, "mcp", "goes out", "leave it out"),
        ({"limits": {"max_concurrent": 4}}, "limits", "is planned", "slots and waiting_requests"),
    ],
)  # fmt: skip
def test_a_key_that_is_dropped_or_said_elsewhere_is_refused(
    keys: dict[str, Any], path: str, found: str, hint: str
) -> None:
    complaints = _complaints(keys)
    one = next(one for one in complaints if one.path == f"pools.chat.localai.keys.{path}")
    assert found in one.found
    assert hint in one.hint


def test_all_keys_are_complained_of_at_once(tmp_path: Path) -> None:
    keys = {"mmu": True, "gpu_layers": 3, "parameters": {"n_batch": 1, "temperature": 0.1}}
    complaints = _refused(tmp_path, {"keys": keys})
    assert all(one.file.startswith(FILE) for one in complaints)
    paths = [one.path.rpartition("keys.")[2] for one in complaints]
    assert paths == ["gpu_layers", "mmu", "parameters.n_batch"]


@pytest.mark.parametrize(
    ("word", "found", "hint"),
    [
        ("gpu_layers", "`gpu_layers` is a key of LocalAI's model file", "the pool's `gpu_layers`"),
        ("batch", "is a key of LocalAI's model file", "say it with the pool's `batch_tokens`"),
        ("system_prompt", "is a key of LocalAI's model file", "`system_prompt`, below `keys`"),
        ("mmu", "`mmu` is read by nothing in LocalAI 4.9.0", "nothing ever read it"),
        ("GPU_LAYERS", "is read by nothing in LocalAI 4.9.0", "gpu_layers of the model"),
        ("LOCALAI_API_KEY", "a variable of LocalAI 4.9.0 that is not set from here", "known here"),
        ("webui", "is not a known key", "did you mean `web_ui`?"),
    ],
)
def test_an_unknown_word_is_told_where_it_belongs_or_that_nothing_reads_it(
    word: str, found: str, hint: str
) -> None:
    near = near_miss(word, LocalAi.model_fields)
    plain = Complaint(FILE, f"pools.chat.localai.{word}", UNKNOWN_KEY, near)
    complaint = by_facts(plain, {})
    assert (complaint.file, complaint.path) == (plain.file, plain.path)
    assert found in complaint.found
    assert hint in complaint.hint


def test_an_unknown_word_is_told_so_where_an_environment_is_read(tmp_path: Path) -> None:
    (complaint,) = _refused(tmp_path, {"gpu_layers": 35})
    assert complaint.path == "pools.chat.localai.gpu_layers"
    assert complaint.hint == "say it with the pool's `gpu_layers`"


def test_keys_of_a_version_that_is_not_known_are_left_to_the_plan() -> None:
    assert _complaints({"mmu": True}, "localai/localai:v2.16.0") == []
    assert _complaints({"mmu": True}, "localai/localai:v4.9.0") != []


def test_every_key_that_is_named_is_one_of_the_version() -> None:
    facts = localai_facts("4.9.0")
    assert facts is not None
    assert {*ANSWERS, *SAID_BY} <= facts.keys.keys()
    assert not ANSWERS & {*SAID_BY, *facts.idle}
    assert {word for said in SAID_BY.values() for word in re.findall(r"[a-z_]{5,}", said)} <= {
        *Pool.model_fields
    }


def test_what_its_page_shows_is_taken() -> None:
    text = (ROOT / "inventories" / "localai.md").read_text()
    (example,) = re.findall(r"```python\npools = (.*?)```", text, re.DOTALL)
    own = Pool.model_validate(ast.literal_eval(example)["chat"]).localai
    assert own is not None
    assert set(LocalAi.model_fields) == own.model_fields_set
    assert _complaints(dict(own.keys)) == []
