"""Looks for secrets on a lab host, while something runs there and afterwards."""

import base64
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from tests.lab.host import File, LabHost
from tests.lab.waiting import until

FOLDER = "/root/watch"
LONGEST_RUN_SECONDS = 1800
# Where a run could leave anything; /proc has what every user of the host can see of processes.
PLACES = "/srv/homeport /tmp /var/tmp /run /etc /root /home /var/log /var/lib/homeport"
LOOP = f"""
cd {FOLDER}
while [ ! -e stop ]; do
    for process in /proc/[0-9]*; do
        cat $process/cmdline $process/environ 2>/dev/null | tr '\\0' '\\n' |
            grep --text --only-matching --fixed-strings --file needles |
            sed 's/^/process /' >>seen
    done
    grep --recursive --text --files-with-matches --fixed-strings --file needles \\
        --exclude-dir=watch --exclude-dir=systemd /srv/homeport /tmp /run/homeport /root /home \\
        2>/dev/null | xargs --no-run-if-empty stat --format 'file %a %U %n' >>seen 2>/dev/null
    echo looked >>rounds
done
touch stopped
"""

LEFT = f"""
cd {FOLDER}
has() {{ grep --quiet --text --fixed-strings --file needles; }}
grep --recursive --text --files-with-matches --fixed-strings --file needles --exclude-dir=watch \\
    {PLACES} 2>/dev/null | sed 's/^/file /'
! journalctl --no-pager --output=verbose | has || echo journal
for container in $(docker ps --all --quiet); do
    name=$(docker inspect --format '{{{{.Name}}}}' $container)
    ! docker inspect $container | has || echo "inspect $name"
    ! docker logs $container 2>&1 | has || echo "logs $name"
done
! docker inspect $(docker image ls --quiet) 2>/dev/null | has || echo 'inspect an image'
for process in /proc/[0-9]*; do
    for part in cmdline environ; do
        ! tr '\\0' '\\n' 2>/dev/null <$process/$part | has || echo "$part of $(cat $process/comm)"
    done
done
"""


def needles(secrets: Iterable[str], user: str) -> str:
    """Each secret as it is, and as Docker's client and HTTP write it with its user."""
    forms = [(one, base64.b64encode(f"{user}:{one}".encode()).decode()) for one in secrets]
    return "".join(f"{form}\n" for pair in forms for form in pair)


def lay(host: LabHost, words: str) -> None:
    """Tells a host what to look for, in a place where nothing looks."""
    host.run(f"rm -rf {FOLDER}; mkdir -m 700 {FOLDER}")
    host.put({f"{FOLDER}/needles": File(words.encode(), 0o600)})


@contextmanager
def watched(host: LabHost, words: str) -> Iterator[None]:
    """Samples processes and files of a host as often as it can for as long as the block lasts.

    Once at least: begins when it has looked, and ends when a last look is over.
    """
    lay(host, words)
    host.put({f"{FOLDER}/loop": File(LOOP.encode(), 0o600)})
    host.run(f"setsid timeout {LONGEST_RUN_SECONDS} sh {FOLDER}/loop >/dev/null 2>&1 &")
    _appears(host, "rounds")
    try:
        yield
    finally:
        host.run(f"touch {FOLDER}/stop")
        _appears(host, "stopped")


def _appears(host: LabHost, name: str) -> None:
    until(lambda: host.run(f"ls {FOLDER}/{name} 2>&-", check=False), every_seconds=0.1)


def seen(host: LabHost) -> set[str]:
    """What the samples showed: `process …` or `file MODE OWNER PATH`."""
    return set(host.run(f"sort -u {FOLDER}/seen").splitlines())


def left(host: LabHost) -> list[str]:
    """Where a secret still stands: files, the journal, processes, Docker's own answers; sorted."""
    return sorted(set(host.run(LEFT).splitlines()))


def forget(host: LabHost) -> None:
    host.run(f"rm -rf {FOLDER}")
