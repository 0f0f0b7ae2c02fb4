"""`homeport models`: the catalogue of models, and what is known of one."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from deploys.catalogue.models_yaml import read_models
from deploys.cli.exit_codes import ExitCode
from deploys.cli.model_add import CATALOGUE, RootOption, add
from deploys.cli.model_facts import facts_table, machine_facts
from deploys.cli.root import repository_root
from deploys.cli.unused_models import unused_models
from deploys.settings.refusal import Complaint, Refused
from deploys.settings.validation import near_miss

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_models(root: RootOption = None) -> int:
    """Shows every model of the catalogue."""
    table = Table(box=None)
    headings = ("model", "architecture", "quantization", "size MiB", "context", "licence", "source")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for name, model in read_models((root or repository_root()) / CATALOGUE).items():
        shape = model.architecture
        table.add_row(
            name,
            shape.name if shape else f"{model.architecture_name} (unknown)",
            model.quantization or "-",
            f"{sum(file.size_bytes for file in model.files) / 2**20:.1f}",
            str(shape.context_tokens) if shape else "?",
            model.licence,
            model.source,
        )
    Console().print(table, highlight=False)
    return ExitCode.DONE


@app.command("show")
def show(
    name: Annotated[str, typer.Argument(help="A name of the catalogue.")],
    json: Annotated[bool, typer.Option("--json", help="For a program.")] = False,
    root: RootOption = None,
) -> int:
    """Shows what is known of one model: shape, cache, weights, licence, files."""
    models = read_models((root or repository_root()) / CATALOGUE)
    if name not in models:
        hint = near_miss(name, models)
        raise Refused([Complaint(CATALOGUE, f"models.{name}", "is not there", hint)])
    if json:
        print(machine_facts(name, models[name]))
    else:
        Console().print(facts_table(name, models[name]), highlight=False)
    return ExitCode.DONE


app.command("add")(add)
app.command("unused")(unused_models)
