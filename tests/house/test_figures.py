"""What a test measures is told at the end of the run, and not swallowed with its output."""

from collections.abc import Callable
from typing import Literal, get_args

import pytest

from tests.conftest import pytest_terminal_summary

Phase = Literal["setup", "call", "teardown"]


def test_a_figure_is_told_once_at_the_end_from_whichever_process_it_comes(
    request: pytest.FixtureRequest, figure: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    figure("7 of 8 requests")
    # Taken away again, or this run would end with it.
    own = [request.node.user_properties.pop()]
    reports = [_sent(request.config, when, own) for when in get_args(Phase)]
    reporter = request.config.pluginmanager.get_plugin("terminalreporter")
    assert reporter is not None
    said: list[str] = []
    # Not for longer: how this very test ends goes there, too.
    with monkeypatch.context() as patch:
        patch.setattr(reporter, "write_line", said.append)
        patch.setattr(reporter, "stats", {"failed": reports, "deselected": [object()]})
        pytest_terminal_summary(reporter, request.config)
    assert said[:-1] == ["measured: 7 of 8 requests"]


def _sent(config: pytest.Config, when: Phase, own: list[tuple[str, object]]) -> object:
    """One of a test's reports, as xdist hands it from one process to another."""
    report = pytest.TestReport(
        "test_it", ("", 0, ""), {}, "failed", None, when, user_properties=own
    )
    data = config.hook.pytest_report_to_serializable(config=config, report=report)
    return config.hook.pytest_report_from_serializable(config=config, data=data)
