"""How replicas are replaced follows from their pool."""

from pathlib import Path

from deploys.plan.placement import plan_environment
from deploys.settings.environment import read_environment
from tests.environments import POOL, write_environment

IMAGES = {"llamacpp": "llama", "nginx": "nginx"}


def test_replicas_of_a_pool_shift_and_one_alone_is_swapped(tmp_path: Path) -> None:
    pools = {"chat": {**POOL, "replicas": 3, "drain_seconds": 60}, "alone": POOL}
    write_environment(tmp_path, {"pools": pools})
    plan = plan_environment(read_environment(tmp_path, "small"), IMAGES)
    found = {name: (one.strategy, one.drain_seconds) for name, one in plan.rollouts.items()}
    assert found == {
        **{f"chat-{number}": ("shift", 60) for number in (1, 2, 3)},
        "alone-1": ("swap", 600),
    }
    assert "2 other replicas carry pool chat" in plan.rollouts["chat-1"].reason
    assert "503 with Retry-After" in plan.rollouts["alone-1"].reason
