"""Which functions of gateway.js requests pass: those that ask for what their environment has."""

import re

import pytest

from deploys.plan.plan import Plan
from tests.render.canary_plans import canary_plan
from tests.render.cloud_plans import cloud_plan
from tests.render.full_plan import full_plan
from tests.render.gateway_files import gateway_files
from tests.render.plans import small_plan, small_pool

# Everything that choose_way asks for and choose_pool does not.
FURTHER = re.compile(r"\$(route|body_words|pool_kind) \{")
PLANS = {
    "a pool": (small_plan(), "choose_pool"),
    "two with aliases": (
        small_plan(small_pool("chat", aliases=("gpt-4o",)), small_pool("other")),
        "choose_pool",
    ),
    "sessions": (small_plan(small_pool("chat", 2, affinity={})), "choose_way"),
    "time-outs of its own": (small_plan(small_pool("chat", first_byte_seconds=9)), "choose_way"),
    "two kinds": (
        small_plan(small_pool("chat"), small_pool("find", kind="embeddings")),
        "choose_way",
    ),
    "answers kept": (small_plan(small_pool("chat", answer_cache="by_client")), "choose_way"),
    "a candidate": (canary_plan(), "choose_way"),
    "a cloud": (cloud_plan(), "choose_way"),
    "all of it": (full_plan(), "choose_way"),
}


@pytest.mark.parametrize(("plan", "function"), PLANS.values(), ids=PLANS)
def test_a_request_passes_the_function_that_asks_for_what_its_environment_has(
    plan: Plan, function: str
) -> None:
    files = gateway_files(plan)
    assert set(re.findall(r"js_access gateway\.(\w+);", files["routes.conf"])) == {function}
    assert bool(FURTHER.search("".join(files.values()))) == (function == "choose_way")
