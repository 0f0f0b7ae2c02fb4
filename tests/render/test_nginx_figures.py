"""The gateway's figures: counted where somebody watches, and told to monitors alone."""

import pytest

from deploys.plan.plan import Plan
from tests.render.gateway_files import gateway_files, locations, words
from tests.render.monitor_plans import rendered, watched_alone, watched_fleet, with_cloud
from tests.render.plans import small_plan


def test_nobody_counts_where_nobody_watches() -> None:
    files = gateway_files(small_plan())
    assert not {name for name in files if "figures" in name}
    assert "figures" not in "".join(files.values())


def test_figures_have_a_listener_of_their_own_that_serves_nothing_else() -> None:
    text = gateway_files(watched_fleet(), "gate1")["figures.conf"]
    assert text.count("listen ") == 1
    assert "listen 8082;" in text
    assert set(locations({"figures.conf": text})) == {"= /metrics", "/"}


def test_counting_writes_no_line_beside_the_log_of_requests() -> None:
    text = gateway_files(watched_fleet(), "gate1")["figures.conf"]
    at = words(text).index("access_log")
    assert words(text)[at : at + 4] == [
        "access_log",
        "/dev/null",
        "gateway",
        "if=$counted_figures;",
    ]


def test_without_njs_nginx_tells_its_connections() -> None:
    files = gateway_files(watched_fleet(njs=False), "gate1")
    assert "figures.js" not in files
    assert (
        'homeport_gateway_connections{state="active"} $connections_active' in files["figures.conf"]
    )


def test_what_the_cloud_costs_is_told_by_the_egress_hop_by_way_of_the_gateway() -> None:
    files = gateway_files(with_cloud(watched_fleet()), "gate1")
    assert "proxy_pass http://egress_figures/metrics;" in files["figures.conf"]
    assert "server egress:8082 resolve;" in files["figures.conf"]
    assert "js_content egress.figures;" in files["egress/server.conf"]
    assert "figures" not in gateway_files(with_cloud(small_plan()))["egress/server.conf"]


@pytest.mark.parametrize(
    ("plan", "published"),
    [(watched_fleet(), ['"10.0.0.5:9113:8082"']), (watched_alone(), [])],
    ids=["from another host", "on the same host"],
)
def test_figures_are_published_only_where_another_host_watches(
    plan: Plan, published: list[str]
) -> None:
    (text,) = (text for path, text in rendered(plan).items() if "gateways/compose" in path)
    assert [line.split("- ")[1] for line in text.splitlines() if ":8082" in line] == published
