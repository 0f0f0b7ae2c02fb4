"""Every rule and every query, asked of a real Prometheus that scrapes what was recorded."""

from collections.abc import Iterator

from deploys.render.monitors.reading import every_dashboard, every_rule
from deploys.render.monitors.rules import alert_count, expression
from tests.lab.waiting import until
from tests.render.monitor_plans import watched_fleet, with_cloud
from tests.render.monitors.scraping import Prometheus


def _queries() -> Iterator[tuple[str, str, str]]:
    """(where it stands, PromQL, why it may have no series)."""
    for name, rules in every_rule().items():
        yield from ((f"{name}: {one.record}", one.value, "") for one in rules.records)
        yield from ((f"{name}: {one.alert}", one.value, one.empty) for one in rules.alerts)
    for name, dashboard in every_dashboard().items():
        for panel in dashboard.panels:
            for query in panel.queries:
                yield f"{name}: {panel.title}: {query.legend}", query.value, query.empty


QUERIES = list(_queries())


def _without(watching: Prometheus) -> list[str]:
    """Which queries have no series, and do not say why."""
    return [place for place, query, empty in QUERIES if not empty and not watching.series(query)]


def _settled(watching: Prometheus) -> None:
    """Waits until all that is asked has been scraped and judged."""
    until(lambda: not _without(watching), every_seconds=1, account=lambda: _without(watching))


def test_every_query_has_series_or_says_why_not(watching: Prometheus) -> None:
    """One test for all of them: workers that share tests would each start a Prometheus."""
    assert len(QUERIES) > 60
    _settled(watching)


def test_each_query_that_may_be_empty_says_so_in_words() -> None:
    reasons = [empty for _, _, empty in QUERIES if empty]
    assert reasons
    assert all(len(reason.split()) > 4 for reason in reasons)


def test_prometheus_has_every_rule_and_evaluates_it(watching: Prometheus) -> None:
    _settled(watching)
    rules = watching.rules()
    alerts = [one for one in rules if one["type"] == "alerting"]
    assert len(alerts) == alert_count(with_cloud(watched_fleet()))
    assert {one["name"]: one["lastError"] for one in rules if one.get("lastError")} == {}
    until(lambda: {one["health"] for one in watching.rules()} == {"ok"}, account=watching.rules)


def test_a_fleet_that_is_well_has_no_alert(watching: Prometheus) -> None:
    """All but the disk and the memory of the machine that the test runs on."""
    own = {"DiskNearlyFull", "MemoryNearlyFull"}
    alerts = {
        rule.alert: expression(rule)
        for rules in every_rule().values()
        for rule in rules.alerts
        if rule.alert not in own
    }

    def ill() -> list[str]:
        return [name for name, query in alerts.items() if watching.series(query)]

    # In one look: what has no series at the moment cannot be ill.
    until(lambda: not _without(watching) and not ill(), every_seconds=1, account=ill)


def test_what_was_planned_is_a_series_for_each_pool_replica_and_host(watching: Prometheus) -> None:
    _settled(watching)
    slots = {
        one["metric"]["replica"]: one["value"][1]
        for one in watching.series("homeport:replica_slots")
    }
    assert slots == {"chat-1": "2", "chat-2": "2", "large-1": "64"}
    (objective,) = watching.series('homeport:pool_first_byte_objective_seconds{pool="chat"}')
    assert objective["value"][1] == "2.5"
    (gpus,) = watching.series("homeport:host_gpus")
    assert (gpus["metric"]["host"], gpus["value"][1]) == ("gpu2", "2")


def test_engines_of_both_kinds_have_the_same_series(watching: Prometheus) -> None:
    def found() -> set[tuple[str, str]]:
        running = watching.series("homeport:replica_running_requests")
        return {(one["metric"]["replica"], one["metric"]["host"]) for one in running}

    wanted = {("chat-1", "gpu1"), ("chat-2", "gpu1"), ("large-1", "gpu2")}
    until(lambda: found() == wanted, account=found)
