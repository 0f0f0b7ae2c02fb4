"""`homeport demo`: the whole way on this machine, from settings to a streamed answer."""

import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from deploys.catalogue.models_yaml import read_models
from deploys.certificates.entrance import entrance
from deploys.cli.apply import apply
from deploys.cli.chat import chat, committed_gateway
from deploys.cli.exit_codes import ExitCode
from deploys.cli.model_add import CATALOGUE, add
from deploys.cli.plan import plan
from deploys.cli.pyinfra_run import run_pyinfra
from deploys.cli.render import render
from deploys.cli.root import repository_root
from deploys.cli.verify import verify
from deploys.settings.consistency import model_entry, names_a_file
from deploys.settings.inventory import read_inventory

ENVIRONMENT = "local"
KEY = Path(".homeport/demo.key")


def demo(
    down: Annotated[bool, typer.Option("--down", help="Take everything down again.")] = False,
) -> int:
    """Deploys the environment `local` on this machine, proves it and asks it a question."""
    root = repository_root()
    if down:
        return _take_down(root)
    started = time.monotonic()
    make_key(root / KEY)
    _add_models(root)
    stages: list[tuple[str, Callable[[], int]]] = [
        ("plan: what fits where, and why", lambda: plan(ENVIRONMENT)),
        ("render: the files that are committed and shipped", lambda: render(ENVIRONMENT)),
        (
            "apply: pyinfra brings this machine to those files",
            lambda: apply(ENVIRONMENT, verified=False),
        ),
        ("verify: is it true?", lambda: verify(ENVIRONMENT)),
        ("chat: one streamed answer through the gateway", lambda: chat(ENVIRONMENT)),
    ]
    for number, (title, stage) in enumerate(stages, start=1):
        print(f"\n== {number}/{len(stages)} {title}", flush=True)
        code = stage()
        # A plan with files to render is what the next stage is for.
        if code not in (ExitCode.DONE, ExitCode.CHANGES_PENDING):
            return code
    print(_next_steps(root, time.monotonic() - started))
    return ExitCode.DONE


def make_key(path: Path) -> None:
    """Makes the demo client's key once, readable by its owner alone from the first byte on."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists():
        return
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(f"hp-{secrets.token_urlsafe(32)}\n")


def _add_models(root: Path) -> None:
    """Takes a model that the settings name by path or URL into the catalogue, once."""
    pools = next(iter(read_inventory(root, ENVIRONMENT).hosts)).data.get("pools", {})
    words = [pool.get("model", "") for pool in pools.values() if isinstance(pool, dict)]
    models = read_models(root / CATALOGUE)
    for word in words:
        if isinstance(word, str) and names_a_file(word) and model_entry(word, models) is None:
            print(f"\n== the model {word} is new: reading it into {CATALOGUE}", flush=True)
            add(word, root=root)


def _take_down(root: Path) -> int:
    result = run_pyinfra(root, ENVIRONMENT, "deploys/down.py")
    if result.exit_code:
        print(result.explanation)
        return result.exit_code
    print("local is down: nothing of it runs. Packages, images and the virtual environment stay.")
    return ExitCode.DONE


def _next_steps(root: Path, seconds: float) -> str:
    gateway = committed_gateway(root, ENVIRONMENT)
    url = f"{entrance(gateway.listen, gateway.tls, root).url}/v1"
    body = '{"model": "chat", "messages": [{"role": "user", "content": "Hi"}]}'
    return f"""
That was nonsense, word by word: the demo's model has random weights. Everything around it is real.
It took {seconds:.0f} s; `make demo` again says that nothing had to change.

What to do next
  ask it yourself     .venv/bin/homeport chat {ENVIRONMENT} "Hi"
  with curl (bash)    curl {url}/chat/completions \\
                        --header @<(printf 'Authorization: Bearer %s' "$(cat {KEY})") \\
                        --json '{body}'
  your client         base URL {url}, key in {KEY}, model "chat"
  a real model        set "model" in inventories/group_data/{ENVIRONMENT}.py to the absolute path
                      or the URL of a GGUF file, then `make demo` again
  your own hosts      inventories/README.md: describe them, then .venv/bin/homeport plan NAME
  look around         .venv/bin/homeport plan {ENVIRONMENT}; .venv/bin/homeport drift {ENVIRONMENT}
  take it down        make demo-down
"""
