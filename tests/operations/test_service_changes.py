"""What happens to the engines of a fleet, and in which order."""

from deploys.operations.service_changes import Changes, Step, changes, rollout_steps


def _service(config: str, status: str = "running", health: str = "healthy") -> dict[str, str]:
    return {"config": config, "status": status, "health": health}


def test_what_runs_as_rendered_is_left_alone() -> None:
    assert changes({"chat-1": _service("a"), "chat-2": _service("b", health="starting")},
                   {"chat-1": "a", "chat-2": "b"}) == Changes()  # fmt: skip


def test_what_answers_with_another_configuration_is_replaced_and_not_just_started() -> None:
    found = changes({"chat-1": _service("old")}, {"chat-1": "new"})
    assert found == Changes(replace=("chat-1",))
    assert found.rolls


def test_what_answers_nobody_is_started_without_a_drain() -> None:
    current = {
        "chat-1": _service("a", status="exited"),
        "chat-2": _service("a", health="unhealthy"),
    }
    found = changes(current, dict.fromkeys(("chat-1", "chat-2", "chat-3"), "a"))
    assert found == Changes(start=("chat-1", "chat-2", "chat-3"))
    assert not found.rolls


def test_what_the_release_has_no_more_is_removed_in_its_turn() -> None:
    assert changes({"chat-2": _service("a")}, {}) == Changes(remove=("chat-2",))


def test_steps_go_by_pool_and_number_over_all_hosts() -> None:
    by_host = {
        "gpu2": Changes(replace=("chat-10", "chat-2", "embed-1")),
        "gpu1": Changes(replace=("chat-1", "chat-9")),
    }
    order = [(step.service, step.host) for step in rollout_steps(by_host)]
    assert order == [
        ("chat-1", "gpu1"), ("chat-2", "gpu2"), ("chat-9", "gpu1"), ("chat-10", "gpu2"),
        ("embed-1", "gpu2"),
    ]  # fmt: skip


def test_what_is_new_waits_for_what_may_hold_its_port_or_its_gpu() -> None:
    by_host = {"gpu1": Changes(start=("a-1",), replace=("chat-1",)), "gpu2": Changes(("b-1",))}
    # b-1 shares its host with nothing that is touched: it was started before any rollout.
    assert rollout_steps(by_host) == [
        Step("replace", "gpu1", "chat-1"),
        Step("start", "gpu1", "a-1"),
    ]


def test_what_a_dead_run_has_drained_is_proved_unless_it_is_replaced_anyway() -> None:
    by_host = {"gpu1": Changes(replace=("chat-1",)), "gpu2": Changes()}
    left = [("gpu1", "chat-1"), ("gpu2", "chat-2")]
    assert rollout_steps(by_host, left) == [
        Step("replace", "gpu1", "chat-1"),
        Step("prove", "gpu2", "chat-2"),
    ]


def test_a_left_stand_in_that_serves_goes_after_its_replica_and_before_all_else() -> None:
    left = ("chat-2-surge",)
    by_host = {"gpu1": Changes(replace=("a-1", "chat-1", "chat-2"), remove=left)}
    order = [step.service for step in rollout_steps(by_host, serving=left)]
    assert order == ["chat-2", "chat-2-surge", "a-1", "chat-1"]


def test_a_left_stand_in_that_does_not_serve_makes_room_first() -> None:
    by_host = {"gpu1": Changes(replace=("a-1", "chat-2"), remove=("chat-2-surge",))}
    order = [step.service for step in rollout_steps(by_host)]
    assert order == ["chat-2-surge", "chat-2", "a-1"]


def test_a_left_stand_in_goes_after_its_replica_was_started_or_proved() -> None:
    left = ("chat-1-surge", "chat-2-surge")
    by_host = {"gpu1": Changes(start=("chat-1",), remove=left)}
    steps = rollout_steps(by_host, [("gpu1", "chat-2")], left)
    assert [(step.kind, step.service) for step in steps] == [
        ("start", "chat-1"),
        ("remove", "chat-1-surge"),
        ("prove", "chat-2"),
        ("remove", "chat-2-surge"),
    ]
