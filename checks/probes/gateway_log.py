"""A gateway's access log, line by line as it comes over the connection."""

import shlex
import subprocess
import tempfile
from collections.abc import Iterator

from checks.probes.host import Unreachable, command_line
from deploys.settings.inventory import InventoryHost

# All that Docker keeps of a gateway's log, 250 MiB, at 1 MiB/s.
LIMIT_SECONDS = 300
# `docker logs` puts what nginx wrote to standard error there: the access log comes alone.
_SCRIPT = """\
container=$(docker ps --quiet --all --filter label=com.docker.compose.project={project} \
--filter label=com.docker.compose.service=nginx | head -n 1)
[ -n "$container" ] || {{ echo "there is no gateway's container" >&2; exit 3; }}
docker logs --since {since} "$container" {errors}
"""


def access_log(
    host: InventoryHost, project: str, since: str, *, with_errors: bool = False
) -> Iterator[str]:
    """Its lines, oldest first; never more than one of them in memory.

    `since` is a time ago (`90s`), or seconds since 1970 by the host's clock; `project` is the
    gateway's Compose project; `with_errors`: nginx's other lines as well. Raises Unreachable when
    the host cannot be asked or stops answering, after the lines that came before.
    """
    script = _SCRIPT.format(
        project=shlex.quote(project),
        since=since,
        errors="2>&1" if with_errors else "2>/dev/null",
    )
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
