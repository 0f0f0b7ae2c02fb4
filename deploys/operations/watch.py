"""The watch on a host: systemd runs what the current release has of it, or nothing is left."""

import hashlib
from collections.abc import Generator, Mapping

from pyinfra import host
from pyinfra.api import QuoteString, StringCommand, operation

from deploys.facts.docker import DockerHost
from deploys.facts.gateway import Drains
from deploys.facts.once import once
from deploys.facts.watch import WatchedHost
from deploys.history.words import DRAINED_BY_WATCH
from deploys.operations.controller_secrets import revealed
from deploys.operations.docker_choice import refusal_of_system
from deploys.operations.gateways import names, reload, set_drains
from deploys.operations.host_script import SCRIPTS, refuse, run_script
from deploys.questions import watch as questions
from deploys.questions.docker import DockerSystem
from deploys.questions.watch import ADDRESS, WatchHost, watch_differences
from deploys.render.release_watch import WatchRelease

Commands = Generator[StringCommand, None, None]


@operation()
def installed(
    directory: str, environment: str, watch: WatchRelease, files: Mapping[str, str]
) -> Commands:
    """
    Have systemd run the watch of the current release.

    + directory: where the kit keeps its files
    + environment: whose watch it is
    + watch: what the release says of it
    + files: path -> sha256 of all that the release has
    """
    live = _asked(environment, directory, wanted=True)
    system = once(host, DockerHost)
    address = yield from revealed(watch.webhook)
    told = _secret_command(directory, address, live)
    differences = watch_differences(watch.digests(files), watch.started, live)
    if not differences and live.python and told is None:
        host.noop("the watch runs as committed")
        return
    if not system.systemd or not system.may_become_root:
        yield _refusal(system)
        return
    if not live.python:
        yield from _python(system)
    if told is not None:
        yield told
    if differences:
        yield _set(directory, environment, system, *watch.units)


@operation()
def given_up(directory: str, environment: str) -> Commands:
    """
    Have nothing of the watch left on a host.

    + directory: where the kit keeps its files
    + environment: whose watch it was
    """
    live = _asked(environment, directory, wanted=False)
    if live.secret:
        yield StringCommand("rm -f --", QuoteString(f"{directory}/{ADDRESS}"))
    if not live.digests:
        if not live.secret:
            host.noop("nothing watches this host")
        return
    yield _set(directory, environment, once(host, DockerHost))


@operation()
def let_back(directory: str, project: str) -> Commands:
    """
    Have a gateway use again what the watch has taken out, now that nothing watches.

    + directory: where the kit keeps its files
    + project: Compose project of the gateway
    """
    out = names(list(once(host, Drains, directory=directory).get("marks", ())), DRAINED_BY_WATCH)
    if not out:
        host.noop("the watch has taken out nothing")
        return
    yield set_drains(directory, *(f"-{name}.{DRAINED_BY_WATCH}" for name in out))
    yield reload(directory, project)


def _asked(environment: str, directory: str, *, wanted: bool) -> WatchHost:
    words = {"environment": environment, "directory": directory}
    return once(host, WatchedHost, **words, wanted=wanted)


def _secret_command(directory: str, address: str, live: WatchHost) -> StringCommand | None:
    """Brings the webhook's address into its 0600 file, or removes that; None: it is right."""
    wanted = hashlib.sha256(f"{address}\n".encode()).hexdigest() if address else ""
    if wanted == live.secret:
        return None
    path = QuoteString(f"{directory}/{ADDRESS}")
    if not address:
        return StringCommand("rm -f --", path)
    if not address.startswith(("https://", "http://")):
        return refuse("watch.webhook: it leads to no http or https address", "https://HOST/PATH")
    new = QuoteString(f"{directory}/{ADDRESS}.new")
    write = ("umask 077; rm -f", new, "&& cat >", new, "&& mv -fT", new, path)
    # Through standard input: no argument and no log line ever holds it.
    return StringCommand(*write, _stdin=f"{address}\n")


def _refusal(system: DockerSystem) -> StringCommand:
    hint = "leave `watch` out, or use a host with systemd, as root or with sudo"
    if not system.systemd:
        return refuse("the watch needs systemd, which is not PID 1 here", hint)
    return refuse("the watch needs root, for units of systemd", hint)


def _python(system: DockerSystem) -> Commands:
    refusal = refusal_of_system(system, "Python's standard library")
    if refusal is not None:
        yield refuse(refusal.error, refusal.hint)
        return
    sudo = system.uid != 0
    if not system.apt_lists_fresh:
        yield run_script(SCRIPTS / "apt", "update", sudo=sudo)
    # Certificates, for a webhook with https.
    yield run_script(SCRIPTS / "apt", "install", "python3", "ca-certificates", sudo=sudo)


def _set(directory: str, environment: str, system: DockerSystem, *units: str) -> StringCommand:
    return run_script(
        SCRIPTS / "set-watch", questions.UNITS, directory, environment, *units, sudo=system.uid != 0
    )
