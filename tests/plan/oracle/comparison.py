"""What the planner says beside what llama.cpp would reserve, GPU by GPU and plan by plan."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from deploys.catalogue.architecture import Architecture
from deploys.plan.memory.answer import estimate
from deploys.plan.memory.configuration import Case, KnownWeights
from deploys.plan.memory.estimate import MIB, DeviceEstimate
from deploys.plan.verdict import Outcome, judge
from tests.plan.accuracy.comparison import Comparison
from tests.plan.accuracy.targets import each, expected_over, median_within, upper_over
from tests.plan.oracle.engine import Answer, Reserved
from tests.plan.oracle.header import tensor_bytes
from tests.plan.oracle.questions import Question

# The least that an error is a share of: 0.1 % of 1000 MiB is the MiB that padding may cost, and a
# GPU that holds less than a GiB of a model is not what a plan fails for.
LEAST_CACHE_MIB = 1000
LEAST_TOTAL_MIB = 1024

TARGETS = (
    each("weights", 0.001),
    each("KV cache and state", 0.001),
    median_within("GPU total", 0.01),
    expected_over("GPU total", 0.02),
    upper_over("GPU total", 0.01),
)


@dataclass(frozen=True)
class Plan:
    """One question with both answers."""

    question: Question
    predicted: tuple[DeviceEstimate, ...]
    reserved: tuple[Reserved, ...]

    @property
    def accepted(self) -> bool:
        """Whether the planner would deploy it on the GPUs drawn."""
        return all(
            judge(device, gpu.usable_mib).outcome is not Outcome.REFUSED
            for device, gpu in zip(self.predicted, self.question.gpus, strict=True)
        )

    @property
    def fits(self) -> bool:
        """Whether llama.cpp finds room there, beside the process's own context."""
        found = zip(self.predicted, self.reserved, self.question.gpus, strict=True)
        return all(
            needed_mib(device, reserved) <= gpu.usable_mib for device, reserved, gpu in found
        )

    @property
    def short_of_smallest(self) -> bool:
        """Whether the smallest GPUs that the planner accepts are too small for llama.cpp."""
        return any(
            judge(device, smallest).outcome is not Outcome.REFUSED
            and needed_mib(device, reserved) > smallest
            for device, reserved in zip(self.predicted, self.reserved, strict=True)
            for smallest in (_smallest(device),)
        )


def needed_mib(device: DeviceEstimate, reserved: Reserved) -> float:
    """Of the process, which llama.cpp does not know, the planner's own word."""
    return reserved.total / MIB + device.parts["process"].upper


def _smallest(device: DeviceEstimate) -> float:
    return sum(part.upper for name, part in device.parts.items() if name != "margin")


def listed(question: Question) -> tuple[Architecture, KnownWeights]:
    """The shape that was drawn, and every tensor of the header."""
    sizes = tensor_bytes(question.shape, question.file_type)
    return question.shape, KnownWeights(tensor_bytes=sizes)


Facts = Callable[[Question], tuple[Architecture, KnownWeights]]
"""What the estimator is told of a question's model: `listed`, or as a catalogue keeps it."""


def plans(
    asked: Sequence[Question], answers: Sequence[Answer], facts: Facts = listed
) -> list[Plan]:
    """Those that llama.cpp answered."""
    return [
        Plan(question, predicted(question, facts), answer)
        for question, answer in zip(asked, answers, strict=True)
        if not isinstance(answer, str)
    ]


def predicted(
    question: Question, facts: Facts = listed, version: str = "pinned"
) -> tuple[DeviceEstimate, ...]:
    """The planner's answer."""
    shape, weights = facts(question)
    case = Case("question", "llama.cpp", version, "", shape, question.asked, weights=weights)
    return estimate(case).gpus


def rows(found: Sequence[Plan]) -> list[Comparison]:
    """Every part of every GPU, in the words of the accuracy report."""
    return [row for number, plan in enumerate(found) for row in _rows(number, plan)]


def _rows(number: int, plan: Plan) -> Iterator[Comparison]:
    for index, (device, reserved) in enumerate(zip(plan.predicted, plan.reserved, strict=True)):
        parts = device.parts
        row = Comparison("", f"{number}.{index}", plan.question.kind, 0, 0, 0)
        weights, compute = parts["weights"], parts["compute_buffer"]
        cache = parts["kv_cache"] + parts["recurrent_state"]
        for quantity, size, part, least in (
            ("weights", reserved.model, weights, LEAST_CACHE_MIB),
            ("KV cache and state", reserved.context, cache, LEAST_CACHE_MIB),
            ("compute buffer", reserved.compute, compute, 1),
            ("GPU total", reserved.total, device.engine, LEAST_TOTAL_MIB),
        ):
            observed = size / MIB
            yield replace(
                row,
                quantity=quantity,
                observed=observed,
                expected=part.expected,
                upper=part.upper,
                scale=max(observed, least),
            )
