"""What the files say for pools that have a candidate."""

import re
from dataclasses import replace

import pytest

from deploys.render.engines import vllm
from deploys.settings.routing import Routing
from tests.render.canary_plans import canary_plan, cloud_canary_plan
from tests.render.full_plan import full_plan
from tests.render.gateway_files import gateway_files, locations
from tests.render.gpu_plans import VLLM, gpu_plan
from tests.render.plans import HOST, small_plan

FILES = {"canary.conf", "canary_routes.conf"}


def test_without_a_candidate_nothing_of_it_is_rendered() -> None:
    files = gateway_files(small_plan())
    assert not {name for name in files if "canary" in name or "shadow" in name}
    text = "".join(text for name, text in files.items() if not name.endswith(".js"))
    for word in ("$arm", "candidate", "X-Homeport-Arm", '"arm"', "canaries", "mirror /_shadow"):
        assert word not in text


def test_a_candidate_is_asked_in_a_location_of_its_own_and_falls_back_to_the_stable_arm() -> None:
    files = gateway_files(canary_plan())
    assert files.keys() >= FILES
    block = locations(files)["@candidate_1"]
    assert "proxy_pass http://pool_next.1$engine_path;" in block
    assert "error_page 429 502 503 504 = @again;" in block
    assert "set $arm stable;" in files["to_pool.conf"]


def test_the_stable_arm_keeps_its_own_ways() -> None:
    files = gateway_files(full_plan())
    assert "map $canary_route $route {" in files["canary.conf"]
    assert "map $cloud_route $uncached_route {" in files["models.conf"]
    assert "map $cache_route $stable_route {" in files["cache.conf"]
    assert "error_page 429 502 503 504 = $stable_page;" in files["canary_routes.conf"]


def test_the_percentage_stands_in_the_state_alone_and_a_salt_draws_anew() -> None:
    files = gateway_files(canary_plan(salt="second"))
    text = files["canary.conf"]
    assert text.count("include /srv/homeport/state/gateway/canaries/*.conf;") == 2
    assert '"second|$client|$http_x_session_id"' in text
    slices = re.findall(r"(?:1%|\*) (\d\d);", text)
    assert slices == [f"{number:02}" for number in range(100)]


def test_testers_alone_may_choose() -> None:
    text = gateway_files(canary_plan())["canary.conf"]
    (testers,) = re.findall(r"\$is_tester \{(.*?)\n\}", text, re.DOTALL)
    assert re.findall(r'"(=\w+)" yes;', testers) == ["=ana"]


def test_a_candidate_keeps_its_own_time_outs_for_streams_and_for_whole_answers() -> None:
    files = gateway_files(canary_plan({"first_byte_seconds": 9, "stream_silence_seconds": 3}))
    blocks = locations(files)
    assert "proxy_read_timeout 9s;" in blocks["@candidate_1"]
    assert "proxy_next_upstream_timeout 4500ms;" in blocks["@candidate_1"]
    assert "proxy_read_timeout 3s;" in blocks["@candidate_1_stream"]
    assert '$body_words { default "stream"; }' in files["models.conf"]


def test_the_cloud_as_a_candidate_is_for_requests_that_may_leave_and_no_others() -> None:
    files = gateway_files(cloud_canary_plan())
    assert (
        '"~^chat[|](fallback|share)[|](fallback|share)[|]yes$" chat>cloud;' in files["canary.conf"]
    )
    block = locations(files)["@candidate_1"]
    assert "include to_egress.conf;" in block
    assert block.index("set $arm candidate;") > block.index("include to_egress.conf;")
    assert '"acme|canary" canary;' in files["cloud.conf"]
    assert 'set $sent_to "";' in files["to_pool.conf"]


@pytest.mark.parametrize("percent", [20, 100])
def test_copies_go_by_a_listener_of_nginxs_own_and_have_a_bound(percent: int) -> None:
    words = {"percent": percent, "body_limit_kib": 64, "at_once": 3}
    files = gateway_files(canary_plan(shadow=words))
    text = files["shadow.conf"]
    assert "listen 127.0.0.1:8082;" in text
    assert text.count("client_max_body_size 64k;") == 2
    assert text.count("limit_conn shadows 3;") == 2
    assert text.count("proxy_pass http://pool_next.1/v1/") == 2
    assert f"{percent}% @shadowed_1;" in files["canary.conf"]
    assert "mirror /_shadow/next.1;" in files["shadow_routes.conf"]


def test_every_gateway_draws_the_same_sessions() -> None:
    plan = canary_plan()
    second = replace(plan.hosts[0], name="gateway2", roles=("gateways",), replicas=())
    both = replace(plan, hosts=(*plan.hosts, second))
    first = gateway_files(both)["canary.conf"]
    assert gateway_files(both, "gateway2")["canary.conf"] == first.replace(HOST, "gateway2")


def test_vllm_answers_to_every_name_that_leads_to_it() -> None:
    pool = gpu_plan(VLLM).pools[0]
    tried = replace(pool, routing=Routing(aliases=("gpt-4o",)), tried_as=("old", "older"))
    words = [word for one in vllm.arguments(tried, pool.replicas[0]) for word in one.words]
    at = words.index("--served-model-name") + 1
    assert words[at : at + 5] == ["chat", "gpt-4o", "old", "older", "--host"]
