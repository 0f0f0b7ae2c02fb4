"""A plan as a program reads it. Units stand in the names; deploys/README.md names the fields."""

import dataclasses
from typing import Any

from deploys.plan.arguments import argument_words
from deploys.plan.group import Group
from deploys.plan.memory.estimate import DeviceEstimate
from deploys.plan.plan import Plan, Pool, Replica
from deploys.plan.rollout import Rollout
from deploys.plan.speed import Speed
from deploys.plan.verdict import Verdict


def plan_document(plan: Plan) -> dict[str, Any]:
    """Everything that was planned, in JSON's words."""
    return {
        "environment": plan.environment,
        "pools": [_pool(pool) for pool in plan.pools],
        "replicas": [
            _replica(plan, one)
            for pool in plan.pools
            for replica in pool.replicas
            for one in replica.everywhere
        ],
    }


def _pool(pool: Pool) -> dict[str, Any]:
    return {
        "name": pool.name,
        "public_name": pool.public_name,
        "aliases": list(pool.routing.aliases),
        "engine": pool.engine,
        "engine_reason": pool.engine_reason,
        "model": pool.model_name,
        "quantization": pool.quantization,
        "reasons": list(pool.reasons),
    }


def _replica(plan: Plan, replica: Replica) -> dict[str, Any]:
    gpus = zip(replica.gpus, replica.memory, replica.verdicts, strict=False)
    return {
        "name": replica.name,
        "pool": replica.pool,
        "host": replica.host,
        "group": _group(replica.group),
        "numa_node": replica.numa_node,
        "gpus": [_gpu(uuid, device, verdict) for uuid, device, verdict in gpus],
        "arguments": argument_words(replica.arguments),
        "memory_mib": dict(replica.memory_mib),
        "limits": dataclasses.asdict(replica.limits),
        "rollout": _rollout(plan.rollouts.get(replica.name)),
        "stand_in": _stand_in(plan.stand_ins.get(replica.name)),
        "speed_tokens_per_second": _speed(replica.speed),
    }


def _group(group: Group | None) -> dict[str, Any] | None:
    return dataclasses.asdict(group) | {"master": group.master} if group else None


def _rollout(rollout: Rollout | None) -> dict[str, Any] | None:
    """Of rank 0 alone: the others of its group go with it."""
    return dataclasses.asdict(rollout) if rollout else None


def _stand_in(replica: Replica | None) -> dict[str, Any] | None:
    if replica is None:
        return None
    return {"name": replica.name, "gpus": list(replica.gpus), "endpoint": replica.endpoint}


def _gpu(uuid: str, device: DeviceEstimate, verdict: Verdict) -> dict[str, Any]:
    return {
        "uuid": uuid,
        "outcome": verdict.outcome.value,
        "binding": verdict.binding,
        "explanation": verdict.explanation,
        "needed_mib": round(verdict.needed_mib, 1),
        "available_mib": round(verdict.available_mib, 1),
        "margin_mib": round(verdict.margin_mib, 1),
        "parts_mib": {
            name: {"expected": round(part.expected, 1), "upper": round(part.upper, 1)}
            for name, part in device.parts.items()
            if name != "margin"
        },
    }


def _speed(speed: Speed | None) -> dict[str, float] | None:
    if speed is None:
        return None
    return {name: round(value, 1) for name, value in dataclasses.asdict(speed).items()}
