"""How a host is set up against what the inventory says: packages, holds, driver, daemon.json.

By the rules of the deploys: what an apply would change, and what it would refuse.
"""

from collections.abc import Iterator, Mapping

from checks.committed import Committed
from checks.probes.live import Live
from deploys.operations import daemon_json, docker_choice, nvidia_choice
from deploys.operations.docker_choice import Refusal
from deploys.operations.package_choice import NOTHING, fits, missing_holds
from deploys.questions.nvidia import NvidiaSystem
from deploys.questions.packages import Package
from deploys.settings.docker import decides

# What, committed, live, remedy; an empty remedy is an apply.
Differences = Iterator[tuple[str, str, str, str]]


def setup_differences(committed: Committed, live: Live) -> Differences:
    """Every difference in how the host is set up."""
    docker, connection = committed.docker, committed.host.connection
    if docker.source == "docker":
        yield from _packages(docker_choice.docker_packages(docker), live)
    if live.docker_answers and decides(docker.daemon.managed, connection):
        yield from _daemon(committed, live)
    if live.setup.nvidia.devices and decides(committed.nvidia.managed, connection):
        yield from _nvidia(committed, live)


def _packages(wanted: Mapping[str, str | None], live: Live) -> Differences:
    there = dict(live.setup.packages)
    for name, version in wanted.items():
        installed = there.get(name, NOTHING).installed
        if not fits(installed, version):
            yield f"package {name}", version or "installed", installed or "missing", ""
    pinned = {name: version for name, version in wanted.items() if version is not None}
    yield from _unheld({name: there[name] for name in missing_holds(pinned, there)})


def _unheld(packages: Mapping[str, Package]) -> Differences:
    for name, package in packages.items():
        yield f"package {name}: hold", "held", f"{package.installed}, not held", ""


def _daemon(committed: Committed, live: Live) -> Differences:
    state = live.setup.daemon
    merged = daemon_json.merge(state, daemon_json.wanted(committed.docker.daemon, state.version))
    if isinstance(merged, Refusal):
        yield "daemon.json", "the kit's keys", merged.error, merged.hint
        return
    for key, (wanted, found) in daemon_json.changes(state, merged).items():
        yield f"daemon.json: {key}", wanted, found, ""
    if state.pending and not merged.changed:
        yield "daemon.json", "known to the daemon", f"a {state.pending} is outstanding", ""


def _nvidia(committed: Committed, live: Live) -> Differences:
    words, found = committed.nvidia, live.setup.nvidia
    engine = live.docker if live.docker_answers else ""
    if old := docker_choice.refusal_for_gpus(engine, committed.docker.source):
        yield "Docker Engine", f"{docker_choice.CDI_SINCE} or later", live.docker, old.hint
    if words.driver.version and not fits(found.library, words.driver.version):
        yield "NVIDIA driver: libraries", words.driver.version, found.library or "missing", ""
    yield from _fit(found)
    toolkit = dict.fromkeys(nvidia_choice.TOOLKIT_PACKAGES, words.toolkit.version)
    there = dict(live.setup.packages)
    for name, version in toolkit.items():
        if not fits(there.get(name, NOTHING).installed, version):
            installed = there.get(name, NOTHING).installed
            yield f"package {name}", version, installed or "missing", ""
    kept = {name: one for name, one in there.items() if name in _of_nvidia(there)}
    yield from _unheld({name: kept[name] for name in nvidia_choice.unheld(kept)})


def _of_nvidia(packages: Mapping[str, Package]) -> set[str]:
    return set(packages) - set(docker_choice.DOCKER_PACKAGES)


def _fit(nvidia: NvidiaSystem) -> Differences:
    """Kernel module, libraries and CDI specification are of one driver."""
    if wrong := nvidia_choice.mismatch(nvidia):
        yield "NVIDIA driver", "module and libraries fit", wrong.error, wrong.hint
    if nvidia.library and nvidia_choice.cdi_is_stale(nvidia):
        found = nvidia.cdi_driver or "no library" if nvidia.cdi else "missing"
        yield "CDI specification", f"of driver {nvidia.library}", found, ""
