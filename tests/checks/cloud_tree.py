"""A rendered gateway with a cloud, and its release: for checks that read files alone."""

from functools import cache
from pathlib import Path

import yaml

from deploys.plan.plan import Plan
from deploys.render.files import render_environment
from deploys.render.release import Access, Release
from tests.environments import ROOT
from tests.render.cloud_plans import cloud_plan
from tests.render.plans import HOST


def written(root: Path, plan: Plan | None = None) -> tuple[Path, Release]:
    """The folder of the gateway's nginx files below `root`, and the release that they belong to."""
    chosen = plan or cloud_plan(first_byte_seconds=2, open_classes=("public",))
    for path, text in (_usual() if plan is None else _rendered(chosen)).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root / "nginx" / chosen.environment / HOST, release(root, chosen.environment)


def _rendered(plan: Plan) -> dict[str, str]:
    return render_environment(plan, Access(clients=dict(plan.clients)), ROOT / "templates")


@cache
def _usual() -> dict[str, str]:
    """Rendering takes longer than most of the tests that alter one file of it."""
    return _rendered(cloud_plan(first_byte_seconds=2, open_classes=("public",)))


def release(root: Path, environment: str = "small") -> Release:
    """The release as it lies there."""
    text = (root / "compose" / environment / HOST / "release.yaml").read_text()
    return Release.model_validate(yaml.safe_load(text), strict=False)
