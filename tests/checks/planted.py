"""What people do to a host behind the commit's back, each with the one thing that drift says."""

import os
from collections.abc import Callable
from pathlib import Path

from tests.checks.deployment import Deployment


def relink(link: Path, target: str) -> None:
    """Lets a link point elsewhere."""
    link.unlink()
    link.symlink_to(target)


def without(deployment: Deployment, service: str) -> None:
    """Removes a service's container."""
    del deployment.docker.containers[service]


def state(deployment: Deployment, **changes: object) -> None:
    """Alters the state that Docker tells of chat-1."""
    deployment.docker.containers["chat-1"]["State"].update(changes)


def stranger(deployment: Deployment, service: str = "chat-9") -> None:
    """Adds a container that names a service nobody committed."""
    copy = {**deployment.docker.containers["chat-1"], "Id": "id-other", "Name": "/other"}
    config = copy["Config"]
    labels = {**config["Labels"], "com.docker.compose.service": service}
    deployment.docker.containers[service] = {**copy, "Config": {**config, "Labels": labels}}


def edit(path: Path) -> None:
    """Appends a line to a file."""
    path.write_text(path.read_text() + "# by hand\n")


def publish(deployment: Deployment) -> None:
    """Publishes the port of an engine to everybody."""
    ports = {"8080/tcp": [{"HostIp": "", "HostPort": "18200"}]}
    deployment.docker.containers["chat-1"]["NetworkSettings"]["Ports"] = ports


def started_with(deployment: Deployment, *words: str) -> None:
    """Starts chat-1 with other arguments."""
    deployment.docker.containers["chat-1"]["Config"]["Cmd"] = [
        "--alias",
        "tiny",
        "--ctx-size",
        "4096",
        *words,
        "--metrics",
    ]


def reserves(deployment: Deployment, *devices: str) -> None:
    """Reserves other GPUs for chat-1."""
    request = {"Driver": "cdi", "Count": 0, "DeviceIDs": list(devices)}
    host = deployment.docker.containers["chat-1"]["HostConfig"]
    host["DeviceRequests"] = [request] if devices else None


CHANGES: dict[str, tuple[Callable[[Deployment], object], str]] = {
    "an edited file": (lambda d: edit(d.current / "nginx/nginx.conf"), "file nginx/nginx.conf"),
    "an edited manifest": (lambda d: edit(d.current / "release.yaml"), "file release.yaml"),
    "a missing file": (
        lambda d: (d.current / "gpu_hosts/compose.yaml").unlink(),
        "file gpu_hosts/compose.yaml",
    ),
    "an extra file": (lambda d: (d.current / "nginx/a b").touch(), "file nginx/a b"),
    "a link among the files": (
        lambda d: (d.current / "extra").symlink_to("/etc/passwd"),
        "file extra",
    ),
    "another nginx folder": (
        lambda d: relink(d.directory / "gateway/current", "/tmp"),
        "link gateway/current",
    ),
    "a missing model": (lambda d: d.model.unlink(), "model tiny: tiny.gguf"),
    "a model that is cut off": (lambda d: os.truncate(d.model, 3), "model tiny: tiny.gguf"),
    "a missing service": (lambda d: without(d, "chat-2"), "service chat-2"),
    "a stopped service": (lambda d: state(d, Status="exited"), "service chat-1"),
    "an ill service": (lambda d: state(d, Health={"Status": "unhealthy"}), "service chat-1"),
    "an extra service": (stranger, "container other"),
    "a left stand-in": (lambda d: stranger(d, "chat-1-surge"), "stand-in of chat-1"),
    "another configuration": (
        lambda d: d.docker.containers["chat-1"]["Config"]["Labels"].update(
            {"homeport.config-sha256": "f" * 64}
        ),
        "service chat-1: configuration",
    ),
    "another image": (
        lambda d: d.docker.containers["chat-1"]["Config"].update(Image="other:latest"),
        "service chat-1: image",
    ),
    "other arguments": (lambda d: started_with(d, "--parallel", "4"), "service chat-1: arguments"),
    "another GPU": (lambda d: reserves(d, "nvidia.com/gpu=1"), "service chat-1: GPUs"),
    "one GPU more": (
        lambda d: reserves(d, "nvidia.com/gpu=0", "nvidia.com/gpu=1"),
        "service chat-1: GPUs",
    ),
    "no GPU": (reserves, "service chat-1: GPUs"),
    "an image that was built anew": (
        lambda d: d.docker.images.update({"homeport/nginx:bbb": "sha256:new"}),
        "service nginx: image homeport/nginx:bbb",
    ),
    "a published engine": (publish, "service chat-1: port 0.0.0.0:18200"),
    "a missing network": (lambda d: setattr(d.docker, "network", ""), "network homeport-lab"),
    "another loaded revision": (
        lambda d: setattr(d.docker, "revision", "e" * 64),
        "gateway: loaded revision",
    ),
}
