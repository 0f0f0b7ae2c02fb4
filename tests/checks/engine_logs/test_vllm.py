"""vLLM's own account is understood in every version's words."""

import re
from pathlib import Path

import pytest

from checks.probes.engine_logs import vllm
from checks.probes.engine_logs.reported import PoolReport, Reported

FOLDER = Path(__file__).parent


def _read(name: str) -> Reported:
    return vllm.read((FOLDER / f"{name}.log").read_text().splitlines())


# What each log says, in GiB as it is printed.
LOGS = {
    "vllm-0.7-v1": ({"weights": 67.7229}, PoolReport(blocks=1381, concurrency=10.79)),
    "vllm-0.8-v0-two-gpus": (
        {"weights": 30.7098, "outside": 0.3, "compute_buffer": 1.26, "kv_cache": 7.71},
        PoolReport(available_gib=7.71, budget_gib=39.98, visible_gib=44.42, blocks=3947),
    ),
    "vllm-0.10-experts": (
        {"weights": 27.72, "outside": 0.21, "compute_buffer": 1.4, "kv_cache": 10.65},
        PoolReport(10.65, 39.98, 44.42, 238208, None, 7.27),
    ),
    "vllm-0.27-four-gpus": (
        {"weights": 55.19, "outside": 1.7, "compute_buffer": 0.76, "kv_cache": 27.85},
        PoolReport(27.85, 85.51, 95.01, 621392, None, 18.96),
    ),
    "vllm-0.27-two-gpus": ({"graphs": 0.36, "kv_cache": 6.87}, PoolReport(6.87)),
    "vllm-0.33": (
        {
            "weights": 15.27,
            "outside": 0.72,
            "compute_buffer": 1.49,
            "graphs": 0.58,
            "kv_cache": 54.71,
        },
        PoolReport(54.71, 72.77, 79.1, 398336, None, 48.62),
    ),
}


@pytest.mark.parametrize("name", LOGS)
def test_sizes_and_the_pool_are_read(name: str) -> None:
    parts, pool = LOGS[name]
    found = _read(name)
    assert found.devices["GPU0"] == pytest.approx(
        {part: gib * 1024 for part, gib in parts.items()}, abs=0.01
    )
    assert found.pool == pool


def test_the_parts_of_a_start_are_its_budget() -> None:
    found = _read("vllm-0.33")
    assert found.pool is not None
    assert found.pool.budget_gib is not None
    assert sum(found.devices["GPU0"].values()) / 1024 == pytest.approx(
        found.pool.budget_gib, abs=0.05
    )


def test_graphs_are_read_of_a_runner_that_says_them_only_once_they_are_captured() -> None:
    lines = (FOLDER / "vllm-0.33.log").read_text().splitlines()
    kept = [line for line in lines if re.search(vllm.PATTERN, line)]
    assert any("CUDA graph pool memory" in line for line in kept)
    found = vllm.read(line for line in kept if "Estimated CUDA graph memory" not in line)
    assert found.devices == _read("vllm-0.33").devices


@pytest.mark.parametrize(
    ("name", "version", "gpus"),
    [("vllm-0.10-experts", "0.10.2", 2), ("vllm-0.33", "0.33.0", 1), ("vllm-0.27-two-gpus", "", 2)],
)
def test_the_version_and_the_workers_are_read(name: str, version: str, gpus: int) -> None:
    found = _read(name)
    assert (found.version, len(found.devices)) == (version, gpus)


def test_a_pinned_pool_is_read() -> None:
    line = (
        "Initial free memory 78.60 GiB, reserved 20.0 GiB memory for KV Cache as specified by "
        "kv_cache_memory_bytes config and skipped memory profiling."
    )
    found = vllm.read([line])
    assert found.pool == PoolReport(available_gib=20.0, is_pinned=True)


def test_a_negative_pool_is_read_as_such() -> None:
    found = vllm.read(["INFO [gpu_worker.py:298] Available KV cache memory: -1.05 GiB"])
    assert found.pool == PoolReport(available_gib=-1.05)


def test_a_log_without_its_start_is_not_complete() -> None:
    assert not vllm.read(["INFO 127.0.0.1 - GET /health HTTP/1.1 200 OK"]).is_complete
