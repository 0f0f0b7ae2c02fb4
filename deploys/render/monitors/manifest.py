"""Fills in what a release says about a host that is watched, or that watches."""

from deploys.plan.plan import HostPlan, Plan
from deploys.render.monitors.exporters import exporters
from deploys.render.monitors.rules import alert_count
from deploys.render.monitors.services import monitors, own_folders
from deploys.render.monitors.targets import jobs
from deploys.render.nginx_figures import published_figures
from deploys.render.release_monitors import MonitorsRelease

LOOPBACK = "127.0.0.1"


def monitors_release(plan: Plan, host: HostPlan) -> MonitorsRelease | None:
    """What the deploy needs; None for a host that watches nobody."""
    watch = plan.monitoring
    if watch is None or not host.is_monitor:
        return None
    return MonitorsRelease(
        image=plan.images["prometheus"],
        folders=own_folders(plan),
        password=watch.grafana_password,
        webhook=watch.alerts.webhook if watch.alerts is not None else None,
        prometheus=f"{LOOPBACK}:{watch.prometheus_port}",
        targets=sum(len(job.targets) for job in jobs(plan, host)),
        alerts=alert_count(plan),
    )


def monitored_addresses(plan: Plan, host: HostPlan) -> dict[str, str]:
    """Service -> ADDRESS:PORT that is published beyond loopback."""
    services = (*exporters(plan, host), *monitors(plan, host))
    found = {one.name: one.published for one in services}
    found |= {"nginx": published_figures(plan, host)} if host.gateway is not None else {}
    return {
        name: published.rpartition(":")[0]
        for name, published in sorted(found.items())
        if published and not published.startswith(f"{LOOPBACK}:")
    }
