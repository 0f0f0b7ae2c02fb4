"""What a CUDA process takes before it holds a single weight."""

from deploys.plan.memory.configuration import Device
from deploys.plan.memory.estimate import Range, exactly

# An empty CUDA context, by the least squares through those of ten cards with 24 to 170 SMs (180 to
# 524 MiB: tests/plan/evidence/contexts.yaml, with the address of each), and the same line raised
# until no card lies above it. It is no rule for every card, and drivers differ: what was measured
# of an empty context, by a survey or for the catalogue, replaces both.
EXPECTED_MIB = 136
UPPER_MIB = 222
PER_SM_MIB = 2.6
# What llama.cpp takes at work beside an empty context: 72 to 111 MiB of kernels, about 100 more
# once it uses cuBLAS, its pools and CUDA graphs. Over 51 runs on an H200 (132 SMs, driver 580.159,
# an empty context of 524 MiB) 72 to 296 in all, 130 in the middle (tests/plan/measured).
WORK_MIB = 130
UPPER_WORK_MIB = 300
# What a plan leaves free: a desktop takes 300 to 800 MiB, a busy allocator rounds up.
MARGIN_MIB = 512
MARGIN_SHARE = 0.03


def expected_mib(sm_count: int) -> float:
    """An empty context on a GPU of so many SMs."""
    return EXPECTED_MIB + PER_SM_MIB * sm_count


def upper_mib(sm_count: int) -> float:
    """The same, for the safe side."""
    return UPPER_MIB + PER_SM_MIB * sm_count


def context(device: Device) -> Range | None:
    """As it was measured, else by the rule; None where the GPU is not known."""
    if device.process_mib is not None:
        return exactly(device.process_mib)
    if device.sm_count is not None:
        return Range(expected_mib(device.sm_count), upper_mib(device.sm_count))
    return None


def margin_mib(visible_mib: float) -> float:
    """What stays free of a GPU on which CUDA sees so much."""
    return max(MARGIN_MIB, MARGIN_SHARE * visible_mib)
