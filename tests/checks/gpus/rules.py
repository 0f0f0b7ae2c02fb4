"""Every rule by a short name, for one examined host."""

from collections.abc import Mapping
from functools import partial

from checks.gpus import configuration, heat, links, memory, recovery
from checks.gpus.findings import Examined, Rule, Severity, findings
from deploys.render.release import PlannedReplica

Found = tuple[str, Severity, str]
"""Rule's name, severity, words."""


def rules(examined: Examined, replicas: tuple[PlannedReplica, ...] = ()) -> Mapping[str, Rule]:
    """All that judge one GPU."""
    return {
        "lost": recovery.lost,
        "recovery": recovery.recovery_action,
        "inforom": recovery.inforom,
        "errors": memory.errors,
        "rows": memory.remapped_rows,
        "pages": memory.retired_pages,
        "throttled": heat.throttled,
        "hot": heat.temperature,
        "power": heat.power_limit,
        "pcie": links.pcie,
        "nvlink": partial(links.nvlink, examined),
        "fabric": links.fabric,
        "persistence": configuration.persistence,
        "compute": configuration.compute_mode,
        "mig": partial(configuration.mig, examined),
        "foreign": partial(configuration.foreign_memory, replicas),
    }


def all_found(examined: Examined) -> dict[int, list[Found]]:
    """GPU's index -> everything that any rule finds of it."""
    found: dict[int, list[Found]] = {gpu.index: [] for gpu in examined.health.gpus}
    for name, rule in rules(examined).items():
        for one in findings(examined, rule)[0]:
            index = int(one.evidence.removeprefix("GPU ").split(" ")[0].rstrip(":,"))
            found[index].append((name, one.severity, str(one)))
    return found
