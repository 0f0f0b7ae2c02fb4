"""The constants are what their rules make of the evidence, and the evidence is no measurement that
they are held against.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest

from deploys.plan.cases.configuration import devices_of
from deploys.plan.memory import process
from deploys.plan.memory.answer import estimate
from deploys.plan.memory.configuration import Device, VllmConfiguration
from deploys.plan.memory.estimate import NOTHING, Range
from deploys.plan.memory.profiles.vllm_0_33 import V0_33
from deploys.plan.memory.profiles.vllm_profile import VllmProfile
from deploys.plan.memory.profiles.vllm_v0 import V0, V0_6
from deploys.plan.memory.profiles.vllm_v1_2025 import V1_2025
from deploys.plan.search.gpus import GpuKind
from tests.plan.accuracy.observations import entries
from tests.plan.evidence.reading import Gpus, contexts, graphs, outside
from tests.plan.evidence.rule import (
    context_line,
    graphs_gib,
    least_of_each_card,
    outside_gib,
)
from tests.plan.measured import recording
from tests.plan.memory.shapes import LLAMA_8B
from tests.plan.memory.whole import vllm

BY_LINKS: Sequence[Gpus] = ("one", "several")
PROFILES = [(V0_33, "V1"), (V1_2025, "V1"), (V0, "V0"), (V0_6, "V0")]
# Fewer are no evidence.
FEWEST = 6
FEWEST_STARTS = 15
FEWEST_SOURCES = 8
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


def test_what_vllm_leaves_for_graphs_is_the_median_and_the_most() -> None:
    assert V0_33.graphs_gib == graphs_gib(graphs())
    assert {profile.graphs_gib for profile in (V1_2025, V0, V0_6)} == {NOTHING}


def test_another_figure_makes_another_constant() -> None:
    first, *others = contexts()
    assert context_line([first.model_copy(update={"free_mib": 0}), *others]) != context_line(
        contexts()
    )
    found = outside()
    more = [replace(found[0], gib=9.0), *found[1:]]
    assert outside_gib(more, "V0", BY_LINKS) != outside_gib(found, "V0", BY_LINKS)
    start, *starts = graphs()
    assert graphs_gib([replace(start, gib=9.0), *starts]) != graphs_gib(graphs())


def test_what_others_hold_on_a_card_does_not_count() -> None:
    desktop = contexts()[0].model_copy(update={"free_mib": 1000})
    assert context_line([*contexts(), desktop]) == context_line(contexts())


def test_no_figure_is_of_an_entry_of_the_measurement_file() -> None:
    measured = {entry["source"].split()[0] for entry in entries()}
    assert "https://github.com/vllm-project/vllm/pull/10511" in measured
    used = {one.source for one in contexts()} | {one.source for one in outside()}
    used |= {one.source for one in graphs()}
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
    assert len(graphs()) >= FEWEST_STARTS
    assert len({one.source for one in graphs()}) >= FEWEST_SOURCES


@pytest.mark.parametrize(
    ("gpus", "fabric", "expected"),
    [
        (1, True, V0_33.outside_gib),
        (2, False, V0_33.outside_gib),
        (2, True, V0_33.fabric_outside_gib),
    ],
)
def test_several_gpus_on_switches_alone_take_their_size(
    gpus: int, fabric: bool, expected: Range
) -> None:
    asked = VllmConfiguration(
        maximum_length_tokens=4096,
        utilisation=0.9,
        tensor_parallel=gpus,
        total_gib=79.22,
        devices=(Device("H100 SXM", fabric=fabric),) * gpus,
    )
    case = vllm(LLAMA_8B, "bf16")
    found = estimate(replace(case, configuration=asked)).devices[0].parts["process"]
    assert (found.expected / 1024, found.upper / 1024) == (expected.expected, expected.upper)


@pytest.mark.parametrize(
    ("name", "fabric"), [("H100 SXM", True), ("H100 PCIe", False), ("RTX 4090", False)]
)
def test_the_catalogue_says_which_cards_switches_join(name: str, fabric: bool) -> None:
    assert GpuKind(name, 80_000).device.fabric == fabric
    assert [device.fabric for device in devices_of([name])] == [fabric]


def test_a_measured_context_replaces_the_line() -> None:
    line = Range(process.expected_mib(80), process.upper_mib(80))
    assert process.context(Device("GPU0", sm_count=80)) == line
    measured = process.context(Device("GPU0", sm_count=80, process_mib=300))
    assert measured == Range(300, 300)
    assert process.context(Device("GPU0")) is None
