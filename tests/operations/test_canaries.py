"""A candidate's share at a gateway: set and reloaded once, and forgotten with its candidate."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploys.cli.exit_codes import ExitCode
from deploys.cli.pyinfra_run import Run, run_pyinfra
from deploys.questions.canaries import NOW, Share, share_file
from tests.operations.trial import make_trial

# nginx's admin listener in the words of the files that it would have loaded by the last reload.
DOCKER = """\
#!/bin/bash
cd {store}/state/gateway || exit 1
case "$*" in
  *"kill --signal HUP"*) echo reload >>{root}/reloads
    loaded=$(sed 's/default "//; s/";//' loaded.conf)
    share=$(sed -n 's/^"=.* \\(.*\\);$/\\1/p' canaries/chat.conf 2>/dev/null)
    printf '{{"loaded":"%s","canaries":"chat=%s"}}' "$loaded" "${{share:-0}}" >{root}/revision ;;
  *curl*) cat {root}/revision ;;
esac
"""
SHARED = """\
import os
from deploys.operations import canaries
from deploys.operations.manifest import host_directory
from pyinfra import host

canaries.shared(
    name="Share", directory=host_directory(host), project="p", share=os.environ["HOMEPORT_CANARY"]
)
"""
KEPT = """\
from deploys.operations import canaries
from deploys.operations.manifest import host_directory
from pyinfra import host

canaries.kept(name="Keep", directory=host_directory(host), candidates={"chat": "next"})
"""
SHARE = Share("chat", "next", 25, (25, 100))


@dataclass(frozen=True)
class Host:
    """A gateway's host without nginx."""

    root: Path
    store: Path

    def set(self, share: Share) -> Run:
        """As `homeport canary` does."""
        words = {"HOMEPORT_CANARY": json.dumps(share.words())}
        return run_pyinfra(self.root, "small", "shared.py", words=words)

    def reloads(self) -> int:
        """How often nginx was told to load its files."""
        file = self.root / "reloads"
        return len(file.read_text().splitlines()) if file.exists() else 0

    @property
    def file(self) -> Path:
        """What nginx includes for pool `chat`."""
        return self.store / "state" / "gateway" / "canaries" / "chat.conf"

    def shares(self) -> list[str]:
        """Pools that have one."""
        return sorted(path.stem for path in self.file.parent.glob("*.conf"))


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    """Nothing has a share yet."""
    trial = make_trial(tmp_path)
    (trial.store / "state" / "gateway").mkdir(parents=True)
    (tmp_path / "shared.py").write_text(SHARED)
    (tmp_path / "kept.py").write_text(KEPT)
    (tmp_path / "revision").write_text('{"canaries": "chat=0"}')
    docker = tmp_path / "bin" / "docker"
    docker.parent.mkdir()
    docker.write_text(DOCKER.format(store=trial.store, root=tmp_path))
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", f"{docker.parent}:/usr/local/bin:/usr/bin:/bin")
    return Host(tmp_path, trial.store)


def test_a_share_is_written_and_loaded_once_and_ended_by_one_reload(host: Host) -> None:
    assert host.set(SHARE).exit_code == ExitCode.DONE
    assert (host.shares(), host.reloads()) == (["chat"], 1)
    written = host.file.read_text()
    # As where a run died before the reload.
    (host.root / "revision").write_text('{"canaries": "chat=0"}')
    assert host.set(SHARE).changed
    assert (host.file.read_text(), host.reloads()) == (written, 2)
    assert not host.set(SHARE).changed
    ended = Share("chat", "next", 0, ())
    assert host.set(ended).changed
    assert (host.file.read_text().count("candidate;"), host.reloads()) == (1, 3)
    assert not host.set(ended).changed
    # Nor is anything to do where there never was a share.
    host.file.unlink()
    (host.root / "revision").write_text('{"canaries": "chat=0"}')
    assert not host.set(ended).changed


def test_an_apply_keeps_a_candidates_share_and_forgets_those_of_candidates_that_are_gone(
    host: Host,
) -> None:
    host.file.parent.mkdir()
    for share in (SHARE, Share("old", "chat", 100, (100,)), Share("other", "next", 5, (5,))):
        file = host.file.with_name(f"{share.pool}.conf")
        file.write_text(share_file(share, "ana").replace(NOW, "17"))
    assert run_pyinfra(host.root, "small", "kept.py").changed
    assert host.shares() == ["chat"]
    assert not run_pyinfra(host.root, "small", "kept.py").changed
