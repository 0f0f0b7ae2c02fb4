"""llama.cpp's own account is understood in every version's words."""

from pathlib import Path

import pytest

from checks.probes.engine_logs import llamacpp
from checks.probes.engine_logs.reported import Reported

FOLDER = Path(__file__).parent


def _read(name: str) -> Reported:
    return llamacpp.read((FOLDER / f"{name}.log").read_text().splitlines())


# What each log says, device by device in MiB.
LOGS = {
    "llamacpp-2024-two-gpus": {
        "CPU": {"weights": 1640.62, "output_buffer": 1.95},
        "GPU0": {"weights": 5434.38, "kv_cache": 1536.0, "compute_buffer": 672.01},
        "GPU1": {"weights": 13989.53, "kv_cache": 3584.0},
    },
    "llamacpp-2024-one-gpu": {
        "CPU": {"weights": 297.0, "output_buffer": 0.19},
        "GPU0": {"weights": 7317.71, "kv_cache": 180.0, "compute_buffer": 105.0},
    },
    "llamacpp-2026-partly-on-gpu": {
        "CPU": {"weights": 809.29},
        "GPU0": {"weights": 31014.14},
    },
    "llamacpp-b9849-draft": {
        "CPU": {
            "weights": 682.03,
            "output_buffer": 7.58,
            "compute_buffer": 112.07,
            "draft": 112.07,
        },
        "GPU0": {
            "weights": 15009.2,
            "kv_cache": 512.0,
            "recurrent_state": 1795.5,
            "compute_buffer": 568.53,
            "draft": 552.06,
        },
    },
    "llamacpp-2026-projector": {
        "GPU1": {"weights": 766.39},
        "CPU": {"weights": 644.14},
        "GPU0": {"projector": 867.56},
    },
    "llamacpp-b11669-cpu": {
        "CPU": {"weights": 0.56, "output_buffer": 0.01, "kv_cache": 4.0, "compute_buffer": 0.85},
    },
    "llamacpp-b11669-projector": {
        "CPU": {
            "weights": 0.56,
            "output_buffer": 0.01,
            "kv_cache": 2.0,
            "compute_buffer": 0.6,
            "projector": 0.11,
        },
    },
}


@pytest.mark.parametrize("name", LOGS)
def test_sizes_are_read_device_by_device(name: str) -> None:
    assert _read(name).devices == LOGS[name]


@pytest.mark.parametrize(
    ("name", "layers"),
    [
        ("llamacpp-2024-one-gpu", (31, 31)),
        ("llamacpp-2026-partly-on-gpu", (44, 49)),
        ("llamacpp-b11669-cpu", (None, None)),
    ],
)
def test_layers_on_gpus_are_read(name: str, layers: tuple[int | None, int | None]) -> None:
    found = _read(name)
    assert (found.offloaded_layers, found.offloadable_layers) == layers


def test_the_build_is_read_and_that_no_gpu_was_found() -> None:
    found = _read("llamacpp-b11669-cpu")
    assert (found.version, found.has_no_gpu) == ("b11669", True)
    assert not _read("llamacpp-2024-one-gpu").has_no_gpu


@pytest.mark.parametrize(
    ("line", "version"),
    [
        ("build: 4120 (b4120abc) with cc (Debian) for x86_64-linux-gnu", "b4120"),
        ("main: build = 1550 (8e672ef)", "b1550"),
        ("build_info: b9849-799fcc04a", "b9849"),
        ("llama_model_loader: - kv 3: general.name str = build", ""),
    ],
)
def test_a_build_has_had_several_spellings(line: str, version: str) -> None:
    assert llamacpp.read([line]).version == version


def test_a_log_without_its_start_is_not_complete() -> None:
    words = ["slot release: id 0 | task 3 | stop processing", "buffer size = nonsense MiB"]
    assert not llamacpp.read(words).is_complete
    assert _read("llamacpp-b11669-cpu").is_complete
