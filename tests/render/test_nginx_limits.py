"""What tiers and keys become in nginx's files; tests/e2e asks a real nginx."""

import re

import yaml

from tests.render.full_plan import full_plan
from tests.render.gateway_files import composed, gateway_files, locations, own
from tests.render.plans import CLIENTS, TIERS, limited_plan, small_plan, small_pool


def rendered(**changes: object) -> dict[str, str]:
    """The gateway's files of a plan with tiers, or with `clients` and `gateway` of its own."""
    return gateway_files(small_plan(**changes) if changes else limited_plan())  # type: ignore[arg-type]


def lines_of(text: str, variable: str) -> dict[str, str]:
    """A map's lines: source without its backslash -> value."""
    (block,) = re.findall(rf"\nmap \S+ \${variable} \{{(.*?)\n\}}", text, re.DOTALL)
    return dict(re.findall(r'"\\\\(\S+)" "?([^";]*)"?;', block))


def test_each_key_belongs_to_its_client_and_each_client_to_its_tier() -> None:
    files = rendered()
    assert lines_of(files["clients.conf"], "key_holder") == {
        "default": "default",
        "free": "free",
        "team-a/new": "team-a",
        "team-a/old": "team-a",
    }
    assert lines_of(files["limits.conf"], "tier") == {"default": "pro", "team-a": "free"}


def test_a_key_ends_with_its_last_day() -> None:
    ends = lines_of(rendered()["clients.conf"], "key_ends")
    # 2027-02-01T00:00:00Z
    assert ends == {"team-a/old": "1801440000"}


def test_only_tiers_that_a_client_names_are_rendered() -> None:
    files = rendered()
    assert "unused" not in "".join(files.values())
    assert set(re.findall(r"zone=(\w+)[: ]", files["limits.conf"])) == {
        "anonymous",
        "in_flight",
        "free_per_second",
        "free_per_minute",
        "free_concurrent",
        "pro_per_second",
        "tokens_by_minute",
        "tokens_by_day",
    }


def test_every_zone_is_applied_with_its_numbers() -> None:
    limited = rendered()["limited.conf"]
    assert re.findall(r"limit_req zone=(\w+) burst=(\d+) nodelay;", limited) == [
        ("free_per_second", "3"),
        ("free_per_minute", "3"),
        ("pro_per_second", "10"),
    ]
    # Everybody is counted first: $full_tier tells from that who was full.
    assert re.findall(r"limit_conn (\w+) (\d+);", limited) == [
        ("in_flight", "4096"),
        ("free_concurrent", "2"),
    ]


def asking(files: dict[str, str]) -> dict[str, str]:
    """The locations from which requests leave the gateway."""
    return {name: block for name, block in locations(files).items() if "proxy_pass" in block}


def test_limits_come_before_anything_that_reads_the_body() -> None:
    by_script = gateway_files(full_plan())
    for files, reads in ((rendered(), "mirror /_body_read;"), (own(by_script), "js_access")):
        entered = {name: block for name, block in locations(files).items() if reads in block}
        by_path = {name: block for name, block in entered.items() if name.startswith("= /v1/")}
        assert len(by_path) >= 2
        for block in by_path.values():
            assert block.index("return 405;") < block.index("include limited.conf;")
            assert block.index("include limited.conf;") < block.index(reads)


def test_a_request_is_limited_where_it_comes_in_and_counted_wherever_it_is_answered() -> None:
    files = gateway_files(full_plan())
    assert all(
        "counted.conf" in files[f"{name}.conf"] for name in ("routes", "to_pool", "to_egress")
    )
    named = {name: block for name, block in locations(own(files)).items() if name[0] == "@"}
    assert named.keys() >= {"@again", "@whole_patient", "@fallback", "@cloud", "@share"}
    # A copy is no answer, and a candidate that is a pool is asked where it stands.
    copies = [named.pop(name) for name in list(named) if name.startswith("@shadowed")]
    candidates = [named.pop(name) for name in list(named) if name.startswith("@candidate_3")]
    assert len(copies) == 1
    assert [block.count("include counted.conf;") for block in candidates] == [1, 1]
    for block in named.values():
        assert len(re.findall(r"include to_(?:pool|egress)\.conf;", block)) == 1
        assert not re.search(r"limited\.conf|proxy_pass", block)
    came_in = {name: block for name, block in asking(own(files)).items() if "= /v1/" in name}
    assert all("include limited.conf;" in block for block in came_in.values())


def test_what_is_left_out_costs_nothing() -> None:
    files = rendered(clients=CLIENTS, gateway={"tiers": TIERS})
    text = "".join(files[name] for name in ("clients.conf", "limits.conf", "limited.conf"))
    for word in ("js_body_filter", "js_shared_dict", "$key_id", "$expired", "tier", "limit_req "):
        assert word not in text
    assert '"key"' not in files["log.conf"]
    assert "tokens" not in files["log.conf"] + files["errors.conf"]


def test_keys_without_an_end_ask_for_no_time() -> None:
    files = rendered(clients={"a": {"keys": {"x": {"key": "env:X"}}}})
    assert "expiry.js" not in files
    assert "expired" not in files["clients.conf"] + files["errors.conf"]


def test_the_gateways_own_bound_follows_its_workers_and_its_setting() -> None:
    assert "limit_conn in_flight 6144;" in rendered(gateway={"workers": 3})["limited.conf"]
    chosen = rendered(gateway={"requests_in_flight": 77})
    assert "limit_conn in_flight 77;" in chosen["limited.conf"]
    assert "error_page 481 = /_error/overloaded;" in chosen["errors.conf"]


def test_nginx_may_use_the_memory_of_all_requests_that_it_lets_in() -> None:
    def memory_mib(requests_in_flight: int) -> int:
        plan = small_plan(gateway={"requests_in_flight": requests_in_flight})
        text = composed(plan)["gateways/compose.yaml"]
        limit: str = yaml.safe_load(text)["services"]["nginx"]["mem_limit"]
        return int(limit.removesuffix("m"))

    # More than the 260 KiB of each that were measured.
    assert memory_mib(10_000) - memory_mib(1) > 10_000 * 260 / 1024


def test_wrong_keys_are_limited_as_the_settings_say() -> None:
    gateway = {"anonymous": {"requests_per_minute": 20, "burst": 7}}
    files = rendered(gateway=gateway)
    assert "zone=anonymous:1m rate=20r/m;" in files["limits.conf"]
    assert "limit_req zone=anonymous burst=7 nodelay;" in files["errors.conf"]
    page = files["errors.conf"].split("/_error/too_many_wrong_keys {")[1]
    assert "Retry-After 3 always" in page.split("}")[0]


def test_a_models_name_stays_itself_in_an_answer() -> None:
    files = gateway_files(small_plan(small_pool("tier", public_name="org/tier:RATE_WORDS")))
    assert "Known: org/tier:RATE_WORDS." in files["errors.conf"]


def test_nginx_may_write_to_its_log_and_where_tokens_are_counted_to_one_folder_more() -> None:
    def writable(tiers: object) -> list[str]:
        clients = {"a": {"key": "env:A", "tier": "t"}}
        plan = small_plan(gateway={"tiers": tiers}, clients=clients)
        text = composed(plan)["gateways/compose.yaml"]
        volumes = yaml.safe_load(text)["services"]["nginx"]["volumes"]
        return [mount["target"] for mount in volumes if not mount["read_only"]]

    log = "/srv/homeport/logs/gateway"
    assert writable({"t": {"concurrent_requests": 1}}) == [log]
    assert writable({"t": {"tokens_per_day": 1}}) == [log, "/srv/homeport/state/gateway/counters"]
