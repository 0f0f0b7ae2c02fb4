"""The controller dies, or its connections do, while it applies: nothing is lost, and it goes on."""

import signal

import pytest

from tests.lab.served import STORE, Served
from tests.served.running_apply import running_apply
from tests.served.steady_load import steady_load

pytestmark = [pytest.mark.docker, pytest.mark.root]

# What each run says when it comes to a stage.
STAGES = {
    "lock": "deploys/lock.py",
    "stage": "| Stage release",
    "engines": "deploys/engines.py | Start the engines that are missing",
    "switch": "deploys/switch.py | Switch to release",
    "gateway": "deploys/gateway.py | Load the gateway's configuration",
}


def _gateway(served: Served, seconds: int) -> dict[str, object]:
    """Group data in which nothing but nginx's files differs."""
    settings = {"address": served.host("gate1").address, "port": 8080, "admin_port": 8081}
    return {"gateway": {**settings, "first_byte_seconds": seconds}}


def _is_whole(served: Served) -> bool:
    """Whether every host's current release is one that lies there with its manifest."""
    look = f"[ -s {STORE}/current/release.yaml ] && echo whole"
    return all(host.run(look, check=False) == "whole" for host in served.lab.hosts)


def test_a_controller_that_dies_at_any_stage_loses_no_request_and_apply_goes_on(
    served: Served,
) -> None:
    before = served.containers()
    with steady_load(served) as answers:
        for turn, (stage, words) in enumerate(STAGES.items()):
            served.commit(**_gateway(served, 601 + turn))
            with running_apply(served) as run:
                run.wait_for(words)
                run.signal(signal.SIGKILL)
                code = run.ends()
            assert code != 0, f"{stage}: {run.said}"
            assert _is_whole(served), stage
        said = served.apply()
    assert "changed" in said
    assert answers.bad == []
    assert answers.good > 0
    assert served.containers() == before
    assert served.locked() == []
    assert served.findings() == []


def test_a_run_that_was_killed_is_named_by_the_next_one(served: Served) -> None:
    served.commit(**_gateway(served, 630))
    with running_apply(served) as run:
        run.wait_for(STAGES["stage"])
        run.signal(signal.SIGKILL)
        run.ends()
    assert served.locked() == ["gpu1", "gpu2", "gate1"]
    assert "died here and left its lock: this run goes on in its place" in served.apply()
    assert '"outcome": "died"' in served.host("gate1").run(f"cat {STORE}/audit.log")
    assert served.findings() == []


def test_a_connection_that_drops_mid_apply_is_an_error_and_the_next_apply_converges(
    served: Served,
) -> None:
    served.commit(**_gateway(served, 640))
    before = served.containers()
    with steady_load(served) as answers, running_apply(served) as run:
        run.wait_for(STAGES["stage"])
        # Each connection has a process of its own that runs as the operator.
        served.host("gate1").run("pkill -KILL -u operator sshd-session")
        code = run.ends()
    assert code == 4, run.said
    assert "error: gate1: the connection was lost during the run" in run.said
    assert "Traceback" not in run.said
    assert served.locked() == []
    served.apply()
    assert answers.bad == []
    assert served.containers() == before
    assert served.findings() == []


def test_a_host_that_is_cut_off_mid_apply_is_noticed_and_the_others_are_freed(
    served: Served,
) -> None:
    patience = served.checkout.path / "ssh_config"
    patience.write_text("Host *\n    ServerAliveInterval 1\n    ServerAliveCountMax 3\n")
    served.commit(**_gateway(served, 650), ssh_config_file=str(patience))
    gpu2 = served.host("gpu2")
    with running_apply(served) as run:
        run.wait_for("deploys/docker.py")
        with gpu2.cut_off():
            code = run.ends()
            assert gpu2.run("docker ps --quiet") != ""
    assert code == 4, run.said
    assert "error: gpu2: the connection was lost during the run" in run.said
    assert "hint: what runs there goes on; `homeport apply served`" in run.said
    assert "Traceback" not in run.said
    assert served.locked() == ["gpu2"]
    assert served.chat().status_code == 200
    served.apply()
    assert served.locked() == []
    assert served.findings() == []
