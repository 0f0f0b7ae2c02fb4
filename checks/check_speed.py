"""How fast engines answer, against what the memory of their GPUs allows."""

import pytest

from checks.committed import Replica
from checks.probes.engines import EngineAnswer
from checks.verdict import require
from deploys.render.release import PlannedReplica


def check_each_engine_is_as_fast_as_its_gpus_let_it(
    replica: Replica, bounded: PlannedReplica, engine_answer: EngineAnswer
) -> None:
    """A single request reads all weights for each token, so the memory's bandwidth bounds it.

    With other requests beside it one request is slower, and rightly so: then nothing is judged.
    """
    speed, found = bounded.speed, engine_answer.tokens_per_second
    if speed is None or found is None:
        pytest.skip(f"{replica.name} does not say how fast it answers")
    if engine_answer.other_requests:
        pytest.skip(f"{replica.name} works on {engine_answer.other_requests} other requests")
    bound = speed.bound_tokens_per_second
    require(
        found >= speed.suspicious_tokens_per_second,
        f"{replica.name} answers with {found:.1f} tokens/s: {found / bound:.0%} of the {bound:.0f} "
        f"that {bounded.gpu_name or 'its GPUs'} can at most",
        "layers in RAM (check_memory tells), a PCIe link or power state that is too low "
        "(`nvidia-smi -q -d PERFORMANCE,PCI`), somebody else's work on the GPU, or a debug build",
    )
