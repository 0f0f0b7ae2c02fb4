"""The part of a release manifest that is about what the host's store of models has to hold."""

from collections.abc import Mapping

from deploys.plan.plan import HostPlan, Plan
from deploys.render import engine_files
from deploys.render.release import ModelCopy


def model_copies(plan: Plan, host: HostPlan, shipped: Mapping[str, str]) -> tuple[ModelCopy, ...]:
    """Of its replicas, with their adapters and the files that engines read beside them."""
    entries = {pool.name: pool.model_name for pool in plan.pools}
    copies = {
        entries[replica.pool]: ModelCopy(
            name=entries[replica.pool], source=replica.model.source, files=replica.model.every_file
        )
        for replica in host.replicas
    }
    here = {replica.pool for replica in host.replicas}
    copies |= {
        f"{pool.model_name}-{name}": ModelCopy(
            name=f"{pool.model_name}-{name}", source=adapter.source, files=adapter.files
        )
        for pool in plan.pools
        if pool.name in here
        for name, adapter in pool.adapters.items()
    }
    beside = engine_files.copies(plan.environment, host.name, shipped)
    return (*(copies[name] for name in sorted(copies)), *beside)
