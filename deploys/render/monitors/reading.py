"""Rules and dashboards as data: YAML beside this file, strict, each entry with its reason.

A file, or a panel, that `needs` something is rendered where the plan has it (`kinds`).
"""

from functools import cache
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import Field, StringConstraints

from deploys.plan.plan import Plan
from deploys.settings.words import Frozen
from deploys.settings.yaml_text import loaded

HERE = Path(__file__).parent
Kept = TypeVar("Kept", bound=Frozen)
Text = Annotated[str, StringConstraints(min_length=1)]
Kind = Literal["llamacpp", "vllm", "njs", "cloud", "certificates", "gpus"]
KINDS: tuple[Kind, ...] = ("llamacpp", "vllm", "njs", "cloud", "certificates", "gpus")


class Alert(Frozen):
    """Fires when `value` meets `condition` for some minutes."""

    alert: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Za-z]+$")]
    value: Text
    """PromQL whose series are there whether all is well or not."""
    condition: Annotated[str, StringConstraints(pattern=r"^(==|[<>]=?) ")]
    minutes: Annotated[int, Field(ge=0, le=1440)]
    severity: Literal["critical", "warning"]
    summary: Text
    """Prometheus's template: what is wrong, where."""
    reason: Text
    """Why that is worth an alert, and why from there on."""
    runbook: Text
    """The verb to run; ENV stands for the environment."""
    empty: str = ""
    """Why `value` may have no series; empty: it must have some."""


class Record(Frozen):
    """A value that others build on."""

    record: Annotated[str, StringConstraints(pattern=r"^homeport:[a-z_]+$")]
    value: Text
    reason: Text


class Rules(Frozen):
    """One file of rules."""

    records: tuple[Record, ...] = ()
    alerts: tuple[Alert, ...] = ()


class Query(Frozen):
    """One PromQL query of a panel."""

    value: Text
    legend: Text
    empty: str = ""
    """Why it may have no series."""


class Panel(Frozen):
    """One chart."""

    title: Text
    unit: Literal["reqps", "s", "percent", "percentunit", "short", "celsius", "watt"]
    """As Grafana calls it."""
    reason: Text
    needs: Kind | None = None
    queries: Annotated[tuple[Query, ...], Field(min_length=1)]


class Dashboard(Frozen):
    """One page of charts."""

    title: Text
    panels: tuple[Panel, ...]


def kinds(plan: Plan) -> frozenset[str]:
    """What there is to watch."""
    gateways = [host.gateway for host in plan.hosts if host.gateway is not None]
    found = {pool.engine for pool in plan.pools}
    found |= {"njs"} if any(gateway.njs for gateway in gateways) else set()
    found |= {"cloud"} if plan.cloud is not None else set()
    found |= {"certificates"} if plan.uses_tls else set()
    found |= {"gpus"} if any(host.monitored_gpus for host in plan.hosts) else set()
    return frozenset(found)


@cache
def every_rule() -> dict[str, Rules]:
    """By the name of the file, which is a kind, or always there."""
    return {path.stem: _read(path, Rules) for path in sorted((HERE / "rules").glob("*.yaml"))}


@cache
def every_dashboard() -> dict[str, Dashboard]:
    """By the name of the file."""
    folder = HERE / "dashboards"
    return {path.stem: _read(path, Dashboard) for path in sorted(folder.glob("*.yaml"))}


def rules_of(plan: Plan) -> dict[str, Rules]:
    """Those that have something to watch."""
    there = kinds(plan)
    return {name: one for name, one in every_rule().items() if name not in KINDS or name in there}


def panels_of(plan: Plan, dashboard: Dashboard) -> tuple[Panel, ...]:
    """Those that have something to show."""
    there = kinds(plan)
    return tuple(one for one in dashboard.panels if one.needs is None or one.needs in there)


def _read(path: Path, model: type[Kept]) -> Kept:
    # YAML has no tuples.
    return model.model_validate(loaded(path.read_text()), strict=False)
