"""What the rendered files say about the cloud, and what of it is rendered at all."""

import dataclasses
import json
import re
from typing import Any

import pytest
import yaml

from deploys.plan.cloud import CloudPlan
from deploys.plan.plan import Plan
from deploys.render.files import render_environment
from deploys.render.release import Access
from tests.render.cloud_plans import PROVIDER_MODEL, cloud_plan, small_cloud
from tests.render.full_plan import full_plan
from tests.render.gateway_files import TEMPLATES, gateway_files, locations, own
from tests.render.plans import HOST, small_plan, small_pool


def _compose(plan: Plan) -> dict[str, Any]:
    files = render_environment(plan, Access(clients={}), TEMPLATES)
    found: dict[str, Any] = yaml.safe_load(files[f"compose/small/{HOST}/gateways/compose.yaml"])
    return found


@pytest.mark.parametrize(
    ("client", "pool", "arm"),
    [
        ("demo", "chat", "fallback"),
        ("demo", "secret", "never"),
        ("safe", "chat", "never"),
        ("unheard-of", "chat", "never"),
    ],
)
def test_a_request_may_do_what_both_its_client_and_its_pool_may(
    client: str, pool: str, arm: str
) -> None:
    plan = CloudPlan(small_cloud(), {"chat": "share"}, {"demo": "fallback"})
    assert plan.arm(client, pool) == arm


def test_only_generation_goes_to_the_cloud() -> None:
    paths = set(
        re.findall(r"location = (/v1\S+) ", gateway_files(cloud_plan())["egress/server.conf"])
    )
    assert paths == {"/v1/chat/completions", "/v1/completions"}


def test_the_provider_is_asked_below_its_own_base_url_by_its_own_name() -> None:
    files = gateway_files(cloud_plan(base_url="https://api.acme.test:8443/openai/v1"))
    provider = files["egress/provider.conf"]
    assert "server api.acme.test:8443 resolve" in provider
    assert "proxy_ssl_name api.acme.test;" in provider
    assert "Host api.acme.test:8443;" in provider
    assert "https://provider/openai/v1/chat/completions;" in files["egress/server.conf"]


def test_the_authority_is_the_committed_one_or_the_hosts_own() -> None:
    own = gateway_files(cloud_plan(authority_text="-----BEGIN CERTIFICATE-----\n"))
    assert "proxy_ssl_trusted_certificate authority.pem;" in own["egress/provider.conf"]
    assert own["egress/authority.pem"].startswith("-----BEGIN")
    theirs = gateway_files(cloud_plan())
    assert "egress/authority.pem" not in theirs
    assert "/srv/homeport/authorities.pem" in theirs["egress/provider.conf"]
    mounts = _compose(cloud_plan())["services"]["egress"]["volumes"]
    assert {"/etc/ssl/certs/ca-certificates.crt"} < {mount["source"] for mount in mounts}


def test_headers_of_the_settings_are_sent_along() -> None:
    files = gateway_files(cloud_plan(headers={"X-Region": "eu-1; strict"}))
    assert 'proxy_set_header X-Region "eu-1; strict";' in files["egress/provider.conf"]


def test_limits_reach_the_script_as_they_are() -> None:
    text = gateway_files(cloud_plan())["egress/limits.js"]
    document = json.loads(text.partition("export default ")[2].rstrip(";\n"))
    assert document["day"] == {"requests": 1000, "tokens": None, "money": None}
    assert document["prices"] == {PROVIDER_MODEL: {"prompt": 2.0, "completion": 10.0}}
    assert "Prices as of 2026-11-01" in text


def test_no_key_and_no_reference_to_one_is_rendered_for_nginx() -> None:
    assert "ACME_KEY" not in "".join(gateway_files(cloud_plan()).values())


