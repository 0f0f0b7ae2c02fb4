"""`homeport plan`: what a program reads, and what people ask of it."""

import json
from pathlib import Path

import pytest

from deploys.cli.exit_codes import ExitCode
from deploys.cli.main import exit_code
from deploys.cli.memory_bar import WIDTH, bar, legend
from deploys.cli.plan_document import plan_document
from deploys.plan.memory.estimate import DeviceEstimate, exactly
from tests.environments import POOL, write_environment
from tests.plan.search.fleets import chat, host, planned
from tests.render.cloud_plans import CLOUD


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with the environment `small`; the working directory of the test."""
    write_environment(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_question_is_answered_and_nothing_is_written(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(root.rglob("*"))
    asked = ["plan", "small", "--gpu", "RTX 4090x2", "--context", "chat=1024"]
    assert exit_code([*asked, "--json"]) == ExitCode.DONE
    document = json.loads(capsys.readouterr().out)
    assert [len(one["gpus"]) for one in document["replicas"]] == [1, 1]
    assert document["replicas"][0]["arguments"]["context_tokens"] == 2 * 1024
    assert document["pending"] is None
    assert sorted(root.rglob("*")) == before


def test_a_plan_says_what_may_leave_the_fleet_and_render_writes_its_way(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arms = {"pools": {"chat": {**POOL, "cloud": "fallback"}}, "cloud": dict(CLOUD)}
    arms["clients"] = {"demo": {"key": "env:KEY", "cloud": "fallback"}}
    write_environment(root, arms)
    assert exit_code(["render", "small"]) == ExitCode.DONE
    capsys.readouterr()
    assert exit_code(["plan", "small"]) == ExitCode.DONE
    said = capsys.readouterr().out
    assert "cloud: acme, for chat (fallback) of demo; all else stays" in said
    assert (root / "nginx/small/localhost/egress/nginx.conf").is_file()


def test_a_question_that_does_not_fit_is_7(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert root
    assert exit_code(["plan", "small", "--context", "9000000"]) == ExitCode.REFUSED
    assert "hint: nearest that fit, each by itself: " in capsys.readouterr().err


def test_one_model_on_some_gpus_needs_no_environment(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert root
    assert exit_code(["plan", "--model", "tiny-random", "--gpu", "L4"]) == ExitCode.DONE
    assert "model-1" in capsys.readouterr().out
    assert exit_code(["plan", "--gpu", "L4"]) == ExitCode.MISUSE
    assert "hint: homeport plan ENV, or homeport plan --model" in capsys.readouterr().err


def test_every_gpu_is_told_part_by_part_with_its_verdict() -> None:
    plan = planned([host("a", "RTX 3090", "RTX 3090")], chat=chat(context_tokens=32_768, slots=2))
    document = json.loads(json.dumps(plan_document(plan)))
    (pool,) = document["pools"]
    assert (pool["engine"], pool["quantization"]) == ("llamacpp", "Q6_K")
    (replica,) = document["replicas"]
    for gpu in replica["gpus"]:
        parts = sum(part["upper"] for part in gpu["parts_mib"].values())
        assert gpu["needed_mib"] == pytest.approx(parts, abs=1)
        assert gpu["outcome"] == "fits"
    assert replica["arguments"]["tensor_split"] == [1.0, 1.0]
    assert set(replica["speed_tokens_per_second"]) == {
        "roofline",
        "usual_low",
        "usual_high",
        "suspicious",
    }


def _device(**parts: float) -> DeviceEstimate:
    return DeviceEstimate("GPU0", {name: exactly(mib) for name, mib in parts.items()})


def test_a_bar_is_as_long_as_the_gpu_whatever_is_on_it() -> None:
    half = _device(weights=8000, kv_cache=4000)
    drawn = bar([half], 2000, 1000, 32_000)
    assert drawn == "uuWWWWWWWWKKKK.................m"
    assert len(drawn) == WIDTH
    assert legend(drawn) == "W weights, K KV cache, u used by others, m margin, . free"


def test_what_reaches_into_the_margin_is_drawn_over_it() -> None:
    assert bar([_device(weights=31_500)], 0, 1000, 32_000) == "W" * 32
    assert bar([_device(weights=30_000)], 0, 4000, 32_000) == "W" * 30 + "mm"


def test_replicas_that_share_a_gpu_follow_each_other() -> None:
    one = _device(weights=4000, kv_cache=4000)
    assert bar([one, one], 0, 0, 32_000) == "WWWWKKKKWWWWKKKK" + "." * 16
