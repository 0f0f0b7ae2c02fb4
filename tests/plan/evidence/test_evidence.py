"""The constants are what their rules make of the evidence, and the evidence is no measurement that
they are held against.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest

from deploys.plan.memory import process
from deploys.plan.memory.profiles.vllm_0_33 import V0_33
from deploys.plan.memory.profiles.vllm_profile import VllmProfile
from deploys.plan.memory.profiles.vllm_v0 import V0, V0_6
from deploys.plan.memory.profiles.vllm_v1_2025 import V1_2025
from tests.plan.accuracy.observations import entries
from tests.plan.evidence.reading import Gpus, contexts, outside
from tests.plan.evidence.rule import context_line, least_of_each_card, outside_gib
from tests.plan.measured import recording

BY_LINKS: Sequence[Gpus] = ("one", "several")
PROFILES = [(V0_33, "V1"), (V1_2025, "V1"), (V0, "V0"), (V0_6, "V0")]
# Fewer are no evidence.
FEWEST = 6
MEASURED_HERE = "tests/plan/measured/measured.json"


def test_the_line_of_contexts_is_the_least_squares_of_the_cards() -> None:
    line = (process.EXPECTED_MIB, process.UPPER_MIB, process.PER_SM_MIB)
    assert line == context_line(contexts())


def test_no_card_lies_above_the_upper_line() -> None:
    cards = least_of_each_card(contexts()).values()
    assert all(one.taken_mib <= process.upper_mib(one.sm_count) for one in cards)


@pytest.mark.parametrize(("profile", "engine"), PROFILES)
def test_what_vllm_takes_outside_pytorch_is_the_median_and_the_most(
    profile: VllmProfile, engine: str
) -> None:
    assert profile.outside_gib == outside_gib(outside(), engine, BY_LINKS)
    # No start of V0 on such GPUs was found.
    assert profile.fabric_outside_gib == outside_gib(outside(), "V1", ("fabric",))


def test_another_figure_makes_another_constant() -> None:
    first, *others = contexts()
    assert context_line([first.model_copy(update={"free_mib": 0}), *others]) != context_line(
        contexts()
    )
    found = outside()
    more = [replace(found[0], gib=9.0), *found[1:]]
    assert outside_gib(more, "V0", BY_LINKS) != outside_gib(found, "V0", BY_LINKS)


def test_what_others_hold_on_a_card_does_not_count() -> None:
    desktop = contexts()[0].model_copy(update={"free_mib": 1000})
    assert context_line([*contexts(), desktop]) == context_line(contexts())


def test_no_figure_is_of_an_entry_of_the_measurement_file() -> None:
    measured = {entry["source"].split()[0] for entry in entries()}
    assert "https://github.com/vllm-project/vllm/pull/10511" in measured
    used = {one.source for one in (*contexts(), *outside())}
    assert used & measured == set()
    assert all(one.startswith("https://") for one in used - {MEASURED_HERE})


def test_the_card_that_was_measured_here_is_the_one_of_the_measurements() -> None:
    (here,) = [one for one in contexts() if one.source == MEASURED_HERE]
    gpu = recording.read()[1]["gpu"]
    assert isinstance(gpu, dict)
    said = (here.card, here.sm_count, here.total_mib, here.taken_mib)
    assert said == (gpu["name"], gpu["sm_count"], gpu["visible_mib"], gpu["process_mib"])


def test_every_constant_has_figures_enough() -> None:
    assert len(least_of_each_card(contexts())) >= FEWEST
    found = Counter((one.engine, one.gpus == "fabric") for one in outside())
    assert set(found) == {("V0", False), ("V1", False), ("V1", True)}
    assert min(found.values()) >= FEWEST
