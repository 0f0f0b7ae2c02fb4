"""The offline stages in order, as every verb needs them: settings, plan, render."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from deploys.plan.cloud import cloud_plan
from deploys.plan.placement import plan_environment
from deploys.plan.plan import Plan
from deploys.plan.retrieval import RetrievalPlan, retrieval_plan
from deploys.render.differences import Difference, differences
from deploys.render.files import render_environment
from deploys.render.image_tags import OFFICIAL, built_reference, used_images
from deploys.render.release import Access
from deploys.settings.environment import Environment, read_environment
from deploys.settings.image import ImageName
from deploys.settings.image_lock import lock_path, read_lock, with_digest
from deploys.settings.refusal import Complaint, Refused
from deploys.settings.registry import mirrored


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
    plan = plan_environment(environment, {})
    plan = replace(plan, retrieval=_retrieval(environment, plan))
    plan = replace(
        plan,
        images=image_references(root, environment, used_images(plan)),
        cloud=cloud_plan(root, environment.cloud, environment.pools, environment.clients),
        watch=environment.watch,
    )
    access = Access(clients=environment.clients, hub=environment.hub, registry=environment.registry)
    files = render_environment(plan, access, root / "templates")
    return Stages(environment, plan, files, differences(root, name, files))


def _retrieval(environment: Environment, plan: Plan) -> RetrievalPlan | None:
    served = {
        pool.name: (pool.public_name, pool.model_name, pool.replicas[0].model)
        for pool in plan.pools
    }
    file = f"inventories/group_data/{environment.name}.py"
    return retrieval_plan(file, environment.retrieval, served)


def image_references(
    root: Path, environment: Environment, names: Iterable[ImageName]
) -> dict[str, str]:
    """Image name -> what hosts pull, by digest where tags are locked, or build."""
    images = root / "deploys" / "images"
    locked = read_lock(root, environment.name)
    references: dict[str, str] = {}
    complaints: list[Complaint] = []
    for name in names:
        tagged = tagged_reference(environment, name)
        if not tagged:
            references[name] = built_reference(name, images)
        elif locked is not None and "@" not in tagged and tagged not in locked:
            hint = f"homeport lock {environment.name}"
            file = lock_path(environment.name)
            complaints.append(Complaint(file, f"images.{tagged}", "is not locked", hint))
        else:
            references[name] = with_digest(tagged, (locked or {}).get(tagged, ""))
    if complaints:
        raise Refused(complaints)
    return references


def tagged_reference(environment: Environment, name: ImageName) -> str:
    """What the settings call an image, in the site's own registry; empty: hosts build it."""
    image = environment.images.get(name)
    reference = (image and image.reference) or OFFICIAL.get(name)
    return mirrored(reference, environment.registry) if reference else ""
