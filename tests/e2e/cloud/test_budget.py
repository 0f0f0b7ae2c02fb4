"""A real egress hop that counts: caps that hold across kills, a breaker, certificates, shares."""

import json
import time
from collections import Counter

import pytest

from tests.e2e.cloud_containers import OTHER_NAME, wait_for_egress, write_cloud_tree
from tests.e2e.cloud_lab import CloudLab, told
from tests.e2e.gateway_lab import docker, said
from tests.e2e.gateway_tree import GATEWAY_UID
from tests.lab.certificates import authority

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]


@pytest.fixture
def lab(started_cloud_lab: CloudLab) -> CloudLab:
    """Engines that are always full, so that each request leaves; nothing is spent."""
    found = started_cloud_lab.found()
    found.cloud("answers")
    found.engines("says 503")
    found.forget_spending()
    return found


def _codes(lab: CloudLab, number: int) -> list[str]:
    return [told(lab.chat()) for _ in range(number)]


def _budget(**day: object) -> dict[str, object]:
    return {"budget": {"day": day, "month": {}, "answer_tokens": 20}}


def test_a_cap_of_requests_holds_when_the_hop_is_killed_half_way(lab: CloudLab) -> None:
    lab.restart_egress(**_budget(requests=4))
    assert _codes(lab, 2) == ["cloud", "cloud"]
    lab.restart_egress(**_budget(requests=4))
    assert _codes(lab, 4) == ["cloud", "cloud", "cloud_budget_spent", "cloud_budget_spent"]
    assert len(lab.left()) == 4
    assert lab.spent()["requests per day"] == {
        "name": "requests per day", "kind": "requests", "limit": 4, "spent": 4, "alert": True,
    }  # fmt: skip


def test_a_cap_holds_across_a_reload_and_a_restart_of_the_gateway_too(lab: CloudLab) -> None:
    lab.restart_egress(**_budget(requests=4))
    assert _codes(lab, 1) == ["cloud"]
    lab.reload("egress")
    lab.reload()
    assert _codes(lab, 1) == ["cloud"]
    again = lab.restart_gateway()
    assert _codes(again, 1) == ["cloud"]
    again.restart_egress(**_budget(requests=4))
    assert _codes(again, 2) == ["cloud", "cloud_budget_spent"]
    assert len(lab.left()) == 4


def test_a_request_that_the_kill_interrupts_stays_counted_and_recorded(lab: CloudLab) -> None:
    lab.restart_egress(**_budget(requests=1))
    lab.cloud("hangs")
    answer = lab.later()
    lab.wait_until_it_left()
    lab.restart_egress(**_budget(requests=1))
    assert answer().status_code in (502, 503)
    lab.cloud("answers")
    assert _codes(lab, 1) == ["cloud_budget_spent"]
    assert Counter(line["event"] for line in lab.audit()) == {"sent": 1}


def test_a_cap_of_tokens_sets_the_answer_aside_and_corrects_it_afterwards(lab: CloudLab) -> None:
    # A request sets 4 + 20 tokens aside and takes 18, as the provider counts.
    lab.restart_egress(**_budget(tokens=50))
    assert _codes(lab, 3) == ["cloud", "cloud", "cloud_budget_spent"]
    assert lab.spent()["tokens per day"]["spent"] == 36


def test_a_cap_of_money_is_kept_by_the_prices(lab: CloudLab) -> None:
    # 18 tokens cost 92 millionths; set aside are 16 and 200.
    lab.restart_egress(**_budget(money=0.00035))
    assert _codes(lab, 3) == ["cloud", "cloud", "cloud_budget_spent"]
    assert lab.spent()["money per day"]["spent"] == pytest.approx(184e-6)


def test_a_threshold_that_is_passed_is_told_once(lab: CloudLab) -> None:
    lab.restart_egress(budget={"day": {"requests": 4}, "month": {}, "alert_percent": 50})
    before = docker("logs", lab.container("egress")).count("over 50 % of the cap")
    assert not lab.spent()["requests per day"]["alert"]
    _codes(lab, 4)
    assert docker("logs", lab.container("egress")).count("over 50 % of the cap") == before + 1
    assert lab.spent()["requests per day"]["alert"]


def test_nothing_leaves_that_cannot_be_recorded(lab: CloudLab) -> None:
    lab.restart_egress(**_budget(requests=9))
    file = lab.folder / "spent" / "spent.json"
    file.write_text("{broken")
    lab.restart_egress(**_budget(requests=9))
    assert _codes(lab, 1) == ["cloud_not_recorded"]
    file.unlink()
    assert _codes(lab, 1) == ["cloud"]
    assert len(lab.left()) == 1


