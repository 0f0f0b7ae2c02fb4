"""A fleet whose gateway keeps connections to its engines is updated under streaming load."""

import shutil
from collections.abc import Iterator

import pytest

from tests.e2e.rolling_fleet import Fleet
from tests.e2e.zero_loss import LIMIT_SECONDS, assert_nothing_was_lost, measured
from tests.lab.machine import ROOT

pytestmark = [pytest.mark.docker, pytest.mark.root, pytest.mark.timeout(1200)]

# The double is one of llama-server, to which none is kept: here they are, as to vLLM. It closes an
# idle one after 5 s, too.
AS_TO_VLLM = (
    ("pools.conf.j2", "{% if pool.kept_seconds %}", "{% if true %}"),
    ("pools.conf.j2", "{{ pool.kept_seconds }}s", "4s"),
    ("engines.conf.j2", "Connection {{ connection }};", 'Connection "";'),
)


@pytest.fixture
def keeping(fleet: Fleet) -> Iterator[Fleet]:
    """The fleet, deployed from templates in which connections are kept."""
    templates = fleet.folder / "templates"
    templates.unlink()
    shutil.copytree(ROOT / "templates", templates)
    for name, old, new in AS_TO_VLLM:
        path = templates / "nginx" / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
    yield fleet
    shutil.rmtree(templates)
    templates.symlink_to(ROOT / "templates")


def test_an_update_with_kept_connections_cuts_no_stream_but_those_that_outlive_the_limit(
    keeping: Fleet,
) -> None:
    keeping.render(drain_seconds=LIMIT_SECONDS)
    first = keeping.apply()
    assert first.code == 0, first.text
    assert "keepalive 64;" in (keeping.folder / "nginx/lab/gate1/pools.conf").read_text()
    keeping.render(drain_seconds=LIMIT_SECONDS, batch_tokens=224)
    assert_nothing_was_lost(measured(keeping, lambda told: keeping.apply(told=told)))
    assert keeping.current() == keeping.committed()