def test_the_egress_hop_alone_has_key_record_and_a_network_with_a_way_out() -> None:
    document = _compose(cloud_plan())
    services = document["services"]
    assert services["nginx"]["networks"] == ["engines", "egress"]
    assert services["egress"]["networks"] == ["egress", "outside"]
    assert document["networks"]["egress"]["internal"] is True
    assert "ports" not in services["egress"]
    for name, service in services.items():
        sources = {mount["source"] for mount in service["volumes"]}
        assert ("../../secrets/egress" in sources) is (name == "egress")
        assert ("../../state/egress" in sources) is (name == "egress")


def test_other_files_of_the_egress_hop_are_another_configuration_of_its_container() -> None:
    before, after = (
        _compose(plan)["services"] for plan in (cloud_plan(), cloud_plan(breaker={"failures": 7}))
    )
    label = "homeport.config-sha256"
    assert before["nginx"]["labels"][label] == after["nginx"]["labels"][label]
    assert before["egress"]["labels"][label] != after["egress"]["labels"][label]


def test_without_a_cloud_the_compose_file_has_one_service_and_one_network() -> None:
    document = _compose(small_plan())
    assert set(document["services"]) == {"nginx"}
    assert set(document["networks"]) == {"engines"}


def test_every_way_to_the_cloud_goes_to_replicas_first_with_the_pools_own_time_outs() -> None:
    found = {
        name: (re.findall(r"read_timeout (\d+)s", block), re.findall(r"504 = \$(\w+);", block))
        for name, block in locations(own(gateway_files(full_plan()))).items()
        if name.startswith("@fallback")
    }
    assert found == {
        "@fallback": ([], ["fallback_page"]),
        "@fallback_stream": (["20"], ["late_stream_page"]),
        "@fallback_whole_patient": (["1200"], ["fallback_page"]),
        "@fallback_stream_patient": (["20"], ["late_stream_page"]),
    }


def test_every_request_that_may_leave_has_a_way_and_no_other_has() -> None:
    text = gateway_files(full_plan())["cloud.conf"]
    (block,) = re.findall(r"\$cloud_route \{(.*?)\n\}", text, re.DOTALL)
    assert dict(re.findall(r'"(\S+\|\S*)" (\S+);', block)) == {
        **{
            f"share|{key}": "@share"
            for key in ("|", "|yes", "@whole_patient|", "@stream_patient|yes")
        },
        "fallback||": "@fallback",
        "fallback||yes": "@fallback_stream",
        "fallback|@whole_patient|": "@fallback_whole_patient",
        "fallback|@stream_patient|yes": "@fallback_stream_patient",
    }


def test_a_stream_that_has_no_threshold_of_its_own_has_the_same_way_as_any_request() -> None:
    text = gateway_files(cloud_plan())["cloud.conf"]
    assert re.findall(r'"fallback(\S+)" (@\S+);', text) == [("||", "@fallback")]
    assert "late_stream" not in text


def test_every_name_of_a_pool_that_may_leave_is_offered() -> None:
    plan = cloud_plan()
    pools = (small_pool("chat", 2, aliases=("gpt-4o",)), *plan.pools[1:])
    offers = gateway_files(dataclasses.replace(plan, pools=pools))["egress/offers.conf"]
    assert re.findall(rf'"~\^(\S+)\\z" "{PROVIDER_MODEL}";', offers) == ["chat", "gpt-4o"]


def test_the_egress_hop_gives_up_before_the_gateway_does() -> None:
    files = gateway_files(cloud_plan(gateway={"first_byte_seconds": 90}))
    hop = dict(re.findall(r"proxy_(connect|read)_timeout (\d+)s;", files["egress/provider.conf"]))
    (gateway,) = re.findall(r"proxy_read_timeout (\d+)s;", files["to_egress.conf"])
    assert hop["read"] == "90"
    assert int(gateway) >= int(hop["read"]) + 2 * int(hop["connect"])


def test_the_share_is_one_line_in_a_file_of_its_own() -> None:
    files = gateway_files(cloud_plan(arm="share", share_percent=12.5))
    assert "12.50% yes;" in files["share.conf"]
    assert "share.conf" not in gateway_files(cloud_plan())
