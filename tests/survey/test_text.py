"""The hardware file written anew: the same bytes for the same hardware, and no comment lost."""

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from deploys.settings.hardware import Cpu, Gpu, HostHardware
from deploys.settings.refusal import Refused
from deploys.survey.text import updated_text

HOST = HostHardware(
    cpu=Cpu(physical_cores=32, sockets=2, name="AMD EPYC 9354"),
    memory_mib=515_000,
    driver="580.95.05",
    gpus=(
        Gpu(uuid="GPU-a", name="NVIDIA H100 80GB HBM3", memory_mib=81559, nvlink_peers=("GPU-b",)),
        Gpu(uuid="GPU-b", name="NVIDIA H100 80GB HBM3", memory_mib=81559, nvlink_peers=("GPU-a",)),
    ),
)
SMALL = HostHardware(cpu=Cpu(physical_cores=4), memory_mib=16_000)

BY_HAND = """\
# Rack 4.
hosts:
  # Bought second hand.
  gate1:   # the gateway
      cpu: {physical_cores: 4}  # hyper-threading is off
      memory_mib: 16000

  # The big one.
  gpu1:
    cpu:
      physical_cores: 16  # as sold
    # Two slots are empty.
    memory_mib: 257000
    ram_gb_per_second: 300.0  # from the data sheet
    gpus:
    # Its fan is loud.
    - uuid: GPU-a  # slot 1
      name: "NVIDIA H100 #1"
      memory_mib: 81559
    - uuid: GPU-x
      # Leaves in May.
      name: NVIDIA L4
      memory_mib: 23034
    # More to come.
# End.
"""


def comments(text: str) -> list[str]:
    return [line.partition("#")[2].strip() for line in text.splitlines() if "# " in line]


def test_a_new_file_says_what_it_is_and_holds_what_was_found() -> None:
    text = updated_text("", "rack", {"gpu1": HOST, "gate1": SMALL})
    assert text == (
        "# What the hosts of rack are made of, as `homeport survey rack` read it.\n"
        "# A survey keeps comments, hosts that it did not ask and ram_gb_per_second; the rest it "
        "writes anew.\n"
        "hosts:\n"
        "  gate1:\n"
        "    cpu:\n"
        "      physical_cores: 4\n"
        "    memory_mib: 16000\n"
        "  gpu1:\n"
        "    cpu:\n"
        "      physical_cores: 32\n"
        "      sockets: 2\n"
        "      name: AMD EPYC 9354\n"
        "    memory_mib: 515000\n"
        "    driver: 580.95.05\n"
        "    gpus:\n"
        "    - uuid: GPU-a\n"
        "      name: NVIDIA H100 80GB HBM3\n"
        "      memory_mib: 81559\n"
        "      nvlink_peers:\n"
        "      - GPU-b\n"
        "    - uuid: GPU-b\n"
        "      name: NVIDIA H100 80GB HBM3\n"
        "      memory_mib: 81559\n"
        "      nvlink_peers:\n"
        "      - GPU-a\n"
    )


def test_the_same_hardware_is_the_same_bytes() -> None:
    text = updated_text("", "rack", {"gpu1": HOST, "gate1": SMALL})
    assert updated_text(text, "rack", {"gate1": SMALL, "gpu1": HOST}) == text


def test_a_host_that_was_not_asked_keeps_its_lines_to_the_letter() -> None:
    text = updated_text(BY_HAND, "rack", {"gpu1": HOST})
    kept = BY_HAND[: BY_HAND.index("\n  # The big one.")]
    assert text.startswith(kept)
    assert yaml.safe_load(text)["hosts"]["gpu1"]["memory_mib"] == 515_000


def test_every_comment_of_a_host_that_was_asked_stays_at_its_fact() -> None:
    text = updated_text(BY_HAND, "rack", {"gpu1": HOST, "gate1": SMALL})
    lines = text.splitlines()
    assert "      physical_cores: 32  # as sold" in lines
    assert "    - uuid: GPU-a  # slot 1" in lines
    assert lines[lines.index("    memory_mib: 515000") - 1] == "    # Two slots are empty."
    assert lines[lines.index("    - uuid: GPU-a  # slot 1") - 1] == "    # Its fan is loud."
    assert "  gate1:  # the gateway" in lines
    for comment in comments(BY_HAND):
        assert comment in text


def test_a_comment_on_a_card_that_is_gone_stays_with_its_host() -> None:
    lines = updated_text(BY_HAND, "rack", {"gpu1": HOST}).splitlines()
    assert lines.index("    # Leaves in May.") == lines.index("  gpu1:") + 1


def test_writing_twice_changes_nothing_more() -> None:
    once = updated_text(BY_HAND, "rack", {"gpu1": HOST, "gate1": SMALL})
    assert updated_text(once, "rack", {"gpu1": HOST, "gate1": SMALL}) == once


def test_a_new_host_stands_in_its_place_by_name() -> None:
    text = updated_text(BY_HAND, "rack", {"gpu0": SMALL})
    assert list(yaml.safe_load(text)["hosts"]) == ["gate1", "gpu0", "gpu1"]
    assert set(comments(BY_HAND)) <= set(comments(text))


def test_a_file_in_json_is_written_anew_as_a_whole() -> None:
    old = '{"hosts": {"gate1": {"cpu": {"physical_cores": 4}, "memory_mib": 16000}}}'
    text = updated_text(old, "rack", {"gpu1": HOST})
    assert list(yaml.safe_load(text)["hosts"]) == ["gate1", "gpu1"]


@pytest.mark.parametrize(
    "old",
    [
        "hosts: {gate1: {cpu: {physical_cores: 4}, memory_mib: 16000}}  # mine\n",
        "hosts:\n  gate1: {cpu: {physical_cores: 4}, memory_mib: 16000}  # mine\n",
        "hosts:\n  gate1: &small\n    # mine\n    cpu: {physical_cores: 4}\n    memory_mib: 16000\n"
        "  gate2: *small\n",
        "hosts:\n  gate1:  # mine\n    cpu: {physical_cores: 4}\n    memory_mib: 16000\n"
        "  gate1:\n    cpu: {physical_cores: 8}\n    memory_mib: 16000\n",
    ],
)
def test_a_layout_that_would_lose_a_comment_is_refused(old: str) -> None:
    with pytest.raises(Refused, match="would lose its comments"):
        updated_text(old, "rack", {"gate1": HOST})


@settings(max_examples=150, deadline=None)
@given(
    above=st.lists(st.tuples(st.integers(0, 40), st.sampled_from((0, 2, 4, 6, 8))), max_size=8),
    beside=st.sets(st.integers(0, 40), max_size=8),
    found=st.sets(st.sampled_from(("gpu1", "gate1", "new")), min_size=1),
    smaller=st.booleans(),
)
def test_no_comment_is_lost_wherever_it_stands(
    above: list[tuple[int, int]], beside: set[int], found: set[str], smaller: bool
) -> None:
    lines = updated_text("", "rack", {"gpu1": HOST, "gate1": SMALL}).splitlines()
    for number in beside:
        lines[number % len(lines)] += f"  # beside {number}."
    for number, (place, indent) in enumerate(above):
        lines.insert(place % (len(lines) + 1), " " * indent + f"# above {number}.")
    hosts = {name: HOST if name == "gpu1" and not smaller else SMALL for name in found}

    text = updated_text("\n".join(lines) + "\n", "rack", hosts)

    for comment in (line.partition("# ")[2] for line in lines if "# " in line):
        assert comment in text
    assert updated_text(text, "rack", hosts) == text
