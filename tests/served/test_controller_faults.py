"""The controller dies, or its connections do, while it applies: nothing is lost, and it goes on."""

import pytest

from deploys.history.words import DRAINED_BY_RUN, SERVES
from deploys.settings.words import stand_in_of
from tests.lab.served import POOL, STORE, Served
from tests.served.running_apply import running_apply
from tests.served.steady_load import steady_load

pytestmark = [pytest.mark.docker, pytest.mark.root]

# What each run says when it comes to a stage.
STAGES = {
    "lock": "deploys/lock.py",
    "images": "deploys/images.py | Pull the image",
    "models": "deploys/models.py | Have the model",
    "stage": "| Stage release",
    "engines": "deploys/engines.py | Start the engines that are missing",
    "switch": "deploys/switch.py | Switch to release",
    "up": "deploys/gateway.py | Bring the gateway up",
    # By now there are more than five.
    "prune": "deploys/prune.py | Remove releases beyond the last five",
    # Last, for it leaves something to do.
    "gateway": "deploys/gateway.py | Load the gateway's configuration",
}
# What a rollout says between taking a replica out and letting it back in, and after that.
ROLLOUT = ("chat-1 on gpu1: drained at gate1", ": replaced, and answers right")


def _gateway(served: Served, seconds: int) -> dict[str, object]:
    """Group data in which nothing but nginx's files differs."""
    settings = {"address": served.host("gate1").address, "port": 8080, "admin_port": 8081}
    return {"gateway": {**settings, "first_byte_seconds": seconds}}


def _is_whole(served: Served) -> bool:
    """Whether every host's current release is one that lies there with its manifest."""
    look = f"[ -s {STORE}/current/release.yaml ] && echo whole"
    return all(host.run(look, check=False) == "whole" for host in served.lab.hosts)


def _killed_at(served: Served, words: str) -> None:
    """An apply that dies with its machine when it says this."""
    with running_apply(served, dies_at=words) as run:
        code = run.ends()
    assert words in run.said, run.said
    # After its last operation it may end before its reader has had its turn.
    assert code != 0 or words == STAGES["prune"], f"{words}: {run.said}"


def _marks(served: Served) -> set[str]:
    """The gateway's: what is drained there, and what stands in for it."""
    listing = served.host("gate1").run(f"ls {STORE}/state/gateway/drained 2>&-", check=False)
    return set(listing.split())


def test_a_controller_that_dies_at_any_stage_loses_no_request_and_apply_goes_on(
    served: Served,
) -> None:
    before = served.containers()
    with steady_load(served) as answers:
        for turn, (stage, words) in enumerate(STAGES.items()):
            served.commit(**_gateway(served, 601 + turn))
            if stage == "models":
                # An engine has its model open; the store lacks it until this run has brought it.
                served.host("gpu1").run(f"rm -r {STORE}/models/.files {STORE}/models/[0-9a-f]*")
            _killed_at(served, words)
            assert _is_whole(served), stage
        said = served.apply()
    assert "changed" in said
    assert answers.bad == []
    assert answers.good > 0
    assert served.containers() == before
    assert served.locked() == []
    assert served.findings() == []


def test_a_controller_that_dies_while_engines_are_replaced_loses_no_request_and_apply_goes_on(
    served: Served,
) -> None:
    # A stand-in serves where the gateway knew of it before.
    by_surge = {**POOL, "rollout": "surge"}
    served.commit(pools={"chat": by_surge})
    served.apply()
    before = served.containers()
    served.commit(pools={"chat": {**by_surge, "slots": 1}})
    with steady_load(served) as answers:
        _killed_at(served, ROLLOUT[0])
        assert _marks(served) == {f"chat-1.{DRAINED_BY_RUN}", f"{stand_in_of('chat-1')}.{SERVES}"}
        assert _is_whole(served)
        _killed_at(served, ROLLOUT[1])
        served.apply()
    assert answers.bad == []
    assert answers.good > 0
    after = served.containers()
    assert after.keys() == before.keys()
    assert {name for name in before if after[name] == before[name]} == {"gate1/nginx"}
    assert _marks(served) == set()
    assert served.locked() == []
    assert served.findings() == []


def test_a_run_that_was_killed_is_named_by_the_next_one(served: Served) -> None:
    served.commit(**_gateway(served, 630))
    _killed_at(served, STAGES["stage"])
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
