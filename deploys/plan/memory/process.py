"""What a CUDA process takes before it holds a single weight."""

# Context, libraries and workspaces of published processes: 24 SMs 140 MiB, 34 SMs 107, 84 SMs 297,
# 128 SMs 451 and 456, 188 SMs 555 idle and 749 after a run (llama.cpp pull requests 15860 and
# 23604, issue 27953, and logs: lc36, lc43 to lc46 of tests/plan/measurements.json). They lie about
# 20 + 3.5 MiB per SM; 60 + 3.7 covers all of them. CUDA graphs are in those sizes. It is no rule
# for every card: an H200 takes more. What was measured of an empty context, by a survey or for the
# catalogue, replaces both.
EXPECTED_MIB = 20
EXPECTED_PER_SM_MIB = 3.5
UPPER_MIB = 60
UPPER_PER_SM_MIB = 3.7
# What llama.cpp takes at work beside an empty context: 72 to 111 MiB of kernels, about 100 more
# once it uses cuBLAS, and its pools. Over 51 runs on an H200 (132 SMs, driver 580.159, an empty
# context of 524 MiB) 72 to 296 in all, 130 in the middle (tests/plan/measured).
WORK_MIB = 130
UPPER_WORK_MIB = 300
# What a plan leaves free: a desktop takes 300 to 800 MiB, a busy allocator rounds up.
MARGIN_MIB = 512
MARGIN_SHARE = 0.03


def expected_mib(sm_count: int) -> float:
    """Context, libraries and their pools on a GPU of so many SMs."""
    return EXPECTED_MIB + EXPECTED_PER_SM_MIB * sm_count


def upper_mib(sm_count: int) -> float:
    """The same, for the safe side."""
    return UPPER_MIB + UPPER_PER_SM_MIB * sm_count


def margin_mib(visible_mib: float) -> float:
    """What stays free of a GPU on which CUDA sees so much."""
    return max(MARGIN_MIB, MARGIN_SHARE * visible_mib)
