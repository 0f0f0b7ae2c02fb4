"""The fleet of the rolling updates, up for all files of this folder."""

import json
from collections.abc import Iterator

import pytest

from deploys.render.image_tags import built_reference
from tests.e2e.rolling_fleet import Fleet
from tests.e2e.running_fleet import engine_image, forget_engine_images, running_fleet
from tests.e2e.zero_loss import LIMIT_SECONDS
from tests.lab.images import image
from tests.lab.machine import ROOT

BEHAVIOURS = ("never healthy", "crashes", "garbage")


@pytest.fixture(scope="package")
def rolling(tmp_path_factory: pytest.TempPathFactory, nginx_image: str) -> Iterator[Fleet]:
    """The fleet with three replicas of the slow double; each test says what it makes of it."""
    bad = {behaviour: engine_image(behaviour) for behaviour in BEHAVIOURS}
    images = {
        "engine": image("engine"),
        "llamacpp": built_reference("llamacpp", ROOT / "deploys" / "images"),
        "nginx": nginx_image,
        **{behaviour.replace(" ", "-"): reference for behaviour, reference in bad.items()},
    }
    try:
        with running_fleet("rolling", tmp_path_factory.mktemp("fleet"), images) as made:
            made.render(drain_seconds=LIMIT_SECONDS)
            first = made.apply()
            assert first.code == 0, first.text
            # Nothing served before: nothing was drained, and all hosts began at the same time.
            assert first.rollout == []
            yield made
    finally:
        forget_engine_images(*bad.values())


@pytest.fixture(scope="package")
def fleet(rolling: Fleet) -> Fleet:
    """The same, by the name that tests use."""
    return rolling


@pytest.fixture(autouse=True)
def every_host_up_at_the_end(fleet: Fleet) -> Iterator[None]:
    """A test that fails while a host of its is down fails alone."""
    yield
    for host in fleet.lab.hosts:
        host.start()


@pytest.fixture
def memory_mib(fleet: Fleet, request: pytest.FixtureRequest) -> Iterator[None]:
    """Has hosts measured with the memory that the parameter says, by host; given back afterwards.

    A replica of the pool needs 256 MiB.
    """
    measured = fleet.folder / "inventories/hardware/lab.yaml"
    before = measured.read_text()
    hosts = json.loads(before)["hosts"]
    for name, mib in request.param.items():
        hosts[name]["memory_mib"] = mib
    measured.write_text(json.dumps({"hosts": hosts}))
    yield
    measured.write_text(before)
