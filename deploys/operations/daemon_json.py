"""What /etc/docker/daemon.json should say: decisions, no host touched."""

import json
from dataclasses import dataclass
from typing import Any

from deploys.operations.docker_choice import CDI_SINCE, Refusal, major
from deploys.questions.docker_daemon import PATH, DaemonState
from deploys.settings.docker import Daemon

# What dockerd takes in on SIGHUP, of the keys that are ours; everything else needs a restart, the
# CDI feature too, whose directories are read only at the start (moby: daemon/reload.go).
RELOADED = frozenset({"live-restore", "registry-mirrors", "insecure-registries"})


@dataclass(frozen=True)
class Merged:
    """What is to be written, and how the daemon gets to know it."""

    text: str
    changed: tuple[str, ...]
    """Keys whose value differs from what is there."""

    @property
    def step(self) -> str:
        """`reload`, `restart`, or nothing to do."""
        if not self.changed:
            return ""
        return "reload" if RELOADED.issuperset(self.changed) else "restart"


def wanted(daemon: Daemon, version: str) -> dict[str, Any]:
    """The keys that are the kit's, for a dockerd of this version."""
    keys: dict[str, Any] = {"live-restore": daemon.live_restore}
    if daemon.log_max_size_mib is not None:
        keys["log-driver"] = "json-file"
        # Docker wants texts here.
        size = f"{daemon.log_max_size_mib}m"
        keys["log-opts"] = {"max-size": size, "max-file": str(daemon.log_files)}
    if daemon.registry_mirrors is not None:
        keys["registry-mirrors"] = list(daemon.registry_mirrors)
    if daemon.insecure_registries is not None:
        keys["insecure-registries"] = list(daemon.insecure_registries)
    # On by default from 28.2 on; written out all the same, so that nothing else switches it off.
    if major(version) >= CDI_SINCE:
        keys["features"] = {"cdi": True}
    return keys


def merge(state: DaemonState, keys: dict[str, Any]) -> Merged | Refusal:
    """The host's own configuration with the kit's keys in it; a broken one is refused."""
    found = _parsed(state.text)
    if isinstance(found, Refusal):
        return found
    if keys["live-restore"] and state.swarm:
        return Refusal(
            "this host is in a swarm, and Docker has no live-restore there",
            'leave the swarm, or set "live_restore": False in docker.daemon',
        )
    merged = {**found, **{key: _joined(found, key, value) for key, value in keys.items()}}
    changed = tuple(sorted(key for key in keys if found.get(key) != merged[key]))
    return Merged(json.dumps(merged, indent=2) + "\n", changed)


def changes(state: DaemonState, merged: Merged) -> dict[str, tuple[str, str]]:
    """Key -> what it is to be and what it is, as JSON."""
    found, wanted = _parsed(state.text), json.loads(merged.text)
    there = {} if isinstance(found, Refusal) else found
    return {
        key: (json.dumps(wanted[key]), json.dumps(there[key]) if key in there else "not there")
        for key in merged.changed
    }


def _joined(found: dict[str, Any], key: str, value: object) -> object:
    """Ours; in a mapping, theirs stands beside ours."""
    theirs = found.get(key)
    if not isinstance(value, dict) or not isinstance(theirs, dict):
        return value
    # Options of another log driver mean nothing to json-file, or keep the daemon from starting.
    if key == "log-opts" and found.get("log-driver", "json-file") != "json-file":
        return value
    return {**theirs, **value}


def _parsed(text: str | None) -> dict[str, Any] | Refusal:
    # dockerd takes an empty file for {}.
    if text is None or not text.strip():
        return {}
    hint = f"mend {PATH} on the host, or move it away; the kit adds its keys to what is there"
    try:
        parsed = json.loads(text)
    except json.JSONDecodeError as error:
        line = text.splitlines()[error.lineno - 1 : error.lineno]
        where = f"line {error.lineno}, column {error.colno}: {error.msg}"
        return Refusal(f"{PATH}: {where}: {''.join(line).strip()!r}", hint)
    if not isinstance(parsed, dict):
        return Refusal(f"{PATH}: line 1: it holds no object", hint)
    return parsed
