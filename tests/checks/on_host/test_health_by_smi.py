"""Cells of nvidia-smi in NVML's words: pairs, halves of pairs, what is lacking, what is new."""

import pytest

from checks.probes.on_host import health_by_smi
from checks.probes.on_host.health_by_smi import FIELDS

NOT_THERE = {"code": 3, "said": "N/A"}


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        ({"ecc.mode.current": "Enabled", "ecc.mode.pending": "Disabled"}, {"ecc_mode": [1, 0]}),
        ({"ecc.mode.current": "[N/A]", "ecc.mode.pending": "Disabled"}, {"ecc_mode": NOT_THERE}),
        ({"ecc.mode.current": "Enabled", "ecc.mode.pending": "[N/A]"}, {"ecc_mode": NOT_THERE}),
        ({"temperature.memory": "N/A"}, {"memory_temperature": NOT_THERE}),
        (
            {"temperature.gpu": "[GPU is lost]"},
            {"temperature": {"code": 15, "said": "GPU is lost"}},
        ),
        ({"enforced.power.limit": "449.50"}, {"power_limit_mw": 449500}),
        ({"gpu_recovery_action": "Drain and Reset"}, {"recovery_action": 4}),
        ({"driver_version": "580.95.05"}, {"driver_version": "580.95.05"}),
    ],
)
def test_cells_become_what_nvml_would_say(cells: dict[str, str], found: dict[str, object]) -> None:
    assert health_by_smi.words_of(cells, FIELDS) == found


def test_a_word_that_is_newer_than_this_is_an_error_not_a_value() -> None:
    found = health_by_smi.words_of({"gpu_recovery_action": "Replace"}, FIELDS)
    assert found == {"recovery_action": {"code": 999, "said": "nvidia-smi says `Replace`"}}
