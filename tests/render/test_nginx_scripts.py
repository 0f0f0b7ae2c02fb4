"""Which functions of njs requests pass: those that ask for what their environment has."""

import re

import pytest

from deploys.plan.plan import Plan
from tests.render.canary_plans import canary_plan
from tests.render.cloud_plans import cloud_plan
from tests.render.full_plan import full_plan
from tests.render.gateway_files import gateway_files
from tests.render.plans import SEEING, small_plan, small_pool

SHORT, LONG = "gateway.choose_pool", "gateway.choose_way"
# Everything that LONG asks for and SHORT does not.
FURTHER = re.compile(r"\$(route|body_words|pool_kind|image_limits) \{")
PLANS = {
    "a pool": (small_plan(), SHORT),
    "two with aliases": (
        small_plan(small_pool("chat", aliases=("gpt-4o",)), small_pool("other")),
        SHORT,
    ),
    "sessions": (small_plan(small_pool("chat", 2, affinity={})), LONG),
    "time-outs of its own": (
        small_plan(small_pool("chat", first_byte_seconds=9)),
        LONG,
    ),
    "two kinds": (
        small_plan(small_pool("chat"), small_pool("find", kind="embeddings")),
        LONG,
    ),
    "answers kept": (
        small_plan(small_pool("chat", answer_cache="by_client")),
        LONG,
    ),
    "a candidate": (canary_plan(), LONG),
    "a cloud": (cloud_plan(), LONG),
    "a pool that sees": (small_plan(small_pool("chat", model=SEEING)), "images.choose_way"),
    "all of it": (full_plan(), "images.choose_way"),
}


@pytest.mark.parametrize(("plan", "function"), PLANS.values(), ids=PLANS)
def test_a_request_passes_the_function_that_asks_for_what_its_environment_has(
    plan: Plan, function: str
) -> None:
    files = gateway_files(plan)
    assert set(re.findall(r"js_access ([\w.]+);", files["routes.conf"])) == {function}
    assert bool(FURTHER.search("".join(files.values()))) == (function != SHORT)
