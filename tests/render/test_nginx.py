"""What the rendered gateway says, read from its files; tests/e2e asks a real nginx."""

import json
import re
from pathlib import Path

import pytest

from deploys.plan.plan import Plan
from deploys.render.nginx import (
    connect_timeout_ms,
    gateway_revision,
    nginx_files,
    pools_digest,
    retry_window_ms,
)
from deploys.render.nginx_errors import error_pages
from deploys.render.templates import renderer
from tests.render.plans import HOST, small_plan, small_pool

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"


def rendered(plan: Plan) -> dict[str, str]:
    """The gateway's files of the one host in a small plan."""
    return nginx_files(plan, plan.host(HOST), renderer(TEMPLATES), TEMPLATES)


def words(text: str) -> list[str]:
    """The configuration without its comments, blank-separated."""
    return re.sub(r"(?m)^\s*#.*$", "", text).split()


def test_the_same_plan_gives_the_same_bytes() -> None:
    assert rendered(small_plan()) == rendered(small_plan())


def test_every_template_is_rendered_to_a_file_of_its_name() -> None:
    templates = {path.name.removesuffix(".j2") for path in (TEMPLATES / "nginx").iterdir()}
    assert rendered(small_plan()).keys() == templates


def test_every_file_but_the_script_says_for_whom_it_was_rendered_and_from_what() -> None:
    for name, text in rendered(small_plan()).items():
        if name != "gateway.js":
            head = "".join(text.splitlines()[:3])
            assert HOST in head
            assert f"templates/nginx/{name}.j2" in head


def test_every_file_is_included_exactly_once() -> None:
    files = rendered(small_plan())
    everything = "\n".join(files.values())
    for name in files.keys() - {"nginx.conf", "gateway.js", "pools.conf"}:
        assert everything.count(f"include {name};") == 1
    # What is drained now is no part of the release: a copy of the pools says so.
    copy = f"/srv/homeport/state/gateway/pools/{pools_digest(files['pools.conf'])}.conf"
    assert everything.count(f"include {copy};") == 1


def test_files_end_with_one_newline_and_have_no_tabs_or_trailing_blanks() -> None:
    for text in rendered(small_plan()).values():
        assert text.endswith("\n")
        assert not text.endswith("\n\n")
        assert not re.search(r"[ \t]\n|\t", text)


def test_the_revision_is_the_hash_of_every_other_file() -> None:
    files = rendered(small_plan())
    revision = gateway_revision(files)
    assert re.fullmatch(r"[0-9a-f]{12}", revision)
    assert f"default {revision};" in files["revision.conf"]
    without = {name: text for name, text in files.items() if name != "revision.conf"}
    assert gateway_revision(without) == revision
    for name, text in without.items():
        assert gateway_revision({**without, name: text + "#"}) != revision


def test_two_files_that_swap_their_texts_have_another_revision() -> None:
    assert gateway_revision({"a": "x", "b": "y"}) != gateway_revision({"a": "y", "b": "x"})


def test_each_pool_is_an_upstream_of_its_own_replicas() -> None:
    files = rendered(small_plan(small_pool("chat", 2), small_pool("code.big", 1)))
    servers = re.findall(r"server (\S+) resolve max_conns=(\d+)", files["pools.conf"])
    assert servers == [("chat-1:8080", "4"), ("chat-2:8080", "4"), ("code.big-1:8080", "4")]
    upstreams = re.findall(r"upstream (\S+) \{", files["pools.conf"])
    assert upstreams == ["pool_chat", "pool_code.big"]
    for needed in ("zone pool_chat", "least_conn;"):
        assert needed in files["pools.conf"]


def test_a_model_leads_to_its_pool_and_is_matched_to_the_letter() -> None:
    plan = small_plan(small_pool("chat", public_name="Org/Model-1.5:q8"), small_pool("default"))
    rules = re.findall(r'"(~\S+)" "(\S*)";', rendered(plan)["models.conf"])
    assert rules == [(r"~^Org/Model-1\.5:q8\z", "chat"), (r"~^default\z", "default")]


