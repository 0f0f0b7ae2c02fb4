"""The lab by hand: python -m tests.lab up | down | status | ssh HOST [COMMAND] | logs HOST."""

import argparse
import os
import sys
import time
from collections.abc import Sequence

from tests.lab import keys
from tests.lab.gpus import PROFILES, Gpu
from tests.lab.images import remove_images
from tests.lab.lab import DEFAULT_NAME, Lab, down, fleet, open_lab, up
from tests.lab.machine import LabError, docker


def main(arguments: Sequence[str]) -> int:
    """Runs one command; its exit code."""
    options = _parser().parse_args(arguments)
    commands = {"up": _up, "down": _down, "status": _status, "ssh": _ssh, "logs": _logs}
    try:
        return commands[options.command](options)
    except LabError as error:
        print(error, file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description=__doc__)
    parser.add_argument("--name", default=DEFAULT_NAME, help="which lab (default: %(default)s)")
    verbs = parser.add_subparsers(dest="command", required=True)
    start = verbs.add_parser("up", help="have hosts gpu1, gpu2 … and gate1 … run; again is quick")
    start.add_argument("--gpu-hosts", type=int, default=2, metavar="N")
    start.add_argument("--gateways", type=int, default=1, metavar="N")
    start.add_argument(
        "--gpus", nargs="+", default=["h100", "h100"], choices=PROFILES, help="in each GPU host"
    )
    start.add_argument("--docker", action="store_true", help="hosts that have Docker already")
    start.add_argument("--registry", action="store_true", help="a private registry:5000 too")
    stop = verbs.add_parser("down", help="remove the lab: hosts, disks, network, keys")
    stop.add_argument("--images", action="store_true", help="the cached images too")
    verbs.add_parser("status", help="what runs")
    login = verbs.add_parser("ssh", help="log in as the operator, or run a command")
    login.add_argument("host")
    login.add_argument("words", nargs=argparse.REMAINDER, metavar="COMMAND")
    verbs.add_parser("logs", help="the host's journal").add_argument("host")
    return parser


def _up(options: argparse.Namespace) -> int:
    begun = time.monotonic()
    gpus = [Gpu(profile) for profile in options.gpus]
    image = "docker" if options.docker else "host"
    wanted = fleet(options.gpu_hosts, options.gateways, gpus=gpus, image=image)
    lab = up(options.name, wanted, registry=options.registry)
    _table(lab)
    print(f"up in {time.monotonic() - begun:.0f} s; ssh -F {keys.folder(lab.name)}/ssh_config HOST")
    return 0


def _down(options: argparse.Namespace) -> int:
    removed = down(options.name) + (remove_images() if options.images else [])
    print("\n".join(f"removed {what}" for what in removed) or f"lab {options.name} was not up")
    return 0


def _status(options: argparse.Namespace) -> int:
    lab = open_lab(options.name)
    if not lab.hosts:
        print(f"lab {options.name} is not up")
    _table(lab)
    return 0


def _ssh(options: argparse.Namespace) -> int:
    command = (*open_lab(options.name).host(options.host).ssh_command(), *options.words)
    os.execvp(command[0], command)  # noqa: S606  a terminal, not a pipe


def _logs(options: argparse.Namespace) -> int:
    print(open_lab(options.name).host(options.host).journal())
    return 0


def _table(lab: Lab) -> None:
    for host in lab.hosts:
        state = docker("inspect", "--format", "{{.State.Status}}", host.container)
        booted = host.run("systemctl is-system-running", check=False) if state == "running" else ""
        print(f"{host.name:10} {host.address:16} {state:10} {booted}")
    if lab.registry:
        print(f"{'registry':10} {lab.registry.address:16} {lab.registry.loopback} from here")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
