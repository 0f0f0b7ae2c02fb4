"""The page of a report: all of it, in the order in which somebody wants to know it."""

import re
from html import unescape

import pytest

from checks.reports.measured import Measured
from checks.reports.page import page
from checks.reports.summary import verdict
from checks.reports.words import Finding, Gpu, Replica
from tests.checks.benchmarks.test_page import charts, texts
from tests.checks.reports.examples import HOSTILE, benchmark, check, fleet, host, report


def words(text: str) -> str:
    """What somebody reads, with single blanks."""
    body = re.sub(r"<style.*?</style>", "", text, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def test_a_page_begins_with_the_verdict_and_then_says_what_to_do() -> None:
    said = words(page(fleet()))
    wanted = (
        "gpu3 cannot be reached, 1 of 37 checks failed",
        "34 passed, 1 failed, 1 unreachable, 1 skipped; exit code 5",
        "Release 0123456789ab, asked at 2026-11-26T12:00:00.000Z, in 12.3 s",
        "each replica stays up (gpu2-chat-1)",
        "chat-1 does not answer on port 8080",
        "chat-1: the model takes more memory than the GPU has free",
        "torch.OutOfMemoryError: CUDA out of memory.",
        "remedy: inventories/group_data/lab.py:12: pools.chat.context_tokens: lower it",
        "Hosts and GPUs",
        "NVIDIA H100 80GB HBM3, 81,559 MiB, GPU-00d8b5a6-43d2-4d9a-8b1e-xxxxxxxxgpu1",
        "chat-0 of chat: qwen2.5-72b-instruct-awq on vllm 0.33.0",
        "Skipped",
        "GPU 0 (NVIDIA L4): no NVLink",
        "Passed, and to be known",
        "GPU 1: persistence mode is off",
        "gpus: 10 of 12 passed",
        "What took longest",
    )
    at = 0
    for part in wanted:
        assert part in said[at:], part
        at = said.index(part, at)


def test_what_all_checks_of_a_lost_host_say_is_said_once() -> None:
    lost = [check(name, "unreachable", message="gpu1 is unreachable") for name in ("a", "b", "c")]
    other = check("d", "failed", message="something else")
    text = page(report(*lost, other))
    assert text.count('class="card red"') == 2 + 1
    said = words(text)
    assert "3 checks of gpu1 unreachable: hosts, on gpu1 a (gpu1); b (gpu1); c (gpu1)" in said
    assert "d (gpu1) failed: hosts, on gpu1" in said


def test_charts_count_the_checks_and_their_seconds() -> None:
    text = page(report(check("a"), check("b", "failed", seconds=2), check("c", group="gpus")))
    counted, took = (charts(text)[title] for title in ("Checks", "Seconds"))
    assert set(texts(counted, "x_label") + texts(counted, "y_label")) >= {"hosts", "gpus"}
    said = " ".join(took.itertext())
    assert "2.5" in said
    assert set(texts(counted, "legend") + list(counted.itertext())) >= {"passed", "failed"}


def test_a_benchmark_of_the_release_has_its_figures_and_charts() -> None:
    kept = Measured(benchmark(), ("<p>its chart</p>",))
    said = words(page(report(check("a")), [kept]))
    assert "Benchmark of chat" in said
    assert "4 users 99 of 100 100.0 200.0 10.0 - 400.0 3.9 99.0 its chart" in said


def test_whatever_hosts_logs_and_models_say_is_text() -> None:
    finding = Finding(cause=HOSTILE, evidence=[HOSTILE], remedies=[HOSTILE])
    red = check(HOSTILE, "failed", host=HOSTILE, message=HOSTILE, findings=[finding])
    grey = [check(HOSTILE, "skipped", message=HOSTILE), check(HOSTILE, message=HOSTILE)]
    one = host("gpu1").model_copy(
        update={
            "name": HOSTILE,
            "gpus": [Gpu(uuid=HOSTILE, name=HOSTILE, memory_mib=1)],
            "replicas": [
                Replica(name=HOSTILE, pool=HOSTILE, engine=HOSTILE, version="", model=HOSTILE)
            ],
        }
    )
    measured = Measured(benchmark(model=HOSTILE), ())
    text = page(report(red, *grey, hosts=[one]), [measured])
    assert not re.search(r"<script|<img|\x1b|\u202e", text)
    assert text.count("&lt;script&gt;") > 12


def test_a_page_runs_nothing_and_asks_for_nothing() -> None:
    text = page(fleet())
    assert not re.search(r"<script|<link|<img|<iframe|src=|href=|@import|url\(", text)
    assert "default-src 'none'" in text
    assert 'name="viewport"' in text


def test_a_run_without_checks_has_a_page_that_says_so() -> None:
    assert "lab: nothing was checked" in words(page(report(hosts=[], exit_code=5)))


@pytest.mark.parametrize(
    ("results", "sentence"),
    [
        (["passed", "passed"], "2 of 2 checks passed"),
        (["passed", "skipped"], "1 of 2 checks passed, 1 had to be skipped"),
        (["passed", "failed"], "1 of 2 checks failed"),
        (["unreachable", "passed"], "gpu1 cannot be reached"),
        (["unreachable", "failed"], "gpu1 cannot be reached, 1 of 2 checks failed"),
    ],
)
def test_a_verdict_is_one_sentence(results: list[str], sentence: str) -> None:
    checks = [check(f"{at}", result) for at, result in enumerate(results)]
    assert verdict(report(*checks)) == sentence
