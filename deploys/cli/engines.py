"""`homeport engines`: what a version of an engine knows, and files of LocalAI held against it."""

import json
import subprocess
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from deploys.cli.exit_codes import ExitCode
from deploys.cli.root import repository_root
from deploys.engine_facts import vllm_dump
from deploys.engine_facts.collected import (
    Collected,
    collected_llamacpp,
    collected_vllm,
    differences,
    newest_before,
    unexplained,
)
from deploys.engine_facts.facts import versions
from deploys.engine_facts.localai_facts import localai_facts
from deploys.engine_facts.localai_judging import wrong_in_model
from deploys.engine_facts.writing import facts_text
from deploys.settings.refusal import Complaint, Refused
from deploys.settings.validation import near_miss
from deploys.settings.yaml_text import read_yaml

app = typer.Typer(no_args_is_help=True)
# An import of vLLM from a cold disk, and the pull of its image before; not measured.
LONGEST_SECONDS = 600


class Engine(StrEnum):
    """Those that facts can be asked of."""

    LLAMACPP = "llamacpp"
    VLLM = "vllm"


@app.command("facts")
def facts(
    engine: Annotated[Engine, typer.Argument(help="Which engine.")],
    image: Annotated[str, typer.Option(help="Its image; run here, without a network.")] = "",
    told: Annotated[
        Path | None,
        typer.Option(help="What it printed elsewhere: the dump, or --version and --help."),
    ] = None,
    dry: Annotated[bool, typer.Option("--dry", help="Only show what differs.")] = False,
) -> int:
    """Writes deploys/engine_facts/ENGINE/VERSION.yaml, and says what differs from before."""
    if bool(image) == bool(told):
        hint = "--image REFERENCE, or --told FILE with what it printed"
        raise Refused([Complaint("--image", "", "is one way of two", hint)])
    found = _asked(engine, image) if image else _read(engine, told or Path())
    new = found.facts
    path = Path("deploys/engine_facts") / engine / f"{new.version}.yaml"
    text = facts_text(engine, new.version, found.sources, new.flags, new.environment)
    target = repository_root() / path
    changed = not target.exists() or target.read_text() != text
    _tell(found, path, changed)
    if changed and not dry:
        target.write_text(text)
    return ExitCode.CHANGES_PENDING if changed and dry else ExitCode.DONE


@app.command("check")
def check(
    files: Annotated[list[Path], typer.Argument(help="Model files of LocalAI, as YAML.")],
    version: Annotated[str, typer.Option(help="Of LocalAI; the newest known if left out.")] = "",
) -> int:
    """Says what LocalAI would drop, misread or refuse in its model files, which it does not."""
    known = versions("localai")
    found = localai_facts(version or known[-1])
    if found is None:
        raise Refused([Complaint("--version", "", f"found {version}", near_miss(version, known))])
    complaints = [
        Complaint(str(file), one.flag, one.found, one.hint)
        for file in files
        for one in wrong_in_model(found, _model(file))
    ]
    if complaints:
        raise Refused(complaints)
    print(f"{len(files)} files: every key is one of LocalAI {found.version}, and fits")
    return ExitCode.DONE


def _model(path: Path) -> dict[str, object]:
    document = read_yaml(Path(), str(path), "one model's file")
    try:
        # An anchor may name what it stands in: nobody could read such a file to its end.
        json.dumps(document, default=str, skipkeys=True)
    except (ValueError, RecursionError) as error:
        complaint = Complaint(str(path), "", f"has no end: {error}", "one model's file")
        raise Refused([complaint]) from None
    if not isinstance(document, dict) or not all(isinstance(key, str) for key in document):
        hint = "one model's keys; a list of models is read from LOCALAI_MODELS_CONFIG_FILE alone"
        raise Refused([Complaint(str(path), "", "is no model", hint)])
    return document


def _asked(engine: Engine, image: str) -> Collected:
    if engine is Engine.LLAMACPP:
        return collected_llamacpp(_printed(image, "--version"), _printed(image, "--help"))
    program = Path(vllm_dump.__file__).read_text()
    return collected_vllm(_printed(image, "-", entry="python3", program=program))


def _printed(image: str, *words: str, entry: str = "", program: str = "") -> str:
    """What a container prints on both of its streams where it is llama-server, else on stdout."""
    command = ["docker", "run", "--rm", "--interactive", "--network", "none"]
    command += ["--entrypoint", entry] if entry else []
    try:
        done = subprocess.run(
            [*command, image, *words],
            input=program,
            capture_output=True,
            text=True,
            timeout=LONGEST_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Refused([Complaint(image, "", f"cannot be asked: {error}", _HINT)]) from None
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise Refused([Complaint(image, "", f"cannot be asked: {last}", _HINT)])
    return done.stdout if entry else done.stdout + done.stderr


_HINT = "an image that is here or can be pulled, and a Docker daemon"


def _read(engine: Engine, path: Path) -> Collected:
    try:
        text = path.read_text(errors="replace")
    except OSError as error:
        raise Refused(
            [Complaint(str(path), "", f"cannot be read: {error.strerror}", _HINT)]
        ) from None
    return collected_vllm(text) if engine is Engine.VLLM else collected_llamacpp(text, text)


def _tell(found: Collected, path: Path, changed: bool) -> None:
    new = found.facts
    print(f"{path}: {'changed' if changed else 'nothing new'}, {len(new.flags)} flags")
    old = newest_before(new.engine, new.version)
    if old is not None:
        print(f"beside {old.version}:")
        for line in differences(old, new):
            print(f"  {line}")
        for name in unexplained(old, new):
            print(
                f"warning: {name} is gone: say in {path.parent}/gone.yaml what replaced it, "
                f'as `{name}: {{since: {new.version}, instead: "…"}}`',
                file=sys.stderr,
            )
    for flag in found.untold:
        print(f"warning: the values of {flag} were not told: add them by hand", file=sys.stderr)