def test_requests_go_to_pools_only() -> None:
    files = rendered(small_plan(small_pool("chat", 2), small_pool("code")))
    everything = " ".join(" ".join(words(text)) for text in files.values())
    assert set(re.findall(r"(?:proxy|grpc|fastcgi|uwsgi|scgi)_pass (\S+);", everything)) == {
        "http://pool_$pool/v1/chat/completions",
        "http://pool_$pool/v1/completions",
        # Once more: one of the two, which each sets.
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
    files = rendered(small_plan())
    locations = re.findall(r"location (\S+ ?\S*) \{", files["routes.conf"])
    assert locations == [
        "= /healthz",
        "= /v1/models",
        "= /v1/chat/completions",
        "= /v1/completions",
        "@again",
        "/",
    ]
    pages = re.findall(r"location (.*) \{", files["errors.conf"])
    assert all(page.startswith("= /_error/") for page in pages)
    assert re.findall(r"listen (.*);", "".join(files.values())) == ["8080 default_server", "8081"]


def test_every_location_of_the_api_asks_for_a_key_first() -> None:
    routes = rendered(small_plan())["routes.conf"]
    blocks = re.findall(r"location = (/v1/\S+) \{(.*?)\n\}", routes, re.DOTALL)
    assert len(blocks) == 3
    for _path, block in blocks:
        assert " ".join(words(block)).startswith('if ($client = "") { return 401; }')


@pytest.mark.parametrize("seconds", [1, 2, 5, 19, 20, 600, 86400])
def test_nothing_is_retried_after_the_read_time_out(seconds: int) -> None:
    assert 0 < retry_window_ms(seconds) < seconds * 1000
    # A host that is gone must leave time for another replica.
    assert 0 < connect_timeout_ms(seconds) < retry_window_ms(seconds)
    text = rendered(small_plan(gateway={"first_byte_seconds": seconds}))["engines.conf"]
    assert f"proxy_read_timeout {seconds}s;" in text
    assert f"proxy_next_upstream_timeout {retry_window_ms(seconds)}ms;" in text
    assert f"proxy_connect_timeout {connect_timeout_ms(seconds)}ms;" in text


def test_settings_reach_the_files() -> None:
    plan = small_plan(gateway={"workers": 7, "body_limit_mib": 9, "first_byte_seconds": 7200})
    files = rendered(plan)
    assert "worker_processes 7;" in files["nginx.conf"]
    assert "client_max_body_size 9m;" in files["public.conf"]
    assert "larger than 9 MiB" in files["errors.conf"]
    assert "worker_shutdown_timeout 7200s;" in files["nginx.conf"]


def test_every_error_is_an_openai_document() -> None:
    pages = error_pages(["chat"], 32)
    assert {page.status for page in pages} >= {400, 401, 404, 405, 413, 500, 502, 503, 504}
    codes = [code for page in pages for code in page.codes]
    assert len(codes) == len(set(codes))
    for page in pages:
        error = json.loads(page.body)["error"]
        assert error["code"] == page.name
        assert error["message"].endswith(".") or "KEY" in error["message"]
        assert error["request_id"] == "$request_id"


def test_every_page_that_a_variable_chooses_exists() -> None:
    files = rendered(small_plan())
    text = files["clients.conf"] + files["failures.conf"]
    chosen = re.findall(r"\b(no_key|wrong_key|unavailable|broken_off|timed_out);", text)
    assert set(chosen) == {"no_key", "wrong_key", "unavailable", "broken_off", "timed_out"}
    for name in chosen:
        assert f"location = /_error/{name} {{" in files["errors.conf"]


def test_hundreds_of_models_fit_into_words_that_nginx_takes() -> None:
    pools = [small_pool(f"p{n}", public_name=f"model-{n:04}-" + "x" * 100) for n in range(300)]
    files = rendered(small_plan(*pools))
    configuration = [" ".join(words(text)) for name, text in files.items() if name != "gateway.js"]
    quoted = [word for text in configuration for word in re.findall(r"'[^']*'", text)]
    assert max(map(len, quoted)) < 4096
    pieces = re.findall(r"default '([^']*)'", files["models.conf"])
    listed = json.loads("".join(pieces))["data"]
    assert [model["id"] for model in listed] == [pool.public_name for pool in pools]
    assert f"$models_{len(pieces)};" in files["routes.conf"]
    assert " more, see GET /v1/models" in files["errors.conf"]


def test_no_key_no_digest_and_no_secret_reference_is_rendered() -> None:
    text = "".join(rendered(small_plan()).values())
    assert not re.search(r"[0-9a-f]{32}|env:|sk-|demo", text)


def test_the_log_has_no_field_that_could_hold_a_prompt_or_a_key() -> None:
    log = rendered(small_plan())["log.conf"]
    fields = set(re.findall(r"\$(\w+)", log.split("log_format", 1)[1]))
    assert not {field for field in fields if field.startswith(("http_", "arg", "request_body"))}
    assert not fields & {"request", "request_uri", "args", "query_string", "key_digest"}
