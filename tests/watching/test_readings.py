"""What engines and nvidia-smi say, whole, in halves and in nonsense."""

import stat
from pathlib import Path

import pytest

from deploys.watching import gpus
from deploys.watching.metrics import Metrics, read_metrics

VLLM = """\
# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="a b"} 3.0
vllm:num_requests_waiting{engine="0",model_name="a b"} 2.0
vllm:iteration_tokens_total_bucket{engine="0",le="1.0",model_name="a b"} 9.0
vllm:iteration_tokens_total_count{engine="0",model_name="a b"} 40.0
vllm:iteration_tokens_total_created{engine="0",model_name="a b"} 1.79e+09
vllm:prompt_tokens_total{engine="0",model_name="a b"} 100.0
vllm:generation_tokens_total{engine="0",model_name="a b"} 60.0 1790000000
"""
LLAMACPP = """\
llamacpp:prompt_tokens_total 10
llamacpp:tokens_predicted_total 5
llamacpp:n_decode_total 7
llamacpp:requests_processing 1
llamacpp:requests_deferred 4
"""
GPUS = """\
GPU-a, None
GPU-b, Reset
GPU-c, [N/A]
GPU-d, Drain P2P
GPU-e, [GPU is lost]
GPU-f, Something new
half a line
"""
ROWS = """\
GPU-a, No, Yes
GPU-b, No, Yes
GPU-c, Yes, Yes
GPU-d, [N/A], [N/A]
GPU-x, Yes
"""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (VLLM, Metrics(5, 200)),
        (LLAMACPP, Metrics(5, 22)),
        ("llamacpp:requests_processing 0\n", Metrics(0, None)),
        ("go_goroutines 8\n", None),
        (LLAMACPP[:60], None),
        ("llamacpp:requests_processing\nllamacpp:n_decode_total x\n\n", None),
        ("", None),
    ],
)
def test_progress_is_read_from_either_engine_and_half_a_text_says_nothing(
    text: str, found: Metrics | None
) -> None:
    assert read_metrics(text) == found


def test_a_gpu_is_unfit_when_its_driver_says_so_or_it_is_lost_and_what_is_not_told_is_no_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = f"case $1 in *rows*) cat <<'E'\n{ROWS}E\n;; *) cat <<'E'\n{GPUS}E\n;; esac\n"
    nvidia_smi(tmp_path, script, monkeypatch)
    found = gpus.conditions(["GPU-a", "GPU-b", "GPU-c", "GPU-d", "GPU-e", "GPU-f", "GPU-g"])
    assert found == {
        "GPU-a": "rows of its memory wait for a reset to be replaced",
        "GPU-b": "its driver asks for: reset",
        "GPU-c": "rows of its memory could not be replaced",
        "GPU-e": "gpu is lost",
        "GPU-f": "its driver asks for: something new",
        "GPU-g": "it is not there any more",
    }
    told = gpus.of_replicas({"chat-1": ["GPU-d", "GPU-b"], "chat-2": ["GPU-d"]}, found)
    assert told == {"chat-1": "GPU-b: its driver asks for: reset"}


def test_an_old_driver_without_that_verdict_still_shows_which_gpus_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = """case "$*" in
    *recovery*) echo 'Field "gpu_recovery_action" is not a valid field to query.'; exit 2 ;;
    *) echo GPU-a, GPU-a ;;
    esac
    """
    nvidia_smi(tmp_path, old, monkeypatch)
    assert gpus.conditions(["GPU-a", "GPU-b"]) == {"GPU-b": "it is not there any more"}


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("sleep 60", "nvidia-smi gave no answer within 0 s"),
        ("echo NVIDIA-SMI has failed; exit 9", "nvidia-smi: NVIDIA-SMI has failed"),
    ],
)
def test_a_driver_that_hangs_or_fails_says_nothing_of_any_gpu(
    script: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nvidia_smi(tmp_path, f"exec {script}" if "sleep" in script else script, monkeypatch)
    monkeypatch.setattr(gpus, "SECONDS", 0.3 if "sleep" in script else 20.0)
    with pytest.raises(gpus.Unanswered) as raised:
        gpus.conditions(["GPU-a"])
    assert str(raised.value) == words


def test_a_host_without_nvidia_smi_says_nothing_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(gpus.Unanswered, match="No such file"):
        gpus.conditions(["GPU-a"])


def nvidia_smi(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that does what the script says."""
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
