"""`homeport plan ENV`: what would run where, with which numbers and why. Writes nothing."""

import dataclasses
import json
from typing import Annotated

import typer
from rich.console import Console

from deploys.catalogue.models_yaml import read_models
from deploys.cli.exit_codes import ExitCode
from deploys.cli.options import JsonOption
from deploys.cli.plan_document import plan_document
from deploys.cli.plan_text import print_plan
from deploys.cli.root import repository_root
from deploys.cli.stages import Stages, run_stages
from deploys.plan.placement import plan_environment
from deploys.plan.plan import Plan
from deploys.plan.what_if import Questions, changed, one_model
from deploys.settings.environment import Environment, read_environment
from deploys.settings.inventory import UnknownEnvironment


def plan(
    environment: Annotated[
        str | None,
        typer.Argument(help="The name of a file in inventories/; with --model none is needed."),
    ] = None,
    as_json: JsonOption = False,
    without: Annotated[
        list[str] | None, typer.Option(metavar="HOST", help="What if this host were gone?")
    ] = None,
    context: Annotated[
        list[str] | None, typer.Option(metavar="[POOL=]N", help="What if a request had N tokens?")
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option(metavar="[POOL=]NAME", help="What if it were this model?")
    ] = None,
    gpu: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME[xN]", help='What if each host had these: "RTX 4090x2"?'),
    ] = None,
) -> int:
    """Shows placement, memory per GPU, why, speed, routes and what `render` would change."""
    questions = Questions(without or (), context or (), model or (), gpu or ())
    if environment is not None and not questions:
        stages = run_stages(repository_root(), environment)
        _show(stages.plan, stages.environment, stages, as_json)
        return ExitCode.CHANGES_PENDING if stages.pending else ExitCode.DONE
    asked = _asked(environment, questions)
    _show(plan_environment(asked, {}), asked, None, as_json)
    return ExitCode.DONE


def _asked(name: str | None, questions: Questions) -> Environment:
    root = repository_root()
    if name is not None:
        return changed(read_environment(root, name), questions)
    if not questions.models:
        hint = 'hint: homeport plan ENV, or homeport plan --model NAME --gpu "RTX 4090"'
        raise UnknownEnvironment(f"error: plan: no environment is named\n{hint}")
    return one_model(read_models(root / "inventories" / "models.yaml"), questions)


def _show(plan: Plan, environment: Environment, stages: Stages | None, as_json: bool) -> None:
    """What `render` would change is not asked of a plan that is only a question."""
    if as_json:
        pending = [dataclasses.asdict(one) for one in stages.pending] if stages else None
        print(json.dumps({**plan_document(plan), "pending": pending}, indent=2))
        return
    console = Console()
    print_plan(plan, environment, console)
    if stages is None:
        console.print("only a question: nothing was written, and committed files were not compared")
    else:
        _print_pending(stages, console)


def _print_pending(stages: Stages, console: Console) -> None:
    if not stages.pending:
        console.print("committed files: up to date")
        return
    for difference in stages.pending:
        console.print(f"  {difference}", highlight=False, markup=False, soft_wrap=True)
    console.print(f"next: homeport render {stages.plan.environment}", highlight=False)
