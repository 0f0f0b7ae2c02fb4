"""What is rendered for LocalAI starts its double, which ends where LocalAI would drop something."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploys.operations.completion import complaint, question
from deploys.questions.engine_answers import PATHS, served
from tests.lab import plain_http
from tests.lab.localai.model_file import Broken, read
from tests.lab.localai_double import double, ready
from tests.lab.localai_image import FACTS
from tests.render.gpu_plans import gpu_service
from tests.render.localai_plans import PLANS, model_texts

Texts = dict[str, str]
KNOWN = yaml.safe_load(FACTS.read_text())


def test_it_serves_each_name_of_the_pool_as_checks_and_rollouts_ask(tmp_path: Path) -> None:
    plan = PLANS["other names"]
    service = gpu_service(plan)
    asked = served(service["command"], service["labels"])
    (path,) = re.findall(r"8080(/\w+)$", service["healthcheck"]["test"][-1])
    with double(tmp_path, service, model_texts(plan)) as found:
        assert ready(found, path) == 200
        url = found.url(PATHS[asked.kind])
        answer = plain_http.post(url, content=question(asked), timeout=60)
        assert complaint(answer.text, asked) == ""
        other = plain_http.post(
            url, json={"model": "gpt-4", "max_tokens": 2, "messages": []}, timeout=60
        )
        assert other.json()["model"] == "gpt-4"
        assert plain_http.post(url, json={"model": "unknown"}, timeout=60).status_code == 404
        assert plain_http.get(found.url("/"), timeout=60).status_code == 404
        metrics = plain_http.get(found.url("/metrics"), timeout=60).text
        assert 'api_call_count{path="/v1/chat/completions"} 3' in metrics
        names = [one["id"] for one in plain_http.get(found.url("/v1/models")).json()["data"]]
        assert names == ["chat", "gpt-4", "org/model:7b"]


def test_a_stream_comes_as_the_backend_sends_it(tmp_path: Path) -> None:
    plan = PLANS["in ram"]
    words = {"model": "chat", "max_tokens": 2, "stream": True, "messages": []}
    with double(tmp_path, gpu_service(plan), model_texts(plan)) as found:
        ready(found, "/readyz")
        answer = plain_http.post(found.url("/v1/chat/completions"), json=words, timeout=60)
        assert answer.headers["content-type"] == "text/event-stream"
        assert answer.text.strip().endswith("data: [DONE]")


@pytest.mark.parametrize("name", ["embeddings", "reranking", "two gpus", "one gpu"])
def test_each_rendered_file_is_read_without_a_word_dropped(name: str, tmp_path: Path) -> None:
    plan = PLANS[name]
    with double(tmp_path, gpu_service(plan), model_texts(plan)) as found:
        assert ready(found, "/readyz") == 200


def _changed(change: Callable[[dict[str, Any]], None]) -> Callable[[Texts], None]:
    def text(texts: Texts) -> None:
        document = yaml.safe_load(texts["model.yaml"])
        change(document)
        texts["model.yaml"] = yaml.safe_dump(document)

    return text


def _misplaced(document: dict[str, Any]) -> None:
    document["parameters"]["gpu_layers"] = document.pop("gpu_layers")


BROKEN: Mapping[str, tuple[Callable[[Texts], None], str]] = {
    "an unknown key": (
        _changed(lambda one: one.update(kv_cache_quant=True)), "field kv_cache_quant not found"
    ),
    "a misplaced key": (_changed(_misplaced), "field parameters.gpu_layers not found"),
    "another type": (
        _changed(lambda one: one.update(context_size="8192")), "'8192' into context_size"
    ),
    "a word that YAML reads as a switch": (
        _changed(lambda one: one.update(flash_attention=True)), "True into flash_attention"
    ),
    "a value that its backend does not know": (
        _changed(lambda one: one.update(cache_type_v="fp8")), "cache_type_v 'fp8' is none of"
    ),
    "an option that its backend does not know": (
        _changed(lambda one: one["options"].append("paralel:4")), "option 'paralel:4' is dropped"
    ),
    "a key that does nothing": (
        _changed(lambda one: one.update(f16=True)), "f16 is read and used by nothing"
    ),
    "a key twice": (
        lambda texts: texts.update({"model.yaml": texts["model.yaml"] + "threads: 3\n"}),
        "['threads'] already defined",
    ),
    "a path out of its folder": (
        _changed(lambda one: one["parameters"].update(model="../x.gguf")), "leaves the folder"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("change", "words"), BROKEN.values(), ids=BROKEN)
def test_the_double_does_not_read_a_file_with(
    change: Callable[[Texts], None], words: str, tmp_path: Path
) -> None:
    texts = model_texts(PLANS["in ram"])
    path = tmp_path / "model.yaml"
    path.write_text(texts["model.yaml"])
    assert read(path, KNOWN)["name"] == "chat"
    change(texts)
    path.write_text(texts["model.yaml"])
    with pytest.raises(Broken, match=re.escape(words)):
        read(path, KNOWN)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name: a\nalias: b\n", "alias a points to unknown model b"),
        ("name: a\nbackend: llama-cpp\nmmu: true\n", "field mmu not found"),
    ],
)
def test_the_double_does_not_start_beside_a_file_that_is_wrong(
    text: str, words: str, tmp_path: Path
) -> None:
    plan = PLANS["in ram"]
    texts = {**model_texts(plan), "alias-1.yaml": text}
    with double(tmp_path, gpu_service(plan), texts) as found:
        assert words in found.last_words()
        assert found.process.returncode == 1


def test_the_double_does_not_start_with_a_variable_that_nothing_reads(tmp_path: Path) -> None:
    service = gpu_service(PLANS["in ram"])
    environment = {**service["environment"], "LOCALAI_PARALLEL_REQUESTS": "true"}
    changed = {**service, "environment": environment}
    with double(tmp_path, changed, model_texts(PLANS["in ram"])) as found:
        assert "LOCALAI_PARALLEL_REQUESTS is read by nothing" in found.last_words()


def test_without_its_backend_it_is_never_ready(tmp_path: Path) -> None:
    plan = PLANS["in ram"]
    with double(tmp_path, gpu_service(plan), model_texts(plan), backend=False) as found:
        assert "backend not found: llama-cpp" in found.last_words()


def test_with_one_active_backend_it_is_ready_without_a_model(tmp_path: Path) -> None:
    """LocalAI's own trap, which the rendered 0 avoids: a stream ends with 200 and no word."""
    plan = PLANS["in ram"]
    service = gpu_service(plan)
    environment = {**service["environment"], "LOCALAI_MAX_ACTIVE_BACKENDS": "1"}
    changed = {**service, "environment": environment}
    words = {"model": "chat", "stream": True, "messages": []}
    with double(tmp_path, changed, model_texts(plan), backend=False) as found:
        assert ready(found, "/readyz") == 200
        answer = plain_http.post(found.url("/v1/chat/completions"), json=words, timeout=60)
        assert answer.status_code == 200
        assert "backend not found" in answer.text
