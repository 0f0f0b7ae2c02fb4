"""What the tear-down finds on a host."""

from deploys.facts.leftovers import Leftover, parse_leftovers


def test_leftovers_are_told_by_kind() -> None:
    found = parse_leftovers(
        ["container c1", "container c2", "network n1", "folder /srv/home port/models",
         "running chat-1 local", "running other ", "daemon marked"]
    )  # fmt: skip
    assert found == Leftover(
        containers=("c1", "c2"),
        networks=("n1",),
        folders=("/srv/home port/models",),
        daemon=True,
        running=(("chat-1", "local"), ("other", "")),
    )


def test_whoever_is_not_of_the_environment_is_a_stranger() -> None:
    left = Leftover(running=(("chat-1", "local"), ("chat-2", "staging"), ("other", "")))
    assert left.strangers("local") == ("chat-2", "other")


def test_a_host_without_docker_has_nothing_left() -> None:
    assert parse_leftovers([]) == Leftover()
