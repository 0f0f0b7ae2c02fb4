"""A gateway's log, line by line as it comes over the connection."""

import shlex
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import datetime

from checks.probes.host import Unreachable, command_line, run
from deploys.questions.gateway_log import lines_since, oldest_time
from deploys.settings.inventory import InventoryHost

# All that is kept of a gateway's access log, 250 MiB, at 1 MiB/s.
LIMIT_SECONDS = 300


def access_log(
    host: InventoryHost, project: str, since: str, *, with_errors: bool = False
) -> Iterator[str]:
    """Its lines, oldest first; never more than one of them in memory.

    `since` is a time ago (`90s`), or seconds since 1970 by the host's clock; `project` is the
    gateway's Compose project; `with_errors`: nginx's other lines as well. Raises Unreachable when
    the host cannot be asked or stops answering, after the lines that came before.
    """
    return _lines(host, lines_since(project, since, with_errors=with_errors))


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
    """When the oldest line of the access log was written that is still kept; where it has none, of
    whatever nginx says; None where there is nothing. Raises Unreachable.
    """
    line = run(host, oldest_time(project)).strip()
    if not line:
        return None
    try:
        return datetime.fromisoformat(line.split()[0])
    except ValueError:
        raise Unreachable(host.name, f"its gateway's log has no time: {line[:100]}") from None
