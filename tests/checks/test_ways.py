"""What must stay cannot leave, and every file that would let it is found."""

from pathlib import Path

import pytest
import yaml

from checks.ways.sovereignty import inside, leaks
from checks.ways.tree import Directive, read
from checks.ways.variables import Scope, maps_of, values
from checks.ways.walk import ways
from deploys.plan.plan import Plan
from deploys.render.release_text import release_of
from tests.checks.cloud_tree import written
from tests.environments import ROOT
from tests.render.canary_plans import canary_plan, cloud_canary_plan
from tests.render.cloud_plans import cloud_plan
from tests.render.full_plan import full_plan
from tests.render.plans import small_plan

CHAT = "/v1/chat/completions"
GATEWAYS = sorted(path.parent for path in (ROOT / "nginx").glob("*/*/nginx.conf"))
OUTSIDE = "203.0.113.7:443"


@pytest.mark.parametrize(
    "plan",
    [
        small_plan(),
        cloud_plan(),
        cloud_plan(first_byte_seconds=2),
        cloud_plan(arm="share", share_percent=10.0, first_byte_seconds=2, open_classes=("public",)),
        full_plan(),
        small_plan(gateway={"njs": False}),
        canary_plan(shadow={"percent": 5}),
        cloud_canary_plan(),
    ],
    ids=["no cloud", "fallback", "timed", "share", "all", "no njs", "candidate", "cloud candidate"],
)
def test_nothing_that_must_stay_can_leave_as_rendered(tmp_path: Path, plan: Plan) -> None:
    assert leaks(*written(tmp_path, plan)) == []


