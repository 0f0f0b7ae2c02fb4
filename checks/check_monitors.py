"""Whether Prometheus reaches all that was planned and can judge it; what it says is wrong."""

from collections.abc import Callable

from checks.fleet import Deployed
from checks.probes.monitors import Monitor, settled
from checks.results import NOTE
from checks.verdict import none_of, require
from deploys.render.release_monitors import MonitorsRelease

CRITICAL = "critical"


def check_prometheus_reaches_all_that_it_watches(monitor: Deployed) -> None:
    """A target that it does not reach is watched by nobody."""
    planned, host = _planned(monitor), monitor.committed.host
    live = _answered(settled(host, _project(monitor), monitor.live.monitor))
    lost = [f"{name}: {error}" for name, error in sorted(live.targets.items()) if error]
    remedy = "does it run, and is its port open to this host? `homeport apply` restores both"
    none_of(lost, "Prometheus does not reach", remedy)
    found = f"Prometheus knows {len(live.targets)} targets instead of {planned.targets}"
    require(len(live.targets) == planned.targets, found, "homeport apply starts it anew")


def check_prometheus_has_every_rule(monitor: Deployed) -> None:
    """An alert that is missing, or cannot be evaluated, never fires."""
    live, planned = _answered(monitor.live.monitor), _planned(monitor)
    failing = [f"{name}: {error}" for name, error in sorted(live.failing.items())]
    none_of(failing, "rules cannot be evaluated", "`homeport render`, then `homeport apply`")
    found = f"Prometheus knows {live.alerts} alerts instead of {planned.alerts}"
    require(live.alerts == planned.alerts, found, "homeport apply starts it anew")


def check_no_alert_fires(monitor: Deployed, record_property: Callable[[str, object], None]) -> None:
    """What Prometheus has seen for longer than a look from here; what can wait is a note."""
    firing = _answered(monitor.live.monitor).firing
    for words in (words for severity, words in firing if severity != CRITICAL):
        record_property(NOTE, words)
    critical = [words for severity, words in firing if severity == CRITICAL]
    none_of(critical, "Prometheus says", "as each alert says, after its summary")


def _answered(live: Monitor | None) -> Monitor:
    require(live is not None, "Prometheus does not answer", "`docker logs` of its container")
    assert live is not None
    return live


def _project(monitor: Deployed) -> str:
    release = monitor.committed.release
    return next((one.name for one in release.projects if one.role == "monitors"), "")


def _planned(monitor: Deployed) -> MonitorsRelease:
    planned = monitor.committed.release.monitors
    assert planned is not None
    return planned
