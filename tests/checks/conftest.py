"""Runs the real check files against fakes, in this process: a run takes a fraction of a second."""

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from checks.probes.on_host import linux
from deploys.settings import inventory
from tests.checks.deployment import KEY, REVISION, Deployment, deploy
from tests.checks.fake_gateway import Behaviour, fake_gateway
from tests.lab.fake_driver import FakeDriver
from tests.lab.gpus import Gpu

CHECKS = Path(__file__).parents[2] / "checks"

_HOST = {
    "name": "@local",
    "groups": ["lab", "gpu_hosts", "gateways"],
    "data": {"directory": ".homeport/lab"},
}

Outcomes = dict[str, dict[str, Any]]
RunChecks = Callable[..., Outcomes]


@pytest.fixture
def deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    """Everything deployed as committed; the gateway's port is closed."""
    found = deploy(tmp_path)
    monkeypatch.setenv("PATH", f"{found.docker.folder}:/usr/local/bin:/usr/bin:/bin")
    return found


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.gpu)])
def any_driver(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """This machine's own driver, or the fake one."""
    kind: str = request.param
    if kind == "real":
        if not linux.nvidia_devices():
            pytest.skip("this machine has no NVIDIA GPU")
        return kind
    fake: FakeDriver = request.getfixturevalue("driver").has(Gpu("h100"), Gpu("rtx4090"))
    fake.answers_nvidia_smi(monkeypatch)
    return kind


@pytest.fixture
def behaviour() -> Behaviour:
    """How the fake gateway behaves; a test changes it before it asks."""
    return Behaviour(KEY, release=REVISION)


@pytest.fixture
def gateway_url(behaviour: Behaviour) -> Iterator[str]:
    """A running fake gateway."""
    with fake_gateway(behaviour) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def run_checks(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> RunChecks:
    """Runs some of the checks and gives what became of each, by its name and subject."""
    return runner(deployment, monkeypatch)


def runner(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> RunChecks:
    """The same for whoever has a deployment of his own, for as long as the patches last."""
    # pyinfra itself takes seconds to start; one test of `homeport verify` asks the real one.
    monkeypatch.setattr(inventory, "_ask_pyinfra", lambda *_: [_HOST])
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    # The addopts of the run that runs this are not meant for the one inside.
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)

    def run(*files: str, gateway_url: str = "", options: Sequence[str] = ()) -> Outcomes:
        deployment.docker.write()
        results = deployment.root / "results"
        results.unlink(missing_ok=True)
        arguments = [str(CHECKS / file) for file in files]
        arguments += ["--environment=lab", f"--root={deployment.root}", f"--results={results}"]
        arguments += ["-p", "no:cacheprovider", "--capture=no"]
        # It collects all garbage five times at the end of a run; the run outside does so too.
        arguments += ["-p", "no:unraisableexception"]
        arguments += [f"--gateway-url={gateway_url}"] if gateway_url else []
        assert pytest.main([*arguments, *options]) in (0, 1)
        lines = [json.loads(line) for line in results.read_text().splitlines()]
        return {f"{line['check']} {line['subject']}".strip(): line for line in lines}

    return run


def failed(outcomes: Outcomes, *, skipped: Collection[str] = ()) -> set[str]:
    """Names of the checks that failed, without their subjects; `skipped` names all that were not
    judged, so that nothing is left out unseen.
    """
    results = {line["check"]: set[str]() for line in outcomes.values()}
    for line in outcomes.values():
        results[line["check"]].add(line["result"])
    unjudged = {check for check, found in results.items() if found - {"passed", "failed"}}
    assert unjudged == set(skipped)
    return {check for check, found in results.items() if "failed" in found}


def messages(outcomes: Outcomes) -> str:
    """Everything that checks had to say."""
    return "\n".join(line["message"] for line in outcomes.values())
