"""Which image stands for which engine: an official one, or one that hosts build.

The tag of an image that is built is the content of what it is built from.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from deploys.plan.plan import HostPlan, Plan
from deploys.settings.engine_versions import PINNED
from deploys.settings.image import ImageName

BASE_RECIPE = "debian"
# Pinned to the versions that the plan's rules were checked with. vLLM's holds CUDA 13, which needs
# driver 580; its tag with -cu129 serves older ones (its release notes since 0.20.0).
OFFICIAL: Mapping[ImageName, str] = {
    "llamacpp_cuda": f"ghcr.io/ggml-org/llama.cpp:server-cuda-{PINNED['llamacpp']}",
    "vllm": f"docker.io/vllm/vllm-openai:v{PINNED['vllm']}",
    # The versions that Debian forky packages, with which rules and files were tried.
    "prometheus": "docker.io/prom/prometheus:v3.5.3",
    "alertmanager": "docker.io/prom/alertmanager:v0.33.1",
    "blackbox": "docker.io/prom/blackbox-exporter:v0.28.0",
    "node_exporter": "docker.io/prom/node-exporter:v1.11.1",
    "grafana": "docker.io/grafana/grafana:12.2.1",
    # Its own dcgm-exporter.yaml of that release.
    "dcgm_exporter": "nvcr.io/nvidia/k8s/dcgm-exporter:4.2.3-4.1.3-ubuntu22.04",
}
_BUILT = "homeport/"


def image_name(engine: str, *, on_gpus: bool) -> ImageName:
    """Which of the settings' `images` an engine runs."""
    if engine == "vllm":
        return "vllm"
    if engine == "localai":
        return "localai_cuda" if on_gpus else "localai"
    return "llamacpp_cuda" if on_gpus else "llamacpp"


def used_images(plan: Plan) -> list[ImageName]:
    """What the hosts of a plan run, sorted: an image that nobody runs needs no lock either."""
    engines = {
        image_name(pool.engine, on_gpus=bool(replica.gpus))
        for pool in plan.pools
        for replica in pool.replicas
    }
    beside = (
        gateway_images(host) | monitoring_images(plan, host) | vector_store_images(host)
        for host in plan.hosts
    )
    return sorted(engines.union(*beside))


def gateway_images(host: HostPlan) -> set[ImageName]:
    """What a host runs as a gateway."""
    if host.gateway is None:
        return set()
    tls = host.gateway.tls
    return {"nginx", "acme"} if tls is not None and tls.acme is not None else {"nginx"}


def monitoring_images(plan: Plan, host: HostPlan) -> set[ImageName]:
    """What a host runs to be watched, and to watch."""
    if plan.monitoring is None:
        return set()
    found: set[ImageName] = {"node_exporter"}
    if host.monitored_gpus:
        found.add("dcgm_exporter")
    if host.is_monitor:
        found |= {"prometheus", "grafana"}
        found |= {"alertmanager"} if plan.monitoring.alerts is not None else set()
        found |= {"blackbox"} if plan.uses_tls else set()
    return found


def vector_store_images(host: HostPlan) -> set[ImageName]:
    """What a host runs as a vector store."""
    return {"postgresql"} if "vector_stores" in host.roles else set()


def build_context(reference: str) -> str | None:
    """Folder below deploys/images that a reference is built from; None: it is pulled."""
    if not reference.startswith(_BUILT):
        return None
    return reference.removeprefix(_BUILT).partition(":")[0]


def built_reference(name: str, images_directory: Path) -> str:
    """`homeport/NAME:<12 hex>` of the files in images_directory/NAME and of the base's recipe.

    Versions of distribution packages are not part of it: the image records what it got.
    Raises FileNotFoundError when there is no such folder.
    """
    digest = hashlib.sha256()
    for folder in (BASE_RECIPE, name):
        for path in _files(images_directory / folder):
            content = path.read_bytes()
            relative = path.relative_to(images_directory).as_posix()
            # The length keeps the end of one file and the name of the next apart.
            digest.update(f"{relative}\0{len(content)}\0".encode())
            digest.update(content)
    return f"{_BUILT}{name}:{digest.hexdigest()[:12]}"


def _files(directory: Path) -> list[Path]:
    if not directory.is_dir():
        raise FileNotFoundError(f"no folder to build an image from: {directory}")
    return sorted(path for path in directory.rglob("*") if path.is_file())
