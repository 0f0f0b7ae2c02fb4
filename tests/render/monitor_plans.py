"""A plan that is watched, made by hand: everything that monitors know is in it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from deploys.plan.cloud import CloudPlan
from deploys.plan.plan import HostPlan, Plan
from deploys.render.files import render_environment
from deploys.render.image_tags import OFFICIAL
from deploys.render.release import Access
from deploys.settings.engine_versions import PINNED
from deploys.settings.gateway import Gateway
from deploys.settings.hardware import HostHardware
from deploys.settings.monitoring import Monitoring
from tests.environments import ROOT
from tests.render.cloud_plans import small_cloud
from tests.render.gpu_plans import CHECKPOINT, GPUS, VLLM
from tests.render.plans import TLS, small_plan, small_pool

WATCH: Mapping[str, object] = {
    "grafana_password": "env:GRAFANA_PASSWORD",
    "objectives": {"chat": {"first_byte_seconds": 2.5, "errors_percent": 0.5}},
    "alerts": {"webhook": "env:ALERT_URL"},
}
IMAGES: Mapping[str, str] = {
    "nginx": "nginx",
    "llamacpp": "llama",
    **{str(name): reference for name, reference in OFFICIAL.items()},
}
HARDWARE = HostHardware.model_validate(
    {
        "cpu": {"physical_cores": 16},
        "memory_mib": 100_000,
        "gpus": [{"uuid": uuid, "name": "card", "memory_mib": 40_000} for uuid in GPUS],
    },
    strict=False,
)
MONITOR = "watch1"


def watched_fleet(*, njs: bool = True, tls: bool = True, **words: object) -> Plan:
    """gate1; gpu1 with llama-server in RAM; gpu2 with vLLM on two GPUs; and watch1, which watches.

    `words`: of monitoring.
    """
    chat, large = small_pool("chat", 2), small_pool("large")
    chat = replace(
        chat,
        replicas=tuple(
            replace(one, host="gpu1", endpoint=f"10.0.0.1:{9000 + number}")
            for number, one in enumerate(chat.replicas, 1)
        ),
    )
    changes: dict[str, Any] = {
        "host": "gpu2",
        "endpoint": "10.0.0.2:9001",
        "gpus": GPUS,
        "version": PINNED["vllm"],
    }
    served = replace(large.replicas[0], arguments=VLLM, model=CHECKPOINT, **changes)
    large = replace(large, engine="vllm", replicas=(served,))
    gateway = Gateway.model_validate(
        {"address": "10.0.0.5", "njs": njs, **({"tls": TLS, "port": 8443} if tls else {})},
        strict=False,
    )
    hosts = (
        HostPlan("gate1", ("gateways",), (), gateway, "10.0.0.5"),
        HostPlan("gpu1", ("gpu_hosts",), chat.replicas, None, "10.0.0.1"),
        HostPlan("gpu2", ("gpu_hosts",), large.replicas, None, "10.0.0.2", HARDWARE),
        HostPlan(MONITOR, ("monitors",), (), None, "10.0.0.9"),
    )
    plan = small_plan(chat, large, environment="watched")
    watch = Monitoring.model_validate({**WATCH, **words}, strict=False)
    return replace(plan, hosts=hosts, monitoring=watch, images=IMAGES)


def with_cloud(plan: Plan) -> Plan:
    """The same, with a way to the cloud for one pool."""
    return replace(plan, cloud=CloudPlan(small_cloud(), {"chat": "fallback"}, {"demo": "fallback"}))


def watched_alone() -> Plan:
    """One host that is everything; nobody watches from elsewhere."""
    plan = small_plan(environment="alone")
    host = replace(plan.hosts[0], roles=("gpu_hosts", "gateways", "monitors"))
    watch = Monitoring.model_validate(WATCH, strict=False)
    return replace(plan, hosts=(host,), monitoring=watch, images=IMAGES)


def rendered(plan: Plan) -> dict[str, str]:
    """Every file of every host, by its path below the root of the repository."""
    return render_environment(plan, Access(clients=dict(plan.clients)), ROOT / "templates")
