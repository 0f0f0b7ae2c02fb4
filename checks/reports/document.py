"""From the lines of a run, the commit and kept benchmarks to one report."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checks.committed import Committed
from checks.reports.said import findings
from checks.reports.words import (
    SCHEMA,
    Benchmark,
    Check,
    Counts,
    Gpu,
    Host,
    Part,
    Replica,
    Report,
)
from deploys.history.kept import fleet_name


@dataclass(frozen=True)
class About:
    """Which run it was."""

    environment: str
    time: str
    """UTC, when it began; see checks/benchmarks/moment.py."""
    seconds: float
    disruptive: bool
    exit_code: int


def fleet_of(committed: Iterable[Committed]) -> str:
    """The name of all hosts' releases together, as `homeport releases` has it."""
    return fleet_name({one.host.name: one.release.release for one in committed})


def report(
    about: About,
    committed: Sequence[Committed],
    results: Iterable[Mapping[str, Any]],
    benchmarks: Sequence[Benchmark] = (),
) -> Report:
    """`results`: the lines that checks/results.py writes."""
    checks = [_check(one) for one in results]
    counted = Counter(str(one.result) for one in checks)
    return Report(
        environment=about.environment,
        fleet=fleet_of(committed),
        time=about.time,
        seconds=round(about.seconds, 3),
        disruptive=about.disruptive,
        exit_code=about.exit_code,
        counts=Counts(**{name: counted[name] for name in Counts.model_fields}),
        hosts=[_host(one) for one in committed],
        checks=checks,
        benchmarks=list(benchmarks),
    )


def written(found: Part) -> dict[str, Any]:
    """For JSON."""
    return {"schema": SCHEMA, **found.model_dump()}


def _check(line: Mapping[str, Any]) -> Check:
    group = Path(line["file"]).stem.removeprefix("check_")
    red = line["result"] in ("failed", "unreachable")
    return Check(**line, group=group, findings=findings(line["message"]) if red else [])


def _host(one: Committed) -> Host:
    release = one.release
    pools = {replica.name: replica.pool for replica in one.replicas}
    return Host(
        name=one.host.name,
        roles=[project.role for project in release.projects],
        release=release.release,
        gpus=[
            Gpu(uuid=gpu.uuid, name=gpu.name, memory_mib=gpu.memory_mib)
            for gpu in (release.hardware.gpus if release.hardware else ())
        ],
        replicas=[
            Replica(
                name=planned.name,
                pool=pools.get(planned.name, ""),
                engine=planned.engine,
                version=planned.version,
                model=planned.model,
            )
            for planned in release.replicas
        ],
    )
