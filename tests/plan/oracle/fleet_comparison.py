"""Whole fleets, as the planner fills them, beside what llama.cpp would reserve for each replica."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from math import inf

from tests.plan.oracle.comparison import Plan, needed_mib
from tests.plan.oracle.engine import Answer
from tests.plan.oracle.placed import Placed, questions_of
from tests.plan.oracle.questions import Question

Answers = Mapping[Question, Answer]


def answers_to(replicas: Sequence[Placed], answers: Sequence[Answer]) -> Answers:
    """By question."""
    return dict(zip(questions_of(replicas), answers, strict=True))


def plans_of(replicas: Sequence[Placed], answers: Answers) -> list[Plan]:
    """Each question once, with the planner's own numbers for the replica."""
    predicted = {one.question: one.predicted for one in replicas}
    return [
        Plan(question, predicted[question], answer)
        for question, answer in answers.items()
        if not isinstance(answer, str)
    ]


def overfull(
    replicas: Sequence[Placed], free: Mapping[str, float], answers: Answers
) -> dict[str, float]:
    """GPUs on which llama.cpp finds no room for all that the planner puts there: MiB it lacks.

    A replica that llama.cpp does not start at all lacks everything.
    """
    needed: defaultdict[str, float] = defaultdict(float)
    for one in replicas:
        for uuid, mib in zip(one.gpus, _needed(one, answers[one.question]), strict=True):
            needed[uuid] += mib
    return {uuid: mib - free[uuid] for uuid, mib in needed.items() if mib > free[uuid]}


def _needed(one: Placed, answer: Answer) -> list[float]:
    """MiB on each of its GPUs."""
    if isinstance(answer, str):
        return [inf] * len(one.gpus)
    pairs = zip(one.predicted, answer, strict=True)
    return [needed_mib(device, reserved) for device, reserved in pairs]
