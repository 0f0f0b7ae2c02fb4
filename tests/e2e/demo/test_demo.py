"""`make demo`: one command from a clean checkout to a streamed answer."""

import re
import stat

import pytest

from tests.e2e.checkout import Checkout, containers, docker

pytestmark = [pytest.mark.docker, pytest.mark.root]


def test_the_demo_walks_every_stage_and_says_what_to_do_next(demo_output: str) -> None:
    for stage in ("1/5 plan", "2/5 render", "3/5 apply", "4/5 verify", "5/5 chat"):
        assert stage in demo_output
    for step in ("curl http://127.0.0.1:8080/v1", ".homeport/demo.key", "make demo-down"):
        assert step in demo_output
    assert "nonsense" in demo_output
    for replica in ("chat-1", "chat-2"):
        told = f"ok each replica computes while requests run (localhost-{replica})"
        assert told in demo_output


def test_the_demo_starts_two_replicas_and_a_gateway(demo: Checkout) -> None:
    assert demo
    assert set(containers()) == {"chat-1", "chat-2", "nginx"}


def test_the_rendered_files_are_the_committed_ones(demo: Checkout) -> None:
    demo.homeport("render local --check")


def test_the_key_is_readable_by_its_owner_alone_and_printed_nowhere(
    demo: Checkout, demo_output: str
) -> None:
    file = demo.path / ".homeport" / "demo.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert demo.key not in demo_output
    assert demo.key not in docker("inspect", *containers().values())
    logs = "".join(docker("logs", container) for container in containers().values())
    assert demo.key not in logs
    holders = demo.run(f"grep -rl --exclude-dir=.venv -e '{demo.key}' .").stdout.split()
    assert holders == ["./.homeport/demo.key"]


def test_a_second_demo_says_that_nothing_had_to_change(demo: Checkout) -> None:
    before = containers()
    output = demo.run("make demo").stdout
    assert "nothing had to change" in output
    assert containers() == before


def test_the_curl_line_that_the_demo_prints_works(demo: Checkout, demo_output: str) -> None:
    match = re.search(r"curl http.*?\}'\n", demo_output, re.DOTALL)
    assert match
    answer = demo.run(match.group(0).replace("curl ", "curl --silent --fail ", 1)).stdout
    assert '"choices"' in answer
