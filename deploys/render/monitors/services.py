"""The containers of monitors, one by one, with why each flag is there."""

from collections.abc import Iterator

from deploys.plan.plan import HostPlan, Plan
from deploys.render.engines.service import Argument
from deploys.render.monitors.targets import (
    ALERTMANAGER_PORT,
    BLACKBOX_PORT,
    PROMETHEUS_PORT,
)
from deploys.render.monitors.watcher import Mount, Watcher, fetched
from deploys.render.release_monitors import PASSWORD, SECRETS
from deploys.settings.monitoring import Monitoring
from deploys.settings.words import bracketed

HOME = "/srv/homeport"
FILES = f"{HOME}/monitors/current"
STATE = "state/monitors"
GRAFANA_PORT = 3000


def monitors(plan: Plan, host: HostPlan) -> Iterator[Watcher]:
    """What watches the fleet from a host."""
    watch = plan.monitoring
    if watch is None or not host.is_monitor:
        return
    yield _prometheus(watch)
    if watch.alerts is not None:
        yield _alertmanager()
    if plan.uses_tls:
        yield _blackbox()
    yield _grafana(watch, host)


def own_folders(plan: Plan) -> tuple[str, ...]:
    """What monitors write to, below the kit's folder."""
    alerts = plan.monitoring is not None and plan.monitoring.alerts is not None
    names = ("prometheus", "grafana", *(("alertmanager",) if alerts else ()))
    return tuple(f"{STATE}/{name}" for name in names)


def _released(*own: str, secrets: bool = False) -> tuple[Mount, ...]:
    """Releases and the link to the current one, as the gateway's; and folders of its own."""
    paths = ["releases", "monitors", *([SECRETS] if secrets else [])]
    shown = [Mount(f"../../{path}", f"{HOME}/{path}") for path in paths]
    return (*shown, *(Mount(f"../../{path}", f"{HOME}/{path}", read_only=False) for path in own))


def _prometheus(watch: Monitoring) -> Watcher:
    return Watcher(
        name="prometheus",
        image="prometheus",
        reads=("prometheus/",),
        words="Asks all others for their figures, keeps them, and judges them by its rules.",
        arguments=(
            Argument((f"--config.file={FILES}/prometheus/prometheus.yaml",)),
            Argument((f"--storage.tsdb.path={HOME}/{STATE}/prometheus",)),
            Argument((f"--storage.tsdb.retention.time={watch.retention_days}d",)),
            Argument(
                (f"--storage.tsdb.retention.size={watch.retention_gib}GB",),
                "Whichever comes first.",
            ),
            Argument((f"--web.listen-address=0.0.0.0:{PROMETHEUS_PORT}",)),
        ),
        health=fetched(PROMETHEUS_PORT, "/-/ready"),
        memory_mib=2048,
        networks=("engines", "monitors"),
        # No password: whoever is on the host may ask, and Grafana.
        published=f"127.0.0.1:{watch.prometheus_port}:{PROMETHEUS_PORT}",
        mounts=_released(f"{STATE}/prometheus"),
    )


def _alertmanager() -> Watcher:
    return Watcher(
        name="alertmanager",
        image="alertmanager",
        reads=("alertmanager/",),
        words="Groups what Prometheus finds and sends it on. Its own network has a way out.",
        arguments=(
            Argument((f"--config.file={FILES}/alertmanager/alertmanager.yaml",)),
            Argument((f"--storage.path={HOME}/{STATE}/alertmanager",)),
            Argument((f"--web.listen-address=0.0.0.0:{ALERTMANAGER_PORT}",)),
            Argument(("--cluster.listen-address=",), "One alone: nothing to agree on."),
        ),
        health=fetched(ALERTMANAGER_PORT, "/-/ready"),
        memory_mib=256,
        networks=("monitors",),
        mounts=_released(f"{STATE}/alertmanager", secrets=True),
    )


def _blackbox() -> Watcher:
    return Watcher(
        name="blackbox",
        image="blackbox",
        reads=("blackbox/",),
        words="Begins TLS with each gateway, as a client does, and tells when certificates end.",
        arguments=(
            Argument((f"--config.file={FILES}/blackbox/blackbox.yaml",)),
            Argument((f"--web.listen-address=0.0.0.0:{BLACKBOX_PORT}",)),
        ),
        health=fetched(BLACKBOX_PORT, "/-/healthy"),
        memory_mib=128,
        networks=("engines", "monitors"),
        mounts=_released(),
    )


def _grafana(watch: Monitoring, host: HostPlan) -> Watcher:
    address = watch.address or host.address or "127.0.0.1"
    switches = {
        "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES": "false",
        "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
        "GF_ANALYTICS_REPORTING_ENABLED": "false",
        "GF_PLUGINS_PREINSTALL_DISABLED": "true",
        "GF_SECURITY_DISABLE_GRAVATAR": "true",
        "GF_USERS_ALLOW_SIGN_UP": "false",
    }
    return Watcher(
        name="grafana",
        image="grafana",
        reads=("grafana/",),
        words="Shows it. Asks nobody outside: no updates, plugins, pictures or reports.",
        arguments=(),
        health=fetched(GRAFANA_PORT, "/api/health"),
        memory_mib=512,
        networks=("monitors",),
        published=f"{bracketed(address)}:{watch.grafana_port}:{GRAFANA_PORT}",
        mounts=_released(f"{STATE}/grafana", secrets=True),
        environment={
            **switches,
            "GF_LOG_MODE": "console",
            "GF_PATHS_DATA": f"{HOME}/{STATE}/grafana",
            "GF_PATHS_LOGS": "/tmp/logs",  # noqa: S108 - of the container alone
            "GF_PATHS_PLUGINS": f"{HOME}/{STATE}/grafana/plugins",
            "GF_PATHS_PROVISIONING": f"{FILES}/grafana",
            "GF_SECURITY_ADMIN_PASSWORD__FILE": f"{HOME}/{SECRETS}/{PASSWORD}",
        },
    )
