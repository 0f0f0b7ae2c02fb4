"""One gateway of a canary: its log and state by way of a fake Docker, set by the real script."""

import json
import random
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deploys.cli.exit_codes import ExitCode
from deploys.cli.main import exit_code
from deploys.cli.pyinfra_run import Run
from deploys.history.words import CANARY
from deploys.operations.host_script import SCRIPTS
from deploys.questions.canaries import parse_shares, question, read_share, share_file
from tests.checks.canary.traffic import line
from tests.checks.deployment import Deployment

HOST = {"name": "@local", "groups": ["lab"], "data": {"directory": ".homeport/lab"}}


@dataclass
class Gateway:
    """One gateway of pool `old`, whose candidate is `chat`, and what pyinfra would do to it."""

    deployment: Deployment
    runs: list[int]
    """Per cent of each run."""

    @property
    def state(self) -> Path:
        """Its folder."""
        return self.deployment.directory / "state" / "gateway"

    def says(self, loaded: str) -> None:
        """What nginx says at /revision."""
        text = json.dumps({"revision": "x", **({"canaries": loaded} if loaded else {})})
        (self.deployment.docker.folder / "revision").write_text(text)

    def run(self, *_: object, words: Mapping[str, str], **__: object) -> Run:
        """As deploys/canary.py does it."""
        share = read_share(words[CANARY])
        self.runs.append(share.percent)
        text = share_file(share, "ana@desk")
        script = (SCRIPTS / "set-canary").read_text()
        directory = str(self.deployment.directory)
        subprocess.run(
            ["bash", "-c", script, "set-canary", directory, share.pool, text], check=True
        )
        asked = ["sh", "-c", question(str(self.state))]
        told = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
        self.says(f"old={parse_shares(told.splitlines())['old'].loaded}")
        return Run(ExitCode.DONE, dry=False, changed=["Set the candidate's share"])

    def logs(self, *, candidate_errors: float, requests: int = 2000) -> None:
        """Half of the requests to each arm; every hundredth of the stable one fails."""
        rng, lines = random.Random(1), []
        for number in range(requests):
            arm = "candidate" if number % 2 else "stable"
            failed = rng.random() < (candidate_errors if number % 2 else 0.01)
            words = {"arm": arm, "drawn": arm, "pool": "old", "status": 500 if failed else 200}
            lines.append(line(time=f"{number:09}", **words))
        (self.deployment.docker.folder / "id-nginx.log").write_text("\n".join(lines) + "\n")


def status(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """What `homeport canary lab status --json` says."""
    capsys.readouterr()
    exit_code(["canary", "lab", "status", "--json"])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found
