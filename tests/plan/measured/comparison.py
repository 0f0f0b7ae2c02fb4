"""What the planner says beside what was measured, part by part."""

from collections.abc import Iterator, Sequence

from deploys.plan.memory.estimate import DeviceEstimate
from tests.plan.accuracy.comparison import Comparison
from tests.plan.accuracy.targets import each, median_within, upper_over
from tests.plan.measured.asking import Seen
from tests.plan.measured.recording import Measured
from tests.plan.oracle.comparison import LEAST_CACHE_MIB, LEAST_TOTAL_MIB, predicted
from tests.plan.oracle.questions import Question

TARGETS = (
    each("weights", 0.001),
    each("KV cache and state", 0.001),
    median_within("GPU total", 0.01),
    upper_over("GPU total", 0.01),
    upper_over("beside the buffers", 0),
)


def rows(found: Sequence[Measured], version: str) -> list[Comparison]:
    """Of every question that was answered, in the words of the accuracy report."""
    return [
        row
        for number, one in enumerate(found)
        if not isinstance(one.seen, str)
        for row in _rows(
            str(number), one.question, one.seen, predicted(one.question, version=version)[0]
        )
    ]


def _rows(
    name: str, question: Question, seen: Seen, device: DeviceEstimate
) -> Iterator[Comparison]:
    parts, said = device.parts, seen.engine
    cache = parts["kv_cache"] + parts["recurrent_state"]
    held = said.get("kv_cache", 0) + said.get("recurrent_state", 0)
    around = parts["process"] + parts["graphs"]
    for quantity, observed, part, least in (
        ("weights", said.get("weights", 0), parts["weights"], LEAST_CACHE_MIB),
        ("KV cache and state", held, cache, LEAST_CACHE_MIB),
        ("compute buffer", said.get("compute_buffer", 0), parts["compute_buffer"], 1),
        ("GPU total", sum(said.values()), device.engine, LEAST_TOTAL_MIB),
        ("beside the buffers", seen.around, around, 1),
    ):
        yield Comparison(
            quantity, name, question.kind, observed, part.expected, part.upper, max(observed, least)
        )
