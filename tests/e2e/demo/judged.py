"""schemathesis as a user runs it: its own command, a description and a gateway."""

import os
import subprocess
import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.checkout import ROOT, Checkout

PROGRAM = Path(sys.executable).with_name("schemathesis")
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "ignored_auth",
)
# The key stands in no argument and in no file.
CONFIGURATION = """\
color = false
[output.truncation]
enabled = false
[[project]]
title = "A gateway of Homeport"
headers = { Authorization = "Bearer ${HOMEPORT_JUDGED_KEY}" }
"""
SETTINGS = "inventories/group_data/local.py"
PORTS = '"admin_port": 8081'
WITHOUT_KEYS = '"anonymous": {"requests_per_minute": 60_000, "burst": 10_000}'

Description = dict[str, Any]


def give_room(demo: Checkout) -> None:
    """For all that is asked with wrong keys: a 429 says nothing of the key."""
    demo.edit(SETTINGS, PORTS, f"{PORTS}, {WITHOUT_KEYS}")
    for command in ("render local", "apply local --no-verify"):
        demo.homeport(command)


def description(folder: Path, change: Callable[[Description], None]) -> Path:
    """The description of the API with what is narrower about one gateway, in a file."""
    document = yaml.safe_load((ROOT / "checks" / "openapi.yaml").read_text())
    change(document)
    file = folder / "openapi.yaml"
    file.write_text(yaml.safe_dump(document, sort_keys=False))
    return file


def narrowed(document: Description, tags: Collection[str], model: str) -> None:
    """Leaves the paths of these tags, one model, and answers that are short."""
    document["paths"] = {
        path: item
        for path, item in document["paths"].items()
        if all(set(operation["tags"]) <= set(tags) for operation in item.values())
    }
    schemas = document["components"]["schemas"]
    schemas["ModelName"]["enum"] = [model]
    schemas["Tokens"]["maximum"] = 8
    for name in ("ChatRequest", "CompletionRequest"):
        schemas[name]["required"].append("max_tokens")


def without_failures_of_the_gateway(document: Description) -> None:
    """No word of a client makes the gateway fail. Engines do: llama-server (build 11669) says 500
    to a text that is no string, and has 400 for other mistakes.
    """
    engines = {"schema": {"$ref": "#/components/schemas/EngineError"}}
    document["components"]["responses"]["Failed"]["content"]["application/json"] = engines
    for operation in (one for item in document["paths"].values() for one in item.values()):
        for status in ("502", "503", "504"):
            operation["responses"].pop(status, None)


def cases(said: str, operations: int) -> str:
    """Its own count, once every operation was tested."""
    assert f"Tested: {operations}" in said
    (words,) = (line.strip() for line in said.splitlines() if " generated, " in line)
    return words


def judge(
    file: Path, url: str, key: str, *options: str, examples: int, seed: int
) -> tuple[int, str]:
    """Its exit code (0: as described, 1: not) and what it says."""
    configuration = file.with_name("schemathesis.toml")
    configuration.write_text(CONFIGURATION)
    command = [str(PROGRAM), "--config-file", str(configuration), "run", str(file), "--url", url]
    command += ["--checks", ",".join(CHECKS), "--phases", "examples,coverage,fuzzing"]
    command += ["--max-examples", str(examples), "--seed", str(seed), "--continue-on-failure"]
    done = subprocess.run(
        [*command, *options],
        cwd=file.parent,
        env={**os.environ, "HOMEPORT_JUDGED_KEY": key},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr
