"""`homeport estimate`: cases in, predictions out; bad cases are refused with every reason."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploys.cli.estimate import estimate
from deploys.cli.exit_codes import ExitCode
from deploys.settings.refusal import Refused

MEASUREMENTS = Path(__file__).resolve().parents[1] / "plan" / "measurements.json"
LLAMA: dict[str, Any] = {
    "id": "one",
    "engine": "llama.cpp",
    "version": "pinned",
    "quant": "Q4_K_M",
    "arch": {
        "arch": "llama",
        "L": 32,
        "d": 4096,
        "h": 32,
        "kv": 8,
        "hd": 128,
        "ff": 14336,
        "V": 128256,
        "rope_freqs": True,
    },
    "config": {"ctx": 8192, "gpus": ["RTX 4090"]},
}
Answers = Callable[[object], list[dict[str, Any]]]


@pytest.fixture
def answers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Answers:
    def asked(cases: object) -> list[dict[str, Any]]:
        path = tmp_path / "cases.json"
        path.write_text(json.dumps(cases))
        assert estimate(path, as_json=True) == ExitCode.DONE
        parsed: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
        return parsed

    return asked


def changed(**parts: object) -> dict[str, Any]:
    case = json.loads(json.dumps(LLAMA))
    for name, part in parts.items():
        if isinstance(part, dict) and isinstance(case.get(name), dict):
            case[name] |= part
        else:
            case[name] = part
    return dict(case)


def test_a_case_is_answered_part_by_part(answers: Answers) -> None:
    [answer] = answers([LLAMA])
    gpu, ram = answer["devices"]
    assert gpu["parts_mib"]["weights"] == {"expected": 4403.492, "upper": 4403.492}
    assert gpu["parts_mib"]["kv_cache"]["expected"] == 1024
    assert ram["device"] == "CPU"
    total = sum(part["expected"] for part in gpu["parts_mib"].values())
    assert gpu["total_mib"]["expected"] == pytest.approx(total, abs=0.01)
    assert answer["unknown"] == []
    assert "assumed: ubatch 512" in answer["remarks"]


def test_the_measurement_file_itself_is_a_list_of_cases(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert estimate(MEASUREMENTS, as_json=True) == ExitCode.DONE
    assert len(json.loads(capsys.readouterr().out)) == 48


def test_what_was_observed_changes_nothing(answers: Answers) -> None:
    observed = changed(observed={"kv": {"CUDA0": 1.0}, "model": {"CUDA0": 1.0}})
    assert answers([observed]) == answers([LLAMA])


def test_null_means_that_nothing_is_said(answers: Answers) -> None:
    silent = changed(weights_known=None, note=None, config={"ubatch": None, "fa": None})
    assert answers([silent]) == answers([LLAMA])


def test_bytes_per_weight_stand_in_for_a_format(answers: Answers) -> None:
    named = changed(engine="vLLM", quant="bf16", config={"max_len": 8192})
    counted = changed(engine="vLLM", quant="", config={"max_len": 8192, "w_bytes": 2})
    assert answers([named])[0]["devices"] == answers([counted])[0]["devices"]


MIXTURE = {"arch": "qwen3moe", "E": 128, "EU": 8, "eff": 768}


@pytest.mark.parametrize(("words", "layers"), [("34 layers overflow", 34), ("99 layers", 32)])
def test_layers_that_are_counted_in_words_keep_their_experts_in_ram(
    answers: Answers, words: str, layers: int
) -> None:
    said = changed(arch=MIXTURE, config={"cpu_moe": words})
    assert answers([said]) == answers([changed(arch=MIXTURE, config={"cpu_moe": layers})])


def test_words_that_count_no_layers_leave_the_weights_unknown(answers: Answers) -> None:
    [answer] = answers([changed(arch=MIXTURE, config={"cpu_moe": "part"})])
    assert "weights: which experts stay in RAM is not said" in answer["unknown"]


def test_a_table_is_printed_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert estimate(MEASUREMENTS, as_json=False) == ExitCode.DONE
    assert "kv_cache" in capsys.readouterr().out


def test_an_unknown_architecture_leaves_the_weights_and_guesses_no_cache(answers: Answers) -> None:
    strange = changed(arch={"arch": "nova"}, weights_known={"GPU": 5000.0})
    [answer] = answers([strange])
    assert answer["devices"][0]["parts_mib"] == {"weights": {"expected": 5000.0, "upper": 5000.0}}
    assert "kv_cache: unknown architecture nova" in answer["unknown"]


def test_a_graph_that_is_not_described_is_not_guessed(answers: Answers) -> None:
    recurrent = {"conv": 4, "inner": 3072, "state": 128, "dt": 48, "grp": 1}
    mamba = changed(arch={"arch": "granitehybrid", "ssm": recurrent})
    [answer] = answers([mamba])
    reason = "compute_buffer: the graph of architecture granitehybrid is not described"
    assert reason in answer["unknown"]


def test_a_missing_window_is_not_guessed(answers: Answers) -> None:
    [answer] = answers([changed(arch={"arch": "gemma3"})])
    assert any(reason.startswith("kv_cache:") for reason in answer["unknown"])


def test_a_key_that_is_not_understood_is_said(answers: Answers) -> None:
    [answer] = answers([changed(config={"ubatcj": 64}, extra_key=1)])
    assert "not understood, so not counted: config.ubatcj" in answer["remarks"]
    assert "not understood, so not counted: extra_key" in answer["remarks"]


def test_the_tokens_of_a_known_pool_are_told(answers: Answers) -> None:
    case = changed(engine="vLLM", version="0.33.0", quant="bf16")
    case["config"] = {"max_len": 8192, "pool_gib": 1.0}
    [answer] = answers([case])
    assert answer["vllm_pool"]["tokens"] == 2**30 // 131072
    assert answer["vllm_pool"]["known"] is True


@pytest.mark.parametrize(
    ("case", "path"),
    [
        (changed(arch={"L": 0}), "0.arch.L"),
        (changed(arch={"d": -1}), "0.arch.d"),
        (changed(arch={"V": 2**63}), "0.arch.V"),
        (changed(arch={"h": 31}), "0.one.arch.kv"),
        (changed(arch={"E": 8, "EU": 9, "eff": 4}), "0.one.arch.E"),
        (changed(arch={"L": "32"}), "0.arch.L"),
        (changed(config={"ctx": -5}), "0.config.ctx"),
        (changed(config={"ctk": "q9"}), "0.one.config.ctk"),
        (changed(config={"ctv": "q8_0", "fa": False}), "0.one.config.ctv"),
        (changed(config={"tp": 3}), "0.one.config.tp"),
        (changed(engine="tgi"), "0.engine"),
        (changed(weights_known={"GPU": -1.0}), "0.weights_known.GPU"),
        ("nonsense", "0"),
    ],
)
def test_a_bad_case_is_refused_with_its_place(case: object, path: str, answers: Answers) -> None:
    with pytest.raises(Refused) as refused:
        answers([case])
    assert path in {complaint.path for complaint in refused.value.complaints}


def test_all_complaints_come_at_once(answers: Answers) -> None:
    with pytest.raises(Refused) as refused:
        answers([changed(arch={"L": 0, "d": 0}), changed(config={"ctx": 0})])
    assert len(refused.value.complaints) == 3


def test_an_id_may_stand_once(answers: Answers) -> None:
    with pytest.raises(Refused, match="stands twice"):
        answers([LLAMA, LLAMA])


@pytest.mark.parametrize("text", ["", "{", "3", '{"cases": []}', "\x00", "[" * 100_000])
def test_a_file_that_is_no_list_of_cases_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "cases.json"
    path.write_text(text)
    with pytest.raises(Refused):
        estimate(path, as_json=True)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="cannot be read"):
        estimate(tmp_path / "none.json", as_json=True)
