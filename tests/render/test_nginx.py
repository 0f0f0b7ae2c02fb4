"""What the rendered gateway says, read from its files; tests/e2e asks a real nginx."""

import re

import pytest

from deploys.render.nginx import MOST_TRIES
from deploys.render.nginx_routes import connect_timeout_ms, retry_window_ms
from tests.render.full_plan import full_plan
from tests.render.gateway_files import gateway_files, words
from tests.render.plans import small_plan, small_pool


def test_each_pool_is_an_upstream_of_its_own_replicas() -> None:
    files = gateway_files(small_plan(small_pool("chat", 2), small_pool("code.big", 1)))
    servers = re.findall(r"server (\S+) resolve max_conns=(\d+)", files["pools.conf"])
    assert servers == [("chat-1:8080", "4"), ("chat-2:8080", "4"), ("code.big-1:8080", "4")]
    upstreams = re.findall(r"upstream (\S+) \{", files["pools.conf"])
    assert upstreams == ["pool_chat", "pool_code.big"]
    for needed in ("zone pool_chat", "least_conn;"):
        assert needed in files["pools.conf"]


def test_a_model_leads_to_its_pool_and_is_matched_to_the_letter() -> None:
    plan = small_plan(small_pool("chat", public_name="Org/Model-1.5:q8"), small_pool("default"))
    rules = re.findall(r'"(~\S+)" "(\S*)";', gateway_files(plan)["models.conf"])
    assert rules == [(r"~^Org/Model-1\.5:q8\z", "chat"), (r"~^default\z", "default")]


def test_requests_go_to_pools_only() -> None:
    files = gateway_files(small_plan(small_pool("chat", 2), small_pool("code")))
    everything = " ".join(" ".join(words(text)) for text in files.values())
    assert set(re.findall(r"(?:proxy|grpc|fastcgi|uwsgi|scgi)_pass (\S+);", everything)) == {
        # One of the two below, which each sets.
        "http://pool_$pool$engine_path",
    }
    assert set(re.findall(r"set \$engine_path (\S+);", everything)) == {
        "/v1/chat/completions",
        "/v1/completions",
    }
    # $pool has no other source than this map, and each of its values is an upstream.
    assert everything.count("$pool {") == 1
    values = set(re.findall(r'"~\S+" "(\S+)";', files["models.conf"]))
    assert {f"pool_{value}" for value in values} == set(
        re.findall(r"upstream (\S+) \{", files["pools.conf"])
    )
    # Only pools look names up, with Docker's own resolver.
    assert "resolver" not in " ".join(
        word for name, text in files.items() if name != "pools.conf" for word in words(text)
    )
    assert set(re.findall(r"resolver (\S+)", files["pools.conf"])) == {"127.0.0.11"}


def test_only_listed_locations_are_served_and_all_but_one_are_exact() -> None:
    files = gateway_files(small_plan())
    locations = re.findall(r"location (\S+ ?\S*) \{", files["routes.conf"])
    assert locations == [
        "= /healthz",
        "= /v1/models",
        "= /v1/chat/completions",
        "= /v1/completions",
        "= /_body_read",
        "@read",
        "@read_by_script",
        "@again",
        "/",
    ]
    pages = re.findall(r"location (.*) \{", files["errors.conf"])
    assert all(page.startswith("= /_error/") for page in pages)
    assert all("internal;" in block for block in files["errors.conf"].split("\nlocation")[1:])
    assert re.findall(r"listen (.*);", "".join(files.values())) == ["8080 default_server", "8081"]


def test_every_location_of_the_api_asks_for_a_key_first() -> None:
    routes = gateway_files(small_plan())["routes.conf"]
    blocks = re.findall(r"location = (/v1/\S+) \{(.*?)\n\}", routes, re.DOTALL)
    assert len(blocks) == 3
    for _path, block in blocks:
        assert " ".join(words(block)).startswith('if ($client = "") { return 401; }')


@pytest.mark.parametrize("seconds", [1, 2, 5, 19, 20, 600, 86400])
def test_nothing_is_retried_after_the_read_time_out(seconds: int) -> None:
    assert 0 < retry_window_ms(seconds) < seconds * 1000
    # A host that is gone must leave time for another replica.
    assert 0 < connect_timeout_ms(seconds) < retry_window_ms(seconds)
    text = gateway_files(small_plan(gateway={"first_byte_seconds": seconds}))["engines.conf"]
    assert f"proxy_read_timeout {seconds}s;" in text
    assert f"proxy_next_upstream_timeout {retry_window_ms(seconds)}ms;" in text
    assert f"proxy_connect_timeout {connect_timeout_ms(seconds)}ms;" in text


def test_one_request_is_tried_on_three_replicas_at_most_wherever_it_may_be_tried_again() -> None:
    assert MOST_TRIES == 3
    for plan in (small_plan(), full_plan()):
        text = "".join(gateway_files(plan).values())
        assert set(re.findall(r"proxy_next_upstream_tries (\S+);", text)) == {"3"}


def test_a_clients_idle_connection_is_kept_for_75_s_and_through_a_reload_for_10_s() -> None:
    text = "".join(gateway_files(full_plan()).values())
    assert re.findall(r"^ +keepalive_timeout (75\S*);", text, re.MULTILINE) == ["75s"]
    assert re.findall(r"keepalive_min_timeout (\S+);", text) == ["10s"]


def test_settings_reach_the_files() -> None:
    plan = small_plan(gateway={"workers": 7, "body_limit_mib": 9, "first_byte_seconds": 7200})
    files = gateway_files(plan)
    assert "worker_processes 7;" in files["nginx.conf"]
    assert "client_max_body_size 9m;" in files["public.conf"]
    assert "larger than 9 MiB" in files["errors.conf"]
    assert "worker_shutdown_timeout 7200s;" in files["nginx.conf"]


def test_no_key_no_digest_and_no_secret_reference_is_rendered() -> None:
    text = "".join([*gateway_files(small_plan()).values(), *gateway_files(full_plan()).values()])
    assert not re.search(r"[0-9a-f]{32}|env:|file:|sk-", text)


def test_the_log_has_no_field_that_could_hold_a_prompt_or_a_key() -> None:
    log = gateway_files(full_plan())["log.conf"]
    fields = set(re.findall(r"\$(\w+)", log.split("log_format", 1)[1]))
    assert not {field for field in fields if field.startswith(("http_", "arg", "request_body"))}
    assert not fields & {"request", "request_uri", "args", "query_string"}
    assert not fields & {"bearer", "bearer_token", "key_digest"}
