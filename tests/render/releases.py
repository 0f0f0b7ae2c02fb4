"""A host's committed release, as far as its replicas and their GPUs go."""

from collections.abc import Mapping

from deploys.render.release import Release


def host_release(
    host: str,
    replicas: Mapping[str, tuple[str, ...]],
    slices: Mapping[str, tuple[str, ...]] | None = None,
) -> Release:
    """Replica -> UUIDs of its GPUs or slices, none for RAM; its pool and model stand before the
    dash. `slices`: of each GPU.
    """
    gpus = [{"uuid": uuid, "name": "card", "memory_mib": 1, "compute_capability": None,
             "slices": parts} for uuid, parts in (slices or {}).items()]  # fmt: skip
    document = {
        "environment": "lab", "host": host, "release": "0123456789ab", "network": "lab",
        "files": {}, "images": [], "models": [], "projects": [], "engines": None, "gateway": None,
        "hardware": {"physical_cores": 1, "memory_mib": 1, "gpus": gpus},
        "replicas": [_replica(name, uuids) for name, uuids in replicas.items()],
        "rollouts": [_rollout(name) for name in replicas],
    }  # fmt: skip
    return Release.model_validate(document, strict=False)


def _replica(name: str, uuids: tuple[str, ...]) -> dict[str, object]:
    devices = [{"device": "CPU", "expected_mib": {}, "upper_mib": {}}]
    devices += [
        {"device": f"CUDA{place}", "gpu": uuid, "expected_mib": {}, "upper_mib": {}}
        for place, uuid in enumerate(uuids)
    ]
    return {"name": name, "engine": "vllm", "version": "0", "model": "m", "devices": devices}


def _rollout(name: str) -> dict[str, object]:
    pool = name.partition("-")[0]
    return {"name": name, "pool": pool, "model": pool, "strategy": "swap", "reason": "alone",
            "drain_seconds": 1, "steady_seconds": 1}  # fmt: skip
