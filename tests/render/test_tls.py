"""What TLS and a shared address change in the rendered files; tests/e2e asks real ones."""

from dataclasses import replace

import yaml

from deploys.plan.plan import Plan
from deploys.render.files import render_environment
from deploys.render.keepalived import CHECK, CONFIGURATION, keepalived_digests
from deploys.render.release import Access
from deploys.settings.client import Client
from tests.render.gateway_files import TEMPLATES, composed, gateway_files
from tests.render.plans import HOST, TLS, small_plan

SHARED = {"address": "10.0.0.100", "router": 7}


def pair(**gateway: object) -> Plan:
    """Two gateways that share an address."""
    plan = small_plan(gateway={"address": "10.0.0.1", "shared_address": SHARED, **gateway})
    one = replace(plan.hosts[0], address="10.0.0.1", interface="eth0")
    assert one.gateway is not None
    other = one.gateway.model_copy(update={"address": "10.0.0.2"})
    two = replace(one, name="gateway2", gateway=other, interface="bond0.7", replicas=())
    return replace(plan, hosts=(one, two))


def released(plan: Plan, host: str) -> dict[str, object]:
    """A host's manifest."""
    access = Access(clients={"demo": Client(key="env:KEY")})
    text = render_environment(plan, access, TEMPLATES)[f"compose/small/{host}/release.yaml"]
    document: dict[str, object] = yaml.safe_load(text)
    return document


def test_without_tls_nothing_speaks_of_it() -> None:
    everything = "".join(gateway_files(small_plan()).values())
    assert "ssl" not in everything
    assert "Strict-Transport-Security" not in everything
    assert everything.count("location = /healthz") == 1


def test_with_tls_no_listener_for_clients_is_left_without_it() -> None:
    files = gateway_files(small_plan(gateway={"tls": TLS}))
    listeners = [
        line.strip()
        for text in files.values()
        for line in text.splitlines()
        if line.strip().startswith("listen ")
    ]
    assert sorted(listeners) == ["listen 8081;", "listen 8443 ssl default_server;",
                                 "listen 8443 ssl;"]  # fmt: skip
    assert "server_name llm.example api.llm.example;" in files["public.conf"]


def test_the_container_publishes_tls_and_is_asked_on_its_admin_listener() -> None:
    plan = small_plan(gateway={"tls": TLS, "port": 443})
    files = composed(plan)
    service = yaml.safe_load(files["gateways/compose.yaml"])["services"]["nginx"]
    assert service["ports"] == ["127.0.0.1:443:8443", "127.0.0.1:8081:8081"]
    assert service["healthcheck"]["test"][-1] == "http://127.0.0.1:8081/healthz"


def test_the_manifest_says_names_and_whom_to_trust_and_holds_no_key() -> None:
    gateway = released(small_plan(gateway={"tls": TLS}), HOST)["gateway"]
    assert isinstance(gateway, dict)
    assert gateway["tls"]["names"] == ["llm.example", "api.llm.example"]
    assert gateway["tls"]["authority"]["key"] == "env:CA_KEY"


def test_each_of_two_gateways_publishes_its_own_address_and_the_shared_one() -> None:
    plan = pair()
    files = composed(plan, "gateway2")
    service = yaml.safe_load(files["gateways/compose.yaml"])["services"]["nginx"]
    assert service["ports"][:2] == ["10.0.0.2:8080:8080", "10.0.0.100:8080:8080"]
    gateway = released(plan, "gateway2")["gateway"]
    assert isinstance(gateway, dict)
    assert (gateway["listen"], gateway["shared"]) == ("10.0.0.2:8080", "10.0.0.100:8080")


def test_keepalived_knows_its_peer_its_device_and_its_rank() -> None:
    plan = pair()
    found = {}
    for host in plan.hosts:
        text = composed(plan, host.name)[CONFIGURATION]
        found[host.name] = [
            line.split("#")[0].strip()
            for line in text.splitlines()
            if line.strip().startswith(("interface", "priority", "unicast_src", "10.", "virtual_r"))
        ]
    assert found == {
        HOST: ["interface eth0", "virtual_router_id 7", "priority 254",
               "unicast_src_ip 10.0.0.1", "10.0.0.2", "10.0.0.100/32 dev eth0"],
        "gateway2": ["interface bond0.7", "virtual_router_id 7", "priority 253",
                     "unicast_src_ip 10.0.0.2", "10.0.0.1", "10.0.0.100/32 dev bond0.7"],
    }  # fmt: skip


def test_its_files_are_part_of_the_release_under_their_own_names() -> None:
    files = released(pair(), HOST)["files"]
    assert isinstance(files, dict)
    assert keepalived_digests(files).keys() == {"keepalived.conf", "check-gateway"}
    assert CHECK in files
    assert keepalived_digests({"gateways/compose.yaml": "a"}) == {}


def test_one_gateway_alone_has_no_keepalived() -> None:
    plan = small_plan()
    assert composed(plan).keys() == {
        "gpu_hosts/compose.yaml",
        "gateways/compose.yaml",
    }


PLACE = "/srv/homeport/secrets/acme"
ACME = {"names": ("llm.example", "b.example"), "acme": {"email": "ops@llm.example"}}


def acme_plan() -> Plan:
    """A gateway that gets its certificate by ACME."""
    plan = small_plan(gateway={"address": "10.0.0.1", "tls": ACME})
    return replace(plan, images={**plan.images, "acme": "acme"})


def test_by_acme_a_client_with_no_more_rights_than_nginx_keeps_the_certificate() -> None:
    plan = acme_plan()
    text = composed(plan)["gateways/compose.yaml"]
    document = yaml.safe_load(text)
    nginx_service, client = (document["services"][name] for name in ("nginx", "acme"))
    for word in ("user", "read_only", "cap_drop", "security_opt", "restart", "pids_limit"):
        assert client[word] == nginx_service[word], word
    directory = "https://acme-v02.api.letsencrypt.org/directory"
    assert client["command"] == [directory, "ops@llm.example", "llm.example", "b.example"]
    assert client["ports"] == ["10.0.0.1:80:8080"]
    # Each of the two has a network that the other is not in.
    assert set(client["networks"]).isdisjoint(nginx_service["networks"])
    mounts = {one["target"]: one.get("read_only", False) for one in nginx_service["volumes"]}
    assert mounts[PLACE] is True
    # An apply waits until it has asked: a certificate that was there may be for other names.
    assert client["healthcheck"]["test"][-4:] == [f"{PLACE}/tls.pem", "-a", "-e", "/tmp/asked"]
    labels = [one["labels"]["homeport.config-sha256"] for one in (nginx_service, client)]
    assert len(set(labels)) == 2
    assert all(len(label) == 64 for label in labels)


def test_by_acme_the_certificate_is_read_for_a_handshake_and_its_port_is_in_the_manifest() -> None:
    plan = acme_plan()
    assert "ssl_certificate $certificate;" in gateway_files(plan)["tls.conf"]
    document = released(plan, HOST)
    gateway, images = document["gateway"], document["images"]
    assert isinstance(gateway, dict)
    assert gateway["challenge"] == "10.0.0.1:80"
    assert isinstance(images, list)
    assert "acme" in [one["name"] for one in images]
    # Nothing of it where certificates come another way.
    other = released(small_plan(gateway={"tls": TLS}), HOST)["gateway"]
    assert isinstance(other, dict)
    assert other["challenge"] == ""
