"""Which of the oracle's random questions are asked of one real GPU."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from deploys.plan.gpu_catalogue import CatalogueGpu
from deploys.plan.memory.configuration import Device
from deploys.plan.verdict import Outcome, judge
from tests.plan.oracle.comparison import predicted
from tests.plan.oracle.header import tensor_bytes
from tests.plan.oracle.questions import Question, questions

# A file of nothing is read from the disk's cache all the same.
MOST_BYTES = 6 * 2**30
DRAWN = 2000


def chosen(seed: int, each: int, gpu: CatalogueGpu) -> Iterator[Question]:
    """At most `each` of a family: those that the planner accepts for this GPU alone."""
    asked: Counter[str] = Counter()
    for question in questions(seed, DRAWN):
        if asked[question.family] < each and _is_small(question) and _is_computed(question):
            alone = _alone(question, gpu)
            if judge(predicted(alone)[0], gpu.usable_mib).outcome is not Outcome.REFUSED:
                asked[question.family] += 1
                yield alone


def _is_small(question: Question) -> bool:
    return sum(tensor_bytes(question.shape, question.file_type).values()) < MOST_BYTES


def _is_computed(question: Question) -> bool:
    """Whether a usual build has flash attention for these types on the GPU (fattn.cu)."""
    asked = question.asked
    return not asked.flash_attention or asked.key_type == asked.value_type


def _alone(question: Question, gpu: CatalogueGpu) -> Question:
    device = Device(gpu.name, gpu.sm_count, gpu.usable_mib, gpu.process_mib)
    return replace(
        question, gpus=(gpu,), asked=replace(question.asked, devices=(device,), shares=(1.0,))
    )
