"""A gateway's access log, line by line as it comes over the connection."""

import shlex
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import datetime

from checks.probes.host import Unreachable, command_line, run
from deploys.settings.inventory import InventoryHost

# All that Docker keeps of a gateway's log, 250 MiB, at 1 MiB/s.
LIMIT_SECONDS = 300
_CONTAINER = """\
container=$(docker ps --quiet --all --filter label=com.docker.compose.project={project} \
--filter label=com.docker.compose.service=nginx | head -n 1)
[ -n "$container" ] || {{ echo "there is no gateway's container" >&2; exit 3; }}
"""
# `docker logs` puts what nginx wrote to standard error there: the access log comes alone.
_LINES = _CONTAINER + 'docker logs --since {since} "$container" {errors}\n'
_OLDEST = _CONTAINER + 'docker logs --timestamps "$container" 2>&1 | head -n 1\n'


def access_log(
    host: InventoryHost, project: str, since: str, *, with_errors: bool = False
) -> Iterator[str]:
    """Its lines, oldest first; never more than one of them in memory.

    `since` is a time ago (`90s`), or seconds since 1970 by the host's clock; `project` is the
    gateway's Compose project; `with_errors`: nginx's other lines as well. Raises Unreachable when
    the host cannot be asked or stops answering, after the lines that came before.
    """
    script = _LINES.format(
        project=shlex.quote(project),
        since=since,
        errors="2>&1" if with_errors else "2>/dev/null",
    )
    return _lines(host, script)


def _lines(host: InventoryHost, script: str) -> Iterator[str]:
    line = command_line(host, f"timeout -k 5 {LIMIT_SECONDS} sh -c {shlex.quote(script)}")
    # In a file: a pipe that nobody reads meanwhile fills up, and the other end waits for ever.
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(
            line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors
        ) as process,
    ):
        try:
            assert process.stdout is not None
            for raw in process.stdout:
                yield raw.decode(errors="replace")
            status = process.wait()
        finally:
            process.kill()
        if status:
            errors.seek(0)
            said = errors.read().decode(errors="replace").split("\n")
            words = [word.strip() for word in said if word.strip()]
            raise Unreachable(host.name, words[-1] if words else f"exit status {status}")


def log_begin(host: InventoryHost, project: str) -> datetime | None:
    """When the oldest line was written that Docker still keeps, of whatever nginx says; None where
    there is none. Raises Unreachable.
    """
    line = run(host, _OLDEST.format(project=shlex.quote(project))).strip()
    if not line:
        return None
    try:
        return datetime.fromisoformat(line.split()[0])
    except ValueError:
        raise Unreachable(host.name, f"its gateway's log has no time: {line[:100]}") from None
