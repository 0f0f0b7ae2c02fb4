"""`homeport models add`: taking a model into the catalogue."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TransferSpeedColumn

from deploys.catalogue.hub import Hub
from deploys.catalogue.hub_source import HubSource, hub_source
from deploys.catalogue.model import Model
from deploys.catalogue.models_yaml import name_complaints, read_models, with_model
from deploys.catalogue.sources import GENERATED_TINY
from deploys.catalogue.taking_in import Wish, from_hub, from_path, from_url, generated
from deploys.cli.exit_codes import ExitCode
from deploys.cli.model_facts import warnings_of
from deploys.cli.model_words import entry_name, place_name, source_word
from deploys.cli.root import repository_root
from deploys.settings.refusal import Complaint, Refused
from deploys.settings.secrets import resolve

CATALOGUE = "inventories/models.yaml"
STORE = ".homeport/models"

RootOption = Annotated[
    Path | None, typer.Option(help="The repository; found from here upwards if left out.")
]


def add(
    source: Annotated[
        str,
        typer.Argument(
            help="A GGUF file (path or URL), a folder of safetensors, or a hub's repository: "
            "OWNER/NAME, with @REVISION, :FILE or :QUANTIZATION behind it, or hub: before it."
        ),
    ],
    name: Annotated[str, typer.Option(help="Its name here; from the file's if left out.")] = "",
    base: Annotated[
        str, typer.Option(help="What it is a quantization of; from the hub's card if left out.")
    ] = "",
    projector: Annotated[
        str, typer.Option(help="The mmproj file beside it; a hub's own if left out; or none.")
    ] = "",
    sha256: Annotated[
        list[str] | None,
        typer.Option(help="Of the file behind a URL, which is then not downloaded."),
    ] = None,
    endpoint: Annotated[str, typer.Option(help="A mirror of the hub; else HF_ENDPOINT.")] = "",
    token: Annotated[
        str, typer.Option(help="Where the hub's token is: env:NAME, file:PATH or command:COMMAND.")
    ] = "",
    root: RootOption = None,
) -> int:
    """Reads a model's facts and writes its entry into inventories/models.yaml."""
    repository = root or repository_root()
    models = read_models(repository / CATALOGUE)
    wish = Wish(projector=projector, base=base, sha256=tuple(sha256 or ()))
    if wish.sha256 and not source.startswith("http"):
        hint = "leave it out: files here are read, and a hub states the sha256 of its own"
        raise Refused([Complaint("--sha256", "", "is for URLs", hint)])
    asked = hub_source(source)
    if asked:
        secret = resolve(token, repository) if token else None
        model = from_hub(asked, wish, Hub(repository / STORE, endpoint, secret))
        chosen = name or entry_name(_own_name(asked, model))
        _refuse_name(chosen, model.source, models)
    else:
        place = source_word(source)
        chosen = name or entry_name(place_name(place))
        # Before anything is downloaded.
        _refuse_name(chosen, place, models)
        model = _from_place(place, wish, repository / STORE)
    return _taken_in(repository / CATALOGUE, chosen, model, models)


def _taken_in(catalogue: Path, name: str, model: Model, models: Mapping[str, Model]) -> int:
    if models.get(name) == model:
        print(f"{name} is in {CATALOGUE} already; nothing to do")
        return ExitCode.DONE
    if name in models:
        raise _taken(name, "is another file: the one at this place has changed")
    _write(catalogue, name, model)
    for warning in warnings_of(name, model):
        print(f"warning: {warning}", file=sys.stderr)
    print(_next_steps(name, model))
    return ExitCode.DONE


def _own_name(asked: HubSource, model: Model) -> str:
    if model.format == "gguf":
        return model.files[0].name.rpartition("/")[2]
    return asked.repository.rpartition("/")[2]


def _from_place(place: str, wish: Wish, store: Path) -> Model:
    columns = (BarColumn(), DownloadColumn(binary_units=True), TransferSpeedColumn())
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not place.startswith("http")
    ) as bar:
        task = bar.add_task("", total=None)

        def progress(here: int, total: int | None) -> None:
            bar.update(task, completed=here, total=total)

        if place == GENERATED_TINY:
            return generated(store, progress)
        if place.startswith("file:"):
            return from_path(Path(place.removeprefix("file:")), wish)
        return from_url(place, wish, store, progress)


def _refuse_name(name: str, source: str, models: Mapping[str, Model]) -> None:
    misnamed = name_complaints(CATALOGUE, name)
    if misnamed:
        raise Refused(misnamed)
    if name in models and not _same_place(models[name].source, source):
        raise _taken(name, f"comes from another place: {models[name].source}")


def _same_place(kept: str, place: str) -> bool:
    """A model of several files is kept under its folder."""
    return place == kept or (kept.endswith("/") and place.startswith(kept)) or f"{place}/" == kept


def _taken(name: str, found: str) -> Refused:
    hint = "add it with --name OTHER, or take the old entry out"
    return Refused([Complaint(CATALOGUE, f"models.{name}", found, hint)])


def _write(catalogue: Path, name: str, model: Model) -> None:
    longer = with_model(catalogue.read_text(encoding="utf-8"), name, model)
    part = catalogue.with_name(f"{catalogue.name}.part")
    part.write_text(longer, encoding="utf-8")
    try:
        read_models(part)
        part.replace(catalogue)
    finally:
        part.unlink(missing_ok=True)


def _next_steps(name: str, model: Model) -> str:
    shape = model.architecture
    size_mib = sum(file.size_bytes for file in model.files) / 2**20
    trained = f"trained for {shape.context_tokens} tokens, " if shape else ""
    layers = f"{shape.name}, {shape.layers} layers" if shape else model.architecture_name
    said = f"""\
{name}: {layers}, {model.quantization}, {size_mib:.1f} MiB, {trained}licence: {model.licence}
It is in {CATALOGUE} now."""
    if shape is None:
        return said
    return f"""{said} Two steps to serve it, ENV being your environment, such as local:
  1. in inventories/group_data/ENV.py, set the pool's   "model": "{name}"
  2. homeport render ENV, look at the difference, then homeport apply ENV"""
