"""The offline stages in order, as every verb needs them: settings, plan, render."""

from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from deploys.plan.placement import plan_environment
from deploys.plan.plan import Plan
from deploys.render.files import Difference, differences, render_environment
from deploys.render.image_tags import default_reference
from deploys.settings.environment import Environment, read_environment
from deploys.settings.image import ImageName


@dataclass(frozen=True)
class Stages:
    """One environment, read, planned and rendered; nothing written."""

    environment: Environment
    plan: Plan
    files: dict[str, str]
    """Path below the repository root -> text."""
    pending: list[Difference]
    """What `render` would change."""


def run_stages(root: Path, name: str) -> Stages:
    """Reads, plans and renders `name` in memory; raises Refused with every complaint."""
    environment = read_environment(root, name)
    plan = plan_environment(environment, _image_references(root, environment))
    files = render_environment(plan, environment.clients, root / "templates")
    return Stages(environment, plan, files, differences(root, name, files))


def _image_references(root: Path, environment: Environment) -> dict[str, str]:
    images = root / "deploys" / "images"
    references = {}
    for name in get_args(ImageName):
        image = environment.images.get(name)
        references[name] = (image and image.reference) or default_reference(name, images)
    return references
