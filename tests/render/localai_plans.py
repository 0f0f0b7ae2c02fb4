"""Plans of pools on LocalAI, made by hand, and the files that are rendered for them."""

import dataclasses
from typing import Any

import yaml

from deploys.engine_facts.localai_facts import LocalAiFacts, localai_facts
from deploys.plan.arguments import LocalAiArguments
from deploys.plan.plan import Plan
from deploys.render.files import render_environment
from deploys.render.release import Access
from deploys.settings.engine_versions import PINNED
from deploys.settings.routing import Routing
from tests.environments import ROOT
from tests.render.gpu_plans import GPUS, LOCALAI, gpu_plan
from tests.render.plans import ARGUMENTS, HOST

IN_RAM = LocalAiArguments(**vars(ARGUMENTS))
ONE_GPU = dataclasses.replace(LOCALAI, tensor_split=())
FOLDER = f"compose/small/{HOST}"


def known() -> LocalAiFacts:
    """What the pinned version knows."""
    facts = localai_facts(PINNED["localai"])
    assert facts is not None
    return facts


def rendered(plan: Plan) -> dict[str, str]:
    """Every file of the plan."""
    return render_environment(plan, Access(clients={}), ROOT / "templates")


def model_texts(plan: Plan) -> dict[str, str]:
    """File name -> text, of its one replica."""
    folder = f"{FOLDER}/gpu_hosts/localai/chat-1/"
    return {
        path.removeprefix(folder): text
        for path, text in rendered(plan).items()
        if path.startswith(folder)
    }


def model_files(plan: Plan) -> dict[str, dict[str, Any]]:
    """File name -> what stands in it."""
    return {name: yaml.safe_load(text) for name, text in model_texts(plan).items()}


def with_routing(plan: Plan, **words: object) -> Plan:
    """The plan with other routing words of its pool."""
    pool = dataclasses.replace(plan.pools[0], routing=Routing.model_validate(words))
    return dataclasses.replace(plan, pools=(pool,))


PLANS = {
    "two gpus": gpu_plan(LOCALAI),
    "one gpu": gpu_plan(ONE_GPU, gpus=GPUS[:1]),
    "in ram": gpu_plan(IN_RAM, gpus=()),
    "embeddings": with_routing(gpu_plan(IN_RAM, gpus=()), kind="embeddings"),
    "reranking": with_routing(gpu_plan(IN_RAM, gpus=()), kind="reranking"),
    "other names": with_routing(gpu_plan(LOCALAI), aliases=("gpt-4", "org/model:7b")),
}
