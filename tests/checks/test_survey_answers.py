"""What a survey sends to a host, and how it reads what comes back."""

import pytest

from checks.probes import survey
from checks.probes.survey import NotSurveyed

ANSWER = "\n@@homeport@@ survey\n{'hardware': %s, 'remarks': []}\n@@homeport@@ end\n"
SMALL = "{'cpu': {'physical_cores': 4}, 'memory_mib': 100, 'gpus': []}"


def test_what_a_login_shell_prints_around_the_answer_does_not_matter() -> None:
    found = survey.read_answer("gpu1", "Welcome!\n" + ANSWER % SMALL + "bye\n")
    assert found.hardware.memory_mib == 100


def test_the_numa_node_of_a_card_stands_where_there_are_several() -> None:
    node = "{'node': %d, 'physical_cores': 2, 'memory_mib': 50}"
    nodes = f"[{node % 0}, {node % 1}]"
    gpu = "{'uuid': 'GPU-a', 'name': 'NVIDIA L4', 'memory_mib': 23034, 'numa_node': 1}"
    words = "{'cpu': {'physical_cores': 4, 'numa_nodes': %s}, 'memory_mib': 100, 'gpus': [%s]}"
    several = survey.read_answer("gpu1", ANSWER % (words % (nodes, gpu))).hardware
    assert [card.numa_node for card in several.gpus] == [1]
    one = survey.read_answer("gpu1", ANSWER % (words % ("[]", gpu))).hardware
    assert [card.numa_node for card in one.gpus] == [None]


@pytest.mark.parametrize("length", [0, 30, 60, 90])
def test_half_an_answer_is_none(length: int) -> None:
    with pytest.raises(NotSurveyed, match="its answer is cut off"):
        survey.read_answer("gpu1", (ANSWER % SMALL)[:length])


def test_an_answer_that_no_host_can_give_names_each_fact() -> None:
    wrong = "{'cpu': {'physical_cores': 0}, 'memory_mib': -1, 'gpus': []}"
    with pytest.raises(NotSurveyed) as refused:
        survey.read_answer("gpu1", ANSWER % wrong)
    assert "cpu.physical_cores: found 0; memory_mib: found -1" in str(refused.value)