@pytest.mark.parametrize("folder", GATEWAYS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_the_committed_gateways_let_nothing_out_that_must_stay(folder: Path) -> None:
    host = ROOT / "compose" / folder.parent.name / folder.name
    committed = release_of(yaml.safe_load((host / "release.yaml").read_text()), str(host))
    assert committed.gateway is not None
    assert leaks(folder, committed) == []
    # Not by having no way at all.
    asked = {way.address for way in ways(read(folder), CHAT, {"pool": "chat"})}
    assert asked
    assert asked <= inside(committed, committed.gateway)


@pytest.mark.parametrize(
    ("plan", "client", "pool"),
    [(None, "demo", "chat"), (full_plan(), "team-a", "chat.1")],
    ids=["usual", "all, by TLS"],
)
def test_who_may_leave_has_a_way_through_the_egress_hop_and_no_other(
    tmp_path: Path, plan: Plan | None, client: str, pool: str
) -> None:
    folder, _ = written(tmp_path, plan)
    known = {"client": client, "pool": pool, "http_x_data_class": "public"}
    found = {way.address for way in ways(read(folder), CHAT, known)}
    assert found == {f"{pool}-1:8080", f"{pool}-2:8080", "egress:8080"}


# What somebody changes: file, text, the text in its place, and what is said of it.
_ACCESS = "js_access gateway.choose_way;"
_TO_CLOUD = "= @cloud;"
FAULTS = {
    "a client too many": ("cloud.conf", '"=demo" fallback', '"=safe" fallback', "client safe"),
    "every client": (
        *("cloud.conf", "$client_arm {\n    default never"),
        *("$client_arm {\n    default fallback", "client safe"),
    ),
    "a pool too many": ("cloud.conf", '"=chat" fallback', '"=secret" fallback', "pool secret"),
    "any class of data": (
        *("cloud.conf", '$class_is_open {\n    default ""'),
        *("$class_is_open {\n    default yes", "marked 'nobody-s'"),
    ),
    "an arm for all": (
        *("cloud.conf", "$cloud_arm {\n    default never"),
        *("$cloud_arm {\n    default fallback", "client safe"),
    ),
    "a route for all": (
        *("cloud.conf", '$cloud_route {\n    default ""'),
        *("$cloud_route {\n    default @cloud", "client nobody-s"),
    ),
    "an error page": (
        *("routes.conf", _ACCESS, f"{_ACCESS} error_page 503 {_TO_CLOUD}", "egress:8080"),
    ),
    "an error page for all": (
        *("errors.conf", "error_page 401", f"error_page 599 {_TO_CLOUD}\nerror_page 401"),
        "egress:8080",
    ),
    "a stranger among replicas": (
        *("pools.conf", "server secret-1:8080", f"server {OUTSIDE}", OUTSIDE),
    ),
    "a stranger that stands in": (
        *("pools.conf", "    keepalive 0;", f"    # server {OUTSIDE} max_conns=1; # chat-1-b"),
        OUTSIDE,
    ),
    "a copy of each request": (
        *("routes.conf", _ACCESS, f"{_ACCESS} mirror @cloud;", "client safe"),
    ),
    "an address in a location": (
        *("routes.conf", "location / {"),
        *(f"location /other {{ proxy_pass https://{OUTSIDE}; }}\nlocation / {{", OUTSIDE),
    ),
    "whatever the client names": (
        *("routes.conf", "http://pool_$pool/v1/completions", "http://$http_host/x", "-> ?"),
    ),
    "a path of the client's own": (
        *("routes.conf", "$engine_path /v1/completions;", "$engine_path $http_x_path;", "-> ?"),
    ),
    "another resolver": (
        *("pools.conf", "resolver 127.0.0.11", "resolver 192.0.2.53", "asks 192.0.2.53"),
    ),
    "a script that fetches": (
        *("gateway.js", "return route ?", "ngx.fetch('https://x/'); return route ?"),
        "a script may go anywhere",
    ),
    "a script that redirects": (
        *("gateway.js", "internalRedirect(route)", "internalRedirect('@cloud')"),
        "a script may go anywhere",
    ),
    "the egress hop's clients": ("egress/offers.conf", '"=demo"', '"=safe"', "client safe"),
    "the egress hop's models": ("egress/offers.conf", "~^chat", "~^secret", "secret (pool secret)"),
    "another provider": (
        *("egress/provider.conf", "server api.acme.test:443", f"server {OUTSIDE}"),
        f"-> {OUTSIDE}",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_way_out_is_found(tmp_path: Path, fault: str) -> None:
    file, old, new, said = FAULTS[fault]
    folder, release = written(tmp_path)
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new))
    assert said in "\n".join(leaks(folder, release))


def _table(name: str, *entries: tuple[str, str]) -> Directive:
    return Directive("map", (name, "$v"), tuple(Directive(key, (text,)) for key, text in entries))


@pytest.mark.parametrize(
    ("known", "source", "entries", "expected"),
    [
        ({"a": "x"}, "$a", [("x", "1"), ("default", "2")], {("1",)}),
        ({"a": "X"}, "$a", [("x", "1"), ("default", "2")], {("1",)}),
        ({"a": "y"}, "$a", [("x", "1")], {()}),
        ({"a": "xy"}, "$a", [("~^x", "1"), ("~y", "2")], {("1",)}),
        ({"a": "x"}, "$a|$b", [("x|1", "1"), ("y|1", "2"), ("default", "3")], {("1",), ("3",)}),
        ({}, "$a", [("x", "1"), ("~y", "2"), ("default", "3")], {("1",), ("2",), ("3",)}),
        ({"a": "x"}, "$a", [("default", "$a-${b}z")], {("x-", None, "z")}),
    ],
)
def test_a_variable_can_hold_what_nginx_would_find(
    known: dict[str, str],
    source: str,
    entries: list[tuple[str, str]],
    expected: set[tuple[str | None, ...]],
) -> None:
    http = Directive("http", (), (_table(source, *entries),))
    assert values("$v", Scope(known, maps_of(http))) == expected


def test_whatever_share_a_candidate_has_its_replicas_are_among_the_ways(tmp_path: Path) -> None:
    folder, _ = written(tmp_path, canary_plan())
    found = {way.address for way in ways(read(folder), CHAT, {"client": "demo", "pool": "chat"})}
    assert found == {"chat-1:8080", "chat-2:8080", "next.1-1:8080"}


def test_a_cloud_that_is_the_candidate_of_who_must_stay_is_found(tmp_path: Path) -> None:
    folder, release = written(tmp_path, cloud_canary_plan())
    file = folder / "canary.conf"
    text = file.read_text()
    allowed = "[|](fallback|share)[|](fallback|share)[|]yes$"
    assert allowed in text
    file.write_text(text.replace(allowed, ""))
    found = leaks(folder, release)
    assert any("client demo" in line and "@candidate_1 -> egress" in line for line in found)
    assert any("marked" in line for line in found)


def test_a_way_out_of_the_listener_that_copies_is_found(tmp_path: Path) -> None:
    folder, release = written(tmp_path, canary_plan(shadow={"percent": 5}))
    file = folder / "shadow.conf"
    text = file.read_text()
    assert "http://pool_next.1/" in text
    file.write_text(text.replace("http://pool_next.1/", f"http://{OUTSIDE}/"))
    assert f"-> {OUTSIDE}" in "\n".join(leaks(folder, release))
