"""schemathesis as a user runs it: its own command, a description and a gateway."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.checkout import ROOT

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

Description = dict[str, Any]


def description(folder: Path, change: Callable[[Description], None]) -> Path:
    """The description of the API with what is narrower about one gateway, in a file."""
    document = yaml.safe_load((ROOT / "checks" / "openapi.yaml").read_text())
    change(document)
    file = folder / "openapi.yaml"
    file.write_text(yaml.safe_dump(document, sort_keys=False))
    return file


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
