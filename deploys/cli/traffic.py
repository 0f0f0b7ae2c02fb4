"""`homeport traffic ENV`: what gateways' logs say of requests, and what the cloud has cost."""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from checks.committed import Committed, gateway_projects, read_committed
from checks.probes.egress import spent
from checks.probes.gateway_log import access_log
from checks.probes.host import Unreachable
from checks.probes.live import observe_all
from checks.traffic.summary import Group, Traffic
from deploys.cli.exit_codes import ExitCode
from deploys.cli.options import EnvironmentArgument, JsonOption
from deploys.cli.root import repository_root
from deploys.render.nginx_pools import ENGINE_PORT

UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
# Seconds from the first try to the first byte, and of the whole request.
HEADINGS = (
    "", "requests", "errors", "first byte p50", "p95", "p99", "total p50", "p95", "p99",
    "MB sent", "tokens",
)  # fmt: skip
# Host -> where each cap of its budget for the cloud stands.
Spent = Mapping[str, Sequence[Mapping[str, Any]]]
SinceOption = Annotated[str, typer.Option(help="How far back: 90s, 30m, 1h, 7d.")]


def traffic(
    environment: EnvironmentArgument, since: SinceOption = "1h", as_json: JsonOption = False
) -> int:
    """Sums up the gateways' logs: requests, errors, percentiles, who answered whom, spend."""
    root, since_seconds = repository_root(), seconds(since)
    committed = read_committed(root, environment)
    names, lost = _replicas(committed, root)
    found = Traffic()
    for host, project in gateway_projects(committed):
        try:
            found.read(access_log(host, project, f"{since_seconds}s"), names)
        except Unreachable as unreachable:
            lost[host.name] = unreachable
    budgets = _spent(committed, lost)
    if as_json:
        document = _document(environment, since_seconds, found, list(lost))
        print(json.dumps({**document, "cloud_spent": budgets}, indent=2))
    else:
        _print(environment, since, found, Console())
        _print_spent(budgets)
    for reason in lost.values():
        print(f"error: {reason}", file=sys.stderr)
    return ExitCode.HOST_UNREACHABLE if lost else ExitCode.DONE


def seconds(words: str) -> int:
    """`1h` as 3600; raises typer.BadParameter for what is no such word."""
    match = re.fullmatch(r"([1-9][0-9]{0,6})([smhd])", words)
    if match is None:
        raise typer.BadParameter(f"--since {words}: a number and s, m, h or d, such as 30m")
    return int(match[1]) * UNIT_SECONDS[match[2]]


def _replicas(
    committed: Sequence[Committed], root: Path
) -> tuple[dict[str, str], dict[str, Unreachable]]:
    """What a log can say -> replica, and the hosts that gave no answer."""
    names: dict[str, str] = {}
    lost = {}
    seen = observe_all(committed, root)
    for one in committed:
        live = seen[one.host.name]
        if one.release.gateway is not None:
            names |= one.release.gateway.engines
        if isinstance(live, Unreachable):
            lost[one.host.name] = live
            continue
        for name, container in live.engines(one.release).items():
            names |= {f"{address}:{ENGINE_PORT}": name for address in container.addresses}
    return names, lost


def _spent(committed: Sequence[Committed], lost: dict[str, Unreachable]) -> Spent:
    """Of each gateway that has a way to the cloud and gave an answer."""
    cloudy = {
        one.host.name
        for one in committed
        if one.release.gateway is not None and one.release.gateway.egress is not None
    }
    found = {}
    for host, project in gateway_projects(committed):
        if host.name in cloudy - lost.keys():
            try:
                found[host.name] = spent(host, project)
            except Unreachable as unreachable:
                lost[host.name] = unreachable
    return found


def _print_spent(budgets: Spent) -> None:
    for host, caps in budgets.items():
        told = [f"{cap['name']} {cap['spent']:,g} of {cap['limit']:,g}" for cap in caps]
        print(f"cloud, spent by {host}: {', '.join(told) or 'its egress hop does not say'}")


def _print(environment: str, since: str, found: Traffic, console: Console) -> None:
    if not found.all.requests:
        print(f"{environment}: no request in the last {since}")
        return
    table = Table(*HEADINGS, box=None, padding=(0, 2, 0, 0))
    table.add_row("all", *_cells(found.all))
    for kind, rows in _kinds(found).items():
        for name, group in sorted(rows.items(), key=lambda row: (-row[1].requests, row[0])):
            table.add_row(f"{kind[:-1]} {name}", *_cells(group))
    console.print(table, markup=False, highlight=False)
    for line in _shares(found.all):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _kinds(found: Traffic) -> dict[str, dict[str, Group]]:
    return {
        "pools": found.pools,
        "arms": found.arms,
        "replicas": found.replicas,
        "clients": found.clients,
        "keys": found.keys,
    }


def _cells(group: Group) -> list[str]:
    times = [quantiles.at(share) for quantiles in (group.first_byte, group.total)
             for share in (0.5, 0.95, 0.99)]  # fmt: skip
    shown = ["-" if one is None else f"{one:.3f} s" for one in times]
    sent = [f"{group.sent_bytes / 1e6:,.1f}", f"{group.tokens:,}" if group.tokens else "-"]
    return [f"{group.requests:,}", f"{group.errors:,}", *shown, *sent]


def _shares(group: Group) -> list[str]:
    """What has no place in the table."""

    def line(title: str, counts: Mapping[Any, int]) -> str:
        words = [f"{name} {counts[name]:,} ({counts[name] / group.requests:.1%})"
                 for name in sorted(counts, key=lambda name: -counts[name])]  # fmt: skip
        return f"{title}: {', '.join(words)}"

    told: dict[str, Mapping[Any, int]] = {
        "answered by": group.providers,
        "arms": group.arms,
        "the cloud may take": group.cloud_arms,
        "statuses": group.statuses,
        "the gateway's own errors": group.refusals,
        "not by the first replica": group.reasons,
        "answer cache": group.cache,
    }
    return [line(title, counts) for title, counts in told.items() if counts]


def _document(
    environment: str, since_seconds: int, found: Traffic, lost: Sequence[str]
) -> dict[str, Any]:
    return {
        "environment": environment,
        "since_seconds": since_seconds,
        "all": found.all.document() if found.all.requests else None,
        **{
            kind: {name: group.document() for name, group in sorted(groups.items())}
            for kind, groups in _kinds(found).items()
        },
        "other_lines": found.other_lines,
        "unreachable": sorted(lost),
    }
