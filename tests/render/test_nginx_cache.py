"""Answers that are kept, as nginx's files have them; tests/e2e asks a real nginx."""

import re
from dataclasses import replace

import yaml

from deploys.render.nginx_cache import model_digest
from tests.render.full_plan import full_plan
from tests.render.gateway_files import composed, gateway_files, locations, own, words
from tests.render.plans import small_plan, small_pool

KEEPING = (
    small_pool("chat", 2, answer_cache="by_client"),
    small_pool("embed", kind="embeddings", answer_cache="across_clients"),
    small_pool("plain"),
)


def test_who_keeps_no_answers_has_nothing_of_it() -> None:
    files = gateway_files(small_plan())
    assert "cache" not in " ".join(" ".join(words(text)) for text in files.values())
    assert "state/gateway/answers" not in composed(small_plan())["gateways/compose.yaml"]


def test_only_pools_that_say_so_keep_answers_and_for_whom_they_say() -> None:
    text = gateway_files(small_plan(*KEEPING))["cache.conf"]
    (block,) = re.findall(r"\$cached_for \{(.*?)\n\}", text, re.DOTALL)
    assert words(block) == ["default", '"";', '"chat"', "client;", '"embed"', "everybody;"]


def test_limits_reach_nginx_and_the_container() -> None:
    limits = {"seconds": 77, "disk_mib": 5, "memory_mib": 900, "body_kib": 3}
    plan = small_plan(*KEEPING, gateway={"answer_cache": limits})
    text = gateway_files(plan)["cache.conf"]
    for wanted in (
        "keys_zone=answers:900m max_size=5m inactive=77s;",
        "proxy_cache_valid 200 77s;",
        "default 3072;",
    ):
        assert wanted in text
    services = [
        yaml.safe_load(composed(one)["gateways/compose.yaml"])["services"]["nginx"]
        for one in (plan, small_plan())
    ]
    (mount,) = (one for one in services[0]["volumes"] if "answers" in one["source"])
    assert mount.get("read_only", False) is False
    memory = [int(service["mem_limit"].rstrip("m")) for service in services]
    assert memory[0] - memory[1] == 900


def test_answers_are_kept_in_no_location_that_is_not_led_to_by_the_cache_alone() -> None:
    files = own(gateway_files(full_plan()))
    keeping = {name for name, block in locations(files).items() if "proxy_cache " in block}
    assert keeping == {
        "@cached",
        "@cached_whole_patient",
        "@cached_fallback",
        "@cached_fallback_whole_patient",
    }
    for name in keeping:
        led = [line for text in files.values() for line in text.splitlines() if f" {name};" in line]
        assert len(led) == 1
        assert f"{led[0].strip()}" in files["cache.conf"]
    # Not what goes to the cloud first, and nothing from there.
    assert "share" not in {
        key
        for line in re.findall(r'"(yes[^"]*)" @', files["cache.conf"])
        for key in line.split("|")
    }
    assert all("egress" not in block for name, block in locations(files).items() if name in keeping)


def test_another_model_or_engine_has_other_keys_and_more_replicas_have_not() -> None:
    pool = small_pool("chat", 2)
    plan = small_plan(pool)
    (first, *_) = pool.replicas
    changed = (
        replace(first, model=first.model.model_copy(update={"source": "generated:other"})),
        replace(first, arguments=replace(first.arguments, kv_cache_type="q8_0")),
        replace(first, version="b9999"),
    )
    digests = [model_digest(plan, replace(pool, replicas=(one,))) for one in changed]
    digests.append(model_digest(replace(plan, images={**plan.images, "llamacpp": "newer"}), pool))
    same = model_digest(plan, replace(pool, replicas=(first,)))
    assert same == model_digest(plan, pool)
    assert len({same, *digests}) == 5
