"""What is drawn at random can be drawn again."""

import pytest
from hypothesis import core

from tests.conftest import pytest_configure, pytest_terminal_summary


def test_every_process_of_a_run_draws_from_one_seed(request: pytest.FixtureRequest) -> None:
    assert core.global_force_seed == request.config.option.hypothesis_seed is not None


def test_a_seed_that_is_given_is_kept_and_said(
    pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pytestconfig.option, "hypothesis_seed", 7)
    pytest_configure(pytestconfig)
    reporter = pytestconfig.pluginmanager.get_plugin("terminalreporter")
    assert reporter is not None
    said: list[str] = []
    with monkeypatch.context() as patch:
        patch.setattr(reporter, "write_line", said.append)
        # What tests before this one have measured is told beside it.
        patch.setattr(reporter, "stats", {})
        pytest_terminal_summary(reporter, pytestconfig)
    assert said == ["drawn with --hypothesis-seed=7"]
