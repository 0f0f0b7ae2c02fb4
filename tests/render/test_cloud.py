"""What the rendered files say about the cloud, and what of it is rendered at all."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploys.plan.cloud import CloudPlan
from deploys.plan.plan import Plan
from deploys.render.files import render_environment
from deploys.render.nginx import nginx_files
from deploys.render.release import Access
from deploys.render.templates import renderer
from tests.environments import ROOT
from tests.render.cloud_plans import PROVIDER_MODEL, cloud_plan, small_cloud
from tests.render.plans import HOST, small_plan
from tests.render.test_gixy import EXPLAINED, findings

TEMPLATES = ROOT / "templates"


def _rendered(plan: Plan) -> dict[str, str]:
    return nginx_files(plan, plan.host(HOST), renderer(TEMPLATES), TEMPLATES)


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
    files = _rendered(cloud_plan())
    paths = set(re.findall(r"location @cloud(\S+) ", files["cloud_routes.conf"]))
    assert paths == {"/v1/chat/completions", "/v1/completions"}
    assert set(re.findall(r"location = (/v1\S+) ", files["egress/server.conf"])) == paths


def test_the_provider_is_asked_below_its_own_base_url_by_its_own_name() -> None:
    files = _rendered(cloud_plan(base_url="https://api.acme.test:8443/openai/v1"))
    provider = files["egress/provider.conf"]
    assert "server api.acme.test:8443 resolve" in provider
    assert "proxy_ssl_name api.acme.test;" in provider
    assert "Host api.acme.test:8443;" in provider
    assert "https://provider/openai/v1/chat/completions;" in files["egress/server.conf"]


def test_the_authority_is_the_committed_one_or_the_hosts_own() -> None:
    own = _rendered(cloud_plan(authority_text="-----BEGIN CERTIFICATE-----\n"))
    assert "proxy_ssl_trusted_certificate authority.pem;" in own["egress/provider.conf"]
    assert own["egress/authority.pem"].startswith("-----BEGIN")
    theirs = _rendered(cloud_plan())
    assert "egress/authority.pem" not in theirs
    assert "/srv/homeport/authorities.pem" in theirs["egress/provider.conf"]
    mounts = _compose(cloud_plan())["services"]["egress"]["volumes"]
    assert {"/etc/ssl/certs/ca-certificates.crt"} < {mount["source"] for mount in mounts}


def test_headers_of_the_settings_are_sent_along() -> None:
    files = _rendered(cloud_plan(headers={"X-Region": "eu-1; strict"}))
    assert 'proxy_set_header X-Region "eu-1; strict";' in files["egress/provider.conf"]


def test_limits_reach_the_script_as_they_are() -> None:
    text = _rendered(cloud_plan())["egress/limits.js"]
    document = json.loads(text.partition("export default ")[2].rstrip(";\n"))
    assert document["day"] == {"requests": 1000, "tokens": None, "money": None}
    assert document["prices"] == {PROVIDER_MODEL: {"prompt": 2.0, "completion": 10.0}}
    assert "Prices as of 2026-11-01" in text


def test_no_key_and_no_reference_to_one_is_rendered_for_nginx() -> None:
    assert "ACME_KEY" not in "".join(_rendered(cloud_plan()).values())


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


def test_the_share_is_one_line_in_a_file_of_its_own() -> None:
    files = _rendered(cloud_plan(arm="share", share_percent=12.5))
    assert "12.50% yes;" in files["share.conf"]
    assert "share.conf" not in _rendered(cloud_plan())


def test_gixy_reports_nothing_unexplained_of_both_configurations(tmp_path: Path) -> None:
    plan = cloud_plan(arm="share", share_percent=12.5, first_byte_seconds=2)
    for name, text in _rendered(plan).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    for file in ("nginx.conf", "egress/nginx.conf"):
        assert findings(tmp_path / file) <= EXPLAINED, file
