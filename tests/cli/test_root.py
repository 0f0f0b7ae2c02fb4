"""Every verb finds its checkout from any folder below it."""

from pathlib import Path

import pytest

from deploys.cli.root import repository_root
from deploys.settings.refusal import Refused


def test_the_nearest_checkout_above_is_found(tmp_path: Path) -> None:
    for folder in ("inventories", "deploys/cli"):
        (tmp_path / folder).mkdir(parents=True)

    assert repository_root(tmp_path / "deploys" / "cli") == tmp_path.resolve()


def test_a_folder_outside_any_checkout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="cd into the repository"):
        repository_root(tmp_path)
