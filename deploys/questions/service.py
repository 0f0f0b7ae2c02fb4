"""One Compose service as it was rendered, and one container: in what they differ.

The container's label says what it was started from; here is what it was started with. Somebody who
edits the file on the host and calls `docker compose up` leaves the label as it was.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_Document = Mapping[str, Any]


def differences(service: _Document, container: _Document) -> Iterator[tuple[str, str, str]]:
    """
    What differs, as it is committed, as it runs.

    `service` is from a rendered compose.yaml, `container` from `docker container inspect`.
    """
    config = container.get("Config") or {}
    image = str(config.get("Image", ""))
    if "image" in service and service["image"] != image:
        yield "image", str(service["image"]), image
    yield from _arguments(service, config)
    yield from _environment(service, config)
    wanted, found = reserved(service), given(container)
    if wanted != found:
        yield "GPUs", ", ".join(wanted) or "none", ", ".join(found) or "none"


def reserved(service: _Document) -> tuple[str, ...]:
    """The CDI devices that a service reserves, sorted."""
    deploy = service.get("deploy") or {}
    reservations = (deploy.get("resources") or {}).get("reservations") or {}
    devices = reservations.get("devices") or ()
    return tuple(sorted(name for device in devices for name in device.get("device_ids") or ()))


def given(container: _Document) -> tuple[str, ...]:
    """The devices that a container was given, in whatever way, sorted."""
    host = container.get("HostConfig") or {}
    by_request = [
        name for request in host.get("DeviceRequests") or () for name in _requested(request)
    ]
    by_path = [
        device["PathOnHost"]
        for device in host.get("Devices") or ()
        if device["PathOnHost"].startswith("/dev/nvidia")
    ]
    return tuple(sorted([*by_request, *by_path]))


def _requested(request: _Document) -> Sequence[str]:
    if request.get("DeviceIDs"):
        return list(request["DeviceIDs"])
    count = request.get("Count", 0)
    return [f"{'all' if count == -1 else count} of {request.get('Driver') or 'any driver'}"]


def _arguments(service: _Document, config: _Document) -> Iterator[tuple[str, str, str]]:
    for key, name in (("entrypoint", "Entrypoint"), ("command", "Cmd")):
        if key not in service:
            continue
        # Compose writes a dollar twice.
        wanted = [str(word).replace("$$", "$") for word in service[key]]
        found = [str(word) for word in config.get(name) or ()]
        if wanted != found:
            here, there = _flags(wanted), _flags(found)
            missing = [flag for flag in here if flag not in there] or here
            extra = [flag for flag in there if flag not in here] or there
            what = "arguments" if key == "command" else key
            yield what, " ".join(missing), " ".join(extra) or "none"


def _environment(service: _Document, config: _Document) -> Iterator[tuple[str, str, str]]:
    """Variables that are set; an image may bring more."""
    found = dict(str(one).split("=", 1) for one in config.get("Env") or () if "=" in str(one))
    for name, value in (service.get("environment") or {}).items():
        wanted = str(value).replace("$$", "$")
        if found.get(name) != wanted:
            yield f"variable {name}", wanted, found.get(name, "none")


def _flags(words: Sequence[str]) -> list[str]:
    """Each flag with its values: `--parallel 2`."""
    flags: list[str] = []
    for word in words:
        if word.startswith("--") or not flags:
            flags.append(word)
        else:
            flags[-1] += f" {word}"
    return flags
