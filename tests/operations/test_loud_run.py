"""What looks for secrets on the controller finds those that are planted there."""

import subprocess
from pathlib import Path

import pytest

from tests.lab.waiting import until
from tests.operations.loud_run import arguments_watched, keep_below, loudest, shown, written

NEEDLE = "needle-of-a-test"
SITE = """\
import os
import tempfile
from io import StringIO
from pathlib import Path

from pyinfra.api import StringCommand
from pyinfra.operations import files, server

files.put(name="Put", src=StringIO(f"{os.environ['NEEDLE']}-put\\n"), dest=f"{Path.cwd()}/put")
Path.home().joinpath("kept").write_text(os.environ["NEEDLE"])
Path(tempfile.mkdtemp(), "left").write_text(os.environ["NEEDLE"])
server.shell(name="Say", commands=[StringCommand("cat", _stdin=f"{os.environ['NEEDLE']}-said")])
"""


@pytest.mark.deploys
def test_a_loud_run_shows_differences_and_what_commands_print_and_keep(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path_factory.mktemp("home")
    keep_below(home, monkeypatch)
    (tmp_path / "site.py").write_text(SITE)
    (tmp_path / "put").write_text("before\n")
    said = loudest(tmp_path, "@local", "site.py", {"NEEDLE": NEEDLE})
    assert "- before" in said
    assert f"+ {NEEDLE}-put" in said
    assert shown(said, f"{NEEDLE}-said\n{NEEDLE}-elsewhere\n") == [f"{NEEDLE}-said"]
    assert written(tmp_path, NEEDLE, ()) == ["put"]
    assert written(tmp_path, NEEDLE, ["put"]) == []
    assert {Path(name).name for name in written(home, NEEDLE, ())} == {"kept", "left"}


def test_a_secret_among_arguments_is_seen() -> None:
    found: list[str] = []
    with arguments_watched(found, f"{NEEDLE}\n"):
        process = subprocess.Popen(["sh", "-c", "read _", NEEDLE], stdin=subprocess.PIPE)
        try:
            until(lambda: found)
        finally:
            process.communicate()
    assert set(found) == {NEEDLE}