def test_after_failures_the_cloud_is_left_alone_until_one_request_went_well(lab: CloudLab) -> None:
    lab.restart_egress(breaker={"failures": 2, "cool_down_seconds": 1})
    lab.cloud("says 500")
    assert [lab.chat().status_code for _ in range(2)] == [500, 500]
    assert _codes(lab, 2) == ["cloud_resting", "cloud_resting"]
    assert len(lab.left()) == 2
    time.sleep(1.1)
    assert lab.chat().status_code == 500
    assert _codes(lab, 1) == ["cloud_resting"]
    lab.cloud("answers")
    time.sleep(1.1)
    assert _codes(lab, 3) == ["cloud"] * 3


def test_a_cloud_without_the_right_certificate_gets_nothing(lab: CloudLab) -> None:
    other = lab.folder / "other"
    other.mkdir()
    lab.restart_egress(authority_text=authority(other).read_text())
    assert _codes(lab, 1) == ["cloud_unreachable"]
    assert lab.left() == []
    # What never left cost nothing.
    assert lab.spent()["requests per day"]["spent"] == 0


def test_a_cloud_that_has_the_certificate_of_another_gets_nothing(lab: CloudLab) -> None:
    lab.restart_egress(base_url=f"https://{OTHER_NAME}/openai/v1")
    assert _codes(lab, 1) == ["cloud_unreachable"]
    assert (lab.hellos(), lab.left()) == ([OTHER_NAME], [])
    lab.restart_egress()
    assert _codes(lab, 1) == ["cloud"]


def test_a_share_goes_to_the_cloud_at_once_and_stays_here_when_that_fails(lab: CloudLab) -> None:
    write_cloud_tree(lab.folder, arm="share", share_percent=100.0)
    lab.engines("answers")
    try:
        lab.reload()
        answer = lab.chat()
        assert answer.json()["served_by"] == "cloud"
        assert answer.headers["x-homeport-reason"] == "share"
        assert lab.safe().json()["served_by"] in ("chat-1", "chat-2")
        lab.cloud("says 503")
        answer = lab.chat()
        assert answer.json()["served_by"] in ("chat-1", "chat-2")
        assert answer.headers["x-homeport-provider"] == "fleet"
        assert answer.headers["x-homeport-reason"] == "cloud_failed"
        write_cloud_tree(lab.folder, arm="share", share_percent=0.01)
        lab.reload()
        assert lab.chat().json()["served_by"] in ("chat-1", "chat-2")
    finally:
        write_cloud_tree(lab.folder)
        lab.reload()
        lab.engines("says 503")


def test_an_egress_hop_that_is_gone_is_an_error_like_any_other(lab: CloudLab) -> None:
    docker("stop", "--time=1", lab.container("egress"))
    try:
        answer = lab.chat()
        # The latter until nginx has learnt that the address is nobody's any more.
        assert said(answer) in ((503, "unavailable"), (504, "timed_out"))
    finally:
        docker("start", lab.container("egress"))
        wait_for_egress(lab)


def test_both_configurations_pass_nginx(lab: CloudLab) -> None:
    for part, file in {"nginx": "nginx.conf", "egress": "egress/nginx.conf"}.items():
        path = f"/srv/homeport/gateway/current/{file}"
        told = docker("exec", lab.container(part), "nginx", "-t", "-c", path)
        assert "test is successful" in told
    status = docker("exec", lab.container("egress"), "cat", "/proc/1/status")
    assert f"Uid:\t{GATEWAY_UID}" in status
    assert "CapEff:\t0000000000000000" in status
    assert json.loads(docker("inspect", lab.container("egress")))[0]["HostConfig"]["ReadonlyRootfs"]


def test_a_key_that_the_cloud_does_not_take_is_not_the_clients_fault(lab: CloudLab) -> None:
    lab.cloud("says 401")
    answer = lab.chat()
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "cloud_refuses_key")


@pytest.mark.parametrize(("mode", "code"), [("crashes", "cloud_unreachable")])
def test_a_cloud_that_breaks_off_is_said_to_have(lab: CloudLab, mode: str, code: str) -> None:
    lab.cloud(mode)
    answer = lab.chat()
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, code)
    assert answer.json()["error"]["request_id"] == answer.headers["x-request-id"]
    lab.cloud("answers")
    assert lab.chat().status_code == 200
