"""One replica on two hosts, planned and rendered."""

from deploys.plan.placement import plan_environment
from deploys.render.files import render_environment
from deploys.render.release import Access
from tests.environments import ROOT
from tests.plan.search.fleets import chat, environment
from tests.plan.search.test_joined_hosts import LARGE, ON_TWO, at

IMAGES = {"vllm": "vllm/vllm-openai:v0.33.0", "nginx": "nginx"}


def files_of_group(**words: object) -> dict[str, str]:
    """All files of gpu1 and gpu2, each a gateway too, on which `big` is one group."""
    hosts = [at(1, "H100 SXM", "H100 SXM"), at(2, "H100 SXM", "H100 SXM")]
    asked = environment(hosts, {"big": chat(LARGE, 8192, **ON_TWO, **words)})
    return render_environment(
        plan_environment(asked, IMAGES), Access(clients={}), ROOT / "templates"
    )
