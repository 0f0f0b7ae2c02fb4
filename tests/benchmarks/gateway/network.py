"""Containers of the benchmark, on a Docker network of their own."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.lab.machine import docker, one_at_a_time

NAME = "homeport-bench"
LABEL = "homeport.bench=gateway"
CONTAINERS = Path(__file__).with_name("containers")
INSIDE = "/etc/bench"
# As the kit's Compose file has them: writing a log is part of what a gateway costs.
LOGGING = ("--log-driver=json-file", "--log-opt=max-size=50m", "--log-opt=max-file=5")


@contextmanager
def bench_network() -> Iterator[None]:
    """The network, until the block ends; then it and all containers on it are gone."""
    # One benchmark at a time, so that what is found was left by one that was killed.
    with one_at_a_time(NAME):
        _clean()
        docker("network", "create", "--label", LABEL, NAME)
        try:
            yield
        finally:
            _clean()


def start(part: str, *arguments: str, aliases: Sequence[str] = ()) -> None:
    """`docker run` with a name, on the network; from then on it is called by its part."""
    names = [f"--network-alias={alias}" for alias in aliases]
    place = [f"--name={container(part)}", f"--network={NAME}", *names, f"--label={LABEL}"]
    docker("run", "--detach", *place, *LOGGING, *arguments)


def start_nginx(
    part: str, image: str, file: str, workers: int = 1, aliases: Sequence[str] = ()
) -> None:
    """An nginx with one of the files in containers/."""
    confined = ("--user=10001", "--read-only", "--tmpfs=/tmp", "--cap-drop=ALL")
    mounted = (f"--volume={CONTAINERS}:{INSIDE}:ro", "--entrypoint=nginx")
    # What stands in the file wins: only the proxies leave it out.
    processes = f" worker_processes {workers};" if workers > 1 else ""
    command = (image, "-c", f"{INSIDE}/{file}", "-g", f"daemon off;{processes}")
    start(part, *confined, *mounted, *command, aliases=aliases)


def remove(part: str) -> None:
    """Stops a container and forgets it."""
    docker("rm", "--force", "--volumes", container(part), check=False)


def container(part: str) -> str:
    """What Docker calls it."""
    return f"{NAME}-{part}"


def address(part: str) -> str:
    """Its address on the network; another one after each start."""
    shown = f'{{{{(index .NetworkSettings.Networks "{NAME}").IPAddress}}}}'
    return docker("inspect", "--format", shown, container(part))


def _clean() -> None:
    found = docker("ps", "--all", "--quiet", "--filter", f"label={LABEL}").split()
    if found:
        docker("rm", "--force", "--volumes", *found, check=False)
    docker("network", "rm", NAME, check=False)
