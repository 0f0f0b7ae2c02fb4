"""Rule files of Prometheus, and what was planned as series that alerts are compared with."""

from collections.abc import Iterator

import yaml

from deploys.plan.plan import Plan
from deploys.render.monitors.reading import Alert, Record, rules_of

Rule = dict[str, object]

PLANNED = "planned"


def rule_files(plan: Plan) -> dict[str, str]:
    """File's name -> text."""
    files: dict[str, list[Rule]] = {PLANNED: list(planned(plan))}
    for name, rules in rules_of(plan).items():
        records = [_record(one) for one in rules.records]
        files[name] = records + [_alert(plan.environment, one) for one in rules.alerts]
    return {f"{name}.yaml": _text(plan, name, rules) for name, rules in sorted(files.items())}


def alert_count(plan: Plan) -> int:
    """How many alerts Prometheus has to know."""
    return sum(len(rules.alerts) for rules in rules_of(plan).values())


def planned(plan: Plan) -> Iterator[Rule]:
    """What the plan says, series by series."""
    if plan.monitoring is None:
        return
    for pool in plan.pools:
        objective, of_pool = plan.monitoring.objective(pool.name), {"pool": pool.name}
        seconds, percent = objective.first_byte_seconds, objective.errors_percent
        yield _constant("homeport:pool_replicas", len(pool.replicas), of_pool)
        yield _constant("homeport:pool_first_byte_objective_seconds", seconds, of_pool)
        yield _constant("homeport:pool_errors_objective_percent", percent, of_pool)
        for one in pool.replicas:
            labels = {**of_pool, "replica": one.name, "host": one.host}
            yield _constant("homeport:replica_slots", one.arguments.slots, labels)
            yield _constant("homeport:replica_waiting_room", one.waiting_requests, labels)
    for host in plan.hosts:
        if host.monitored_gpus:
            yield _constant("homeport:host_gpus", host.monitored_gpus, {"host": host.name})
    if plan.cloud is not None:
        alert = plan.cloud.settings.budget.alert_percent / 100
        yield _constant("homeport:cloud_alert_ratio", alert, {})


def _constant(record: str, value: float, labels: dict[str, str]) -> Rule:
    return {"record": record, "expr": f"vector({value:g})", "labels": labels}


def _record(one: Record) -> Rule:
    return {"record": one.record, "expr": one.value}


def _alert(environment: str, one: Alert) -> Rule:
    return {
        "alert": one.alert,
        "expr": expression(one),
        "for": f"{one.minutes}m",
        "labels": {"severity": one.severity},
        "annotations": {
            "summary": one.summary,
            "reason": one.reason,
            "runbook": one.runbook.replace("ENV", environment),
        },
    }


def expression(one: Alert) -> str:
    """PromQL that has series where the alert is right."""
    return f"({one.value}) {one.condition}"


def _text(plan: Plan, name: str, rules: list[Rule]) -> str:
    source = "the plan" if name == PLANNED else f"deploys/render/monitors/rules/{name}.yaml"
    header = f"# Rules of {plan.environment}, rendered from {source}.\n"
    document = {"groups": [{"name": name, "rules": rules}]}
    return header + yaml.safe_dump(document, sort_keys=False, width=100, allow_unicode=True)
