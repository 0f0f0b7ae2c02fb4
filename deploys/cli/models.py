"""`homeport models`: the catalogue of models, and taking one in."""

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TransferSpeedColumn
from rich.table import Table

from deploys.catalogue.digest import sha256_of
from deploys.catalogue.gguf_header import GgufHeader, read_header
from deploys.catalogue.model import Model, ModelFile
from deploys.catalogue.models_yaml import name_complaints, read_models, with_model
from deploys.catalogue.sources import GENERATED_TINY, file_name, obtain
from deploys.cli.exit_codes import ExitCode
from deploys.cli.root import repository_root
from deploys.settings.refusal import Complaint, Refused

CATALOGUE = "inventories/models.yaml"
STORE = ".homeport/models"
NOT_STATED = "not stated"

app = typer.Typer(no_args_is_help=True)

RootOption = Annotated[
    Path | None, typer.Option(help="The repository; found from here upwards if left out.")
]


@app.command("list")
def list_models(root: RootOption = None) -> int:
    """Shows every model of the catalogue."""
    table = Table(box=None)
    for heading in ("model", "architecture", "size MiB", "context", "chat", "licence", "source"):
        table.add_column(heading, overflow="fold")
    for name, model in read_models((root or repository_root()) / CATALOGUE).items():
        shape = model.architecture
        table.add_row(
            name,
            shape.name if shape else f"{model.architecture_name} (unknown)",
            f"{sum(file.size_bytes for file in model.files) / 2**20:.1f}",
            str(shape.context_tokens) if shape else "?",
            "yes" if model.chat_template else "no",
            model.licence,
            model.source,
        )
    Console().print(table, highlight=False)
    return ExitCode.DONE


@app.command("add")
def add(
    source: Annotated[str, typer.Argument(help="Path or http(s) URL of a GGUF file.")],
    name: Annotated[str, typer.Option(help="Its name here; from the file's if left out.")] = "",
    root: RootOption = None,
) -> int:
    """Reads a GGUF file and writes its entry into inventories/models.yaml."""
    repository = root or repository_root()
    models = read_models(repository / CATALOGUE)
    place = source_word(source)
    chosen = name or entry_name(file_name(place))
    # Before anything is downloaded.
    _refuse_name(chosen, place, models)
    path = _obtained(place, repository / STORE)
    header = read_header(path)
    model = _entry(place, path, header)
    if models.get(chosen) == model:
        print(f"{chosen} is in {CATALOGUE} already; nothing to do")
        return ExitCode.DONE
    if chosen in models:
        raise _taken(chosen, "is another file: the one at this place has changed")
    _write(repository / CATALOGUE, chosen, model)
    print(_next_steps(chosen, model, header))
    return ExitCode.DONE


def _refuse_name(name: str, source: str, models: Mapping[str, Model]) -> None:
    misnamed = name_complaints(CATALOGUE, name)
    if misnamed:
        raise Refused(misnamed)
    if name in models and models[name].source != source:
        raise _taken(name, f"comes from another place: {models[name].source}")


def _entry(source: str, path: Path, header: GgufHeader) -> Model:
    file = ModelFile(name=file_name(source), size_bytes=path.stat().st_size, sha256=sha256_of(path))
    return Model(
        source=source,
        licence=header.licence or NOT_STATED,
        format="gguf",
        files=(file,),
        architecture=header.architecture,
        chat_template=header.chat_template,
    )


def _taken(name: str, found: str) -> Refused:
    hint = "add it with --name OTHER, or take the old entry out"
    return Refused([Complaint(CATALOGUE, f"models.{name}", found, hint)])


def source_word(source: str) -> str:
    """A path or URL as the catalogue writes it; raises Refused."""
    if source == GENERATED_TINY or source.startswith("file:/"):
        return source
    if re.match(r"https?://", source):
        if re.match(r"https?://[^/]*@", source):
            # The entry is committed, and hosts fetch from it.
            found = "carries a user name or password, which would be committed"
            hint = "download it first, then give the path"
            raise Refused([Complaint("SOURCE", "", found, hint)])
        return source
    if "://" in source:
        hint = "a path, or an http:// or https:// URL"
        raise Refused([Complaint(source, "", "is no source of a model", hint)])
    return f"file:{Path(source).expanduser().resolve()}"


def entry_name(file: str) -> str:
    """A name for the catalogue from a file's name: `Qwen3_0.6B-Q8.gguf` -> `qwen3-0.6b-q8`."""
    word = re.sub(r"[^a-z0-9.]+", "-", file.lower().removesuffix(".gguf"))
    return word[:63].strip(".-") or "model"


def _obtained(source: str, store: Path) -> Path:
    columns = (BarColumn(), DownloadColumn(binary_units=True), TransferSpeedColumn())
    console = Console(stderr=True)
    downloads = source.startswith("http")
    with Progress(*columns, console=console, transient=True, disable=not downloads) as bar:
        task = bar.add_task("", total=None)
        return obtain(
            source,
            store,
            lambda here, total: bar.update(task, completed=here, total=total),
        )


def _write(catalogue: Path, name: str, model: Model) -> None:
    longer = with_model(catalogue.read_text(encoding="utf-8"), name, model)
    part = catalogue.with_name(f"{catalogue.name}.part")
    part.write_text(longer, encoding="utf-8")
    try:
        read_models(part)
        part.replace(catalogue)
    finally:
        part.unlink(missing_ok=True)


def _next_steps(name: str, model: Model, header: GgufHeader) -> str:
    if not model.chat_template:
        print(
            f"warning: {name} brings no chat template: its chat answers will be garbage",
            file=sys.stderr,
        )
    shape = model.shape
    size_mib = model.files[0].size_bytes / 2**20
    return f"""\
{name}: {shape.name}, {shape.layers} layers, {header.quantization}, {size_mib:.1f} MiB, \
trained for {shape.context_tokens} tokens, licence: {model.licence}
It is in {CATALOGUE} now. Two steps to serve it, ENV being your environment, such as local:
  1. in inventories/group_data/ENV.py, set the pool's   "model": "{name}"
  2. homeport render ENV, look at the difference, then homeport apply ENV"""
