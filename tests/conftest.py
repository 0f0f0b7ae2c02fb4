"""The lab that all tests on hosts over SSH share; see tests/README.md."""

import secrets
import signal
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from deploys.settings import inventory
from tests.environments.loaded_pyinfra import loaded_pyinfra
from tests.lab.fake_driver import FakeDriver
from tests.lab.gpus import Gpu
from tests.lab.inventory import Controller, controller
from tests.lab.lab import Lab, fleet, running_lab
from tests.lab.machine import Missing
from tests.lab.nvml_library import library

# Speed is for benchmarks: on a busy machine a deadline fails what is right.
settings.register_profile("homeport", deadline=None)
settings.load_profile("homeport")


# Name of the property that carries it: what is printed is seen of failures alone.
FIGURE = "figure"

# Under nohup or in a shell's background these are ignored, and so would all be that tests start.
for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, usual)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """One seed for hypothesis in all processes of a run, set before it reads its own."""
    if config.option.hypothesis_seed is None:
        config.option.hypothesis_seed = secrets.randbelow(2**32)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """What tests have measured, and how to draw the same again."""
    reports = [one for group in terminalreporter.stats.values() for one in group]
    for report in (one for one in reports if getattr(one, "when", "") == "call"):
        for name, words in report.user_properties:
            if name == FIGURE:
                terminalreporter.write_line(f"measured: {words}")
    terminalreporter.write_line(f"drawn with --hypothesis-seed={config.option.hypothesis_seed}")


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Has the end of the run say what a test has measured, from whichever process it runs in."""
    return lambda words: record_property(FIGURE, words)


@pytest.fixture(scope="session", autouse=True)
def pyinfra_is_loaded_once() -> Iterator[None]:
    """What this process asks of an inventory goes to one pyinfra, which is loaded already."""
    with loaded_pyinfra() as run, pytest.MonkeyPatch.context() as patch:
        patch.setattr(inventory, "_pyinfra", run)
        yield


# Files -> the lab, or demo, that is made once for all of them and goes with the last; the first
# that fits.
PLACES = {
    "tests/served/*": "served",
    "tests/real_vllm/*": "realvllm",
    **{
        f"tests/e2e/{place}/*": place
        for place in ("rolling", "acme", "pair", "cloud", "gateway", "planned", "group", "demo")
    },
    "*": "hosts",
}
# Of these each file makes its own, named after its process: any process takes the next one.
APART = ("gateway", "cloud")
# The longest begin first: whichever process came to one last would be alone for ten minutes.
FIRST = ("served", "realvllm", "rolling", "demo", "hosts")


class _OnePlace(LoadScopeScheduling):
    """Keeps tests of one lab in one process, where its fixtures are made once."""

    def _split_scope(self, nodeid: str) -> str:
        return place_of(nodeid)


def place_of(nodeid: str) -> str:
    """The lab, or demo, that a test needs."""
    file = nodeid.partition("::")[0]
    place = next(place for files, place in PLACES.items() if fnmatch(file, files))
    return f"{place} {file}" if place in APART else place


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keeps the order of the files but for the longest labs."""
    items.sort(key=lambda item: [place_of(item.nodeid) != place for place in FIRST])


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> object:
    """Ours for `--dist loadgroup`: xdist 3.8 loses the groups of marks under pytest 9.2."""
    return _OnePlace(config, log) if config.getvalue("dist") == "loadgroup" else None


@pytest.fixture(scope="session")
def fake_libraries() -> Path:
    """The driver's fake `libnvidia-ml.so.1`; without gcc, and without root to install it, what
    asks it is skipped.
    """
    try:
        return library()
    except Missing as error:
        pytest.skip(str(error))


@pytest.fixture
def driver(fake_libraries: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeDriver:
    """NVIDIA's driver libraries, fake and without a GPU yet, for every program that is started."""
    assert fake_libraries
    found = FakeDriver(tmp_path / "nvml").has()
    found.answers_nvml(monkeypatch)
    return found


@pytest.fixture(scope="session")
def shared_lab() -> Iterator[Lab]:
    """Hosts gpu1 and gpu2 (an H100 and an L4 each) and gate1, with systemd and SSH; a registry."""
    with running_lab("tests", fleet(gpus=(Gpu("h100"), Gpu("l4"))), registry=True) as lab:
        yield lab


@pytest.fixture(scope="session")
def lab_controller(shared_lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Controller:
    """A folder with an inventory of the shared lab, for running pyinfra in."""
    return controller(shared_lab, tmp_path_factory.mktemp("controller"))


@pytest.fixture(scope="session")
def docker_lab(shared_lab: Lab, lab_controller: Controller) -> Lab:
    """The shared lab, once the kit has brought Docker to its bare hosts over SSH."""
    lab_controller.deploy("deploys/docker.py")
    return shared_lab
