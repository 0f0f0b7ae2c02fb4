"""What a program that calls `homeport` can rely on: the documented exit codes."""

import json
from pathlib import Path

import pytest

from deploys.cli import apply
from deploys.cli.exit_codes import ExitCode
from deploys.cli.main import VERBS, exit_code
from deploys.cli.pyinfra_run import Run
from deploys.render.release_watch import program_named
from tests.environments import POOL, ROOT, write_environment


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with the environment `small`; the working directory of the test."""
    write_environment(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "arguments",
    [
        ["plan", "nowhere"],
        ["apply", "nowhere"],
        ["apply", "inventories/small.py"],
        ["verify", "nowhere"],
        ["drift", "nowhere"],
        ["render", "nowhere"],
        ["rendr", "small"],
        ["plan"],
        ["plan", "small", "--jsn"],
        ["render", "small", "--limit", "x"],
    ],
)
def test_misuse_is_64(root: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert root
    assert exit_code(arguments) == ExitCode.MISUSE
    stderr = capsys.readouterr().err
    assert "error: " in stderr
    assert "hint: " in stderr
    assert "Traceback" not in stderr


@pytest.mark.parametrize("verb", [[], *([verb] for verb in VERBS)], ids=" ".join)
def test_every_verb_can_be_asked_for_help(
    verb: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code([*verb, "--help"]) == ExitCode.DONE
    usage = capsys.readouterr().out.partition("Usage: ")[2].partition(" [OPTIONS]")[0]
    assert usage.split()[1:] == verb


def test_files_still_to_be_rendered_are_2_and_none_are_0(root: Path) -> None:
    assert exit_code(["plan", "small"]) == ExitCode.CHANGES_PENDING
    assert exit_code(["render", "small", "--check"]) == ExitCode.CHANGES_PENDING
    assert not (root / "compose").exists()
    assert exit_code(["render", "small"]) == ExitCode.DONE
    assert exit_code(["render", "small", "--check"]) == ExitCode.DONE
    assert exit_code(["plan", "small"]) == ExitCode.DONE


@pytest.mark.parametrize("verb", ["chat", "drift", "traffic"])
def test_a_manifest_that_is_not_yaml_is_7(
    root: Path, verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    exit_code(["render", "small"])
    manifest = root / "compose" / "small" / "localhost" / "release.yaml"
    manifest.write_text("[" * 2_000)
    asked = ["Hello"] if verb == "chat" else []
    assert exit_code([verb, "small", *asked]) == ExitCode.REFUSED
    assert "localhost/release.yaml: is not YAML: maximum" in capsys.readouterr().err


def test_a_stale_a_missing_and_an_orphaned_file_are_each_reported(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exit_code(["render", "small"])
    compose = root / "compose" / "small" / "localhost"
    (compose / "release.yaml").write_text("stale\n")
    (compose / "gpu_hosts" / "compose.yaml").unlink()
    (root / "nginx" / "small" / "gone").mkdir()
    (root / "nginx" / "small" / "gone" / "nginx.conf").write_text("orphaned\n")
    capsys.readouterr()
    assert exit_code(["render", "small", "--check", "--json"]) == ExitCode.CHANGES_PENDING
    found = {item["path"]: item["state"] for item in json.loads(capsys.readouterr().out)}
    assert found == {
        "compose/small/localhost/release.yaml": "stale",
        "compose/small/localhost/gpu_hosts/compose.yaml": "missing",
        "nginx/small/gone/nginx.conf": "orphaned",
    }
    exit_code(["render", "small"])
    assert not (root / "nginx" / "small" / "gone").exists()
    assert exit_code(["render", "small", "--check"]) == ExitCode.DONE


def test_a_kit_whose_watch_has_changed_since_the_commit_is_told_as_the_reason(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inventory = f'small = [("@local", {{"directory": "{root}/store"}})]\ngpu_hosts = ["@local"]\n'
    write_environment(root, {"watch": {}}, inventory=inventory + 'gateways = ["@local"]\n')
    exit_code(["render", "small"])
    path = "compose/small/localhost/release.yaml"
    committed = (root / path).read_text()
    named = program_named(committed)
    assert len(named) == 64
    (root / path).write_text(committed.replace(named, "0" * 64))
    capsys.readouterr()
    reason = "the watch's program in this kit is not the one that it names"
    assert exit_code(["render", "small", "--check"]) == ExitCode.CHANGES_PENDING
    assert f"stale    {path} ({reason})\n" in capsys.readouterr().out
    assert exit_code(["plan", "small"]) == ExitCode.CHANGES_PENDING
    assert f"stale    {path} ({reason})\n" in capsys.readouterr().out
    assert exit_code(["apply", "small"]) == ExitCode.REFUSED
    assert f"error: {path}: is stale: not what render writes ({reason})" in capsys.readouterr().err
    (root / path).write_text(committed.replace("look_seconds: 15", "look_seconds: 16"))
    assert exit_code(["render", "small", "--check"]) == ExitCode.CHANGES_PENDING
    assert f"stale    {path}\n" in capsys.readouterr().out


def test_invalid_settings_are_7_and_nothing_is_written(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_environment(root, {"pools": {"chat": {**POOL, "replica": 1}}})
    for verb in ("plan", "render", "apply"):
        assert exit_code([verb, "small"]) == ExitCode.REFUSED
        assert "pools.chat.replica: is not a known key" in capsys.readouterr().err
    assert not (root / "compose").exists()


def test_what_does_not_fit_is_7_and_says_the_sum(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_environment(root, memory_mib=300)
    assert exit_code(["plan", "small"]) == ExitCode.REFUSED
    stderr = capsys.readouterr().err
    assert "300 MiB of RAM cannot hold 512 MiB (chat-1 256 + chat-2 256)" in stderr
    assert "hint: nearest that fit, each by itself: replicas 1" in stderr


def test_apply_refuses_stale_files_and_a_mistyped_limit(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(["apply", "small"]) == ExitCode.REFUSED
    assert "is missing: not what render writes" in capsys.readouterr().err
    exit_code(["render", "small"])
    assert exit_code(["apply", "small", "--limit", "localhots"]) == ExitCode.REFUSED
    assert "did you mean `localhost`?" in capsys.readouterr().err


@pytest.mark.deploys
def test_a_host_that_cannot_be_reached_is_4(root: Path) -> None:
    # Port 1 of the loopback address: refused at once on every machine.
    inventory = (
        'small = [("@ssh/127.0.0.1", {"ssh_port": 1, "ssh_user": "nobody"})]\n'
        'gpu_hosts = ["@ssh/127.0.0.1"]\ngateways = ["@ssh/127.0.0.1"]\n'
    )
    write_environment(root, inventory=inventory)
    hardware = root / "inventories" / "hardware" / "small.yaml"
    hardware.write_text(hardware.read_text().replace("localhost", "127.0.0.1"))
    (root / "deploys" / "site.py").symlink_to(ROOT / "deploys" / "site.py")
    assert exit_code(["render", "small"]) == ExitCode.DONE
    assert exit_code(["apply", "small"]) == ExitCode.HOST_UNREACHABLE


def test_the_same_input_renders_the_same_bytes(root: Path) -> None:
    def rendered() -> dict[str, bytes]:
        exit_code(["render", "small"])
        files = [*(root / "compose").rglob("*"), *(root / "nginx").rglob("*")]
        return {str(path): path.read_bytes() for path in files if path.is_file()}

    first = rendered()
    for path in first:
        Path(path).unlink()
    assert rendered() == first


@pytest.mark.parametrize("ending", [ExitCode.DONE, ExitCode.VERIFICATION_FAILED])
def test_an_apply_ends_as_its_verification_ends(
    root: Path, monkeypatch: pytest.MonkeyPatch, ending: ExitCode
) -> None:
    assert root
    exit_code(["render", "small"])
    monkeypatch.setattr(apply, "run_pyinfra", lambda *_, **__: Run(ExitCode.DONE, dry=False))
    kept: list[bool] = []

    def verified(_: str, *, keep: bool) -> ExitCode:
        kept.append(keep)
        return ending

    monkeypatch.setattr(apply, "verify", verified)
    assert exit_code(["apply", "small"]) == ending
    assert exit_code(["apply", "small", "--report"]) == ending
    assert kept == [False, True]
    assert exit_code(["apply", "small", "--no-verify"]) == ExitCode.DONE


def test_an_apply_whose_report_has_no_place_is_refused_before_it_begins(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exit_code(["render", "small"])
    (root / ".homeport").touch()
    monkeypatch.setattr(apply, "run_pyinfra", lambda *_, **__: pytest.fail("it was applied"))
    assert exit_code(["apply", "small", "--report"]) == ExitCode.REFUSED


def test_a_failed_apply_is_not_verified(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert root
    exit_code(["render", "small"])
    failed = Run(ExitCode.OPERATION_FAILED, dry=False)
    monkeypatch.setattr(apply, "run_pyinfra", lambda *_, **__: failed)
    monkeypatch.setattr(apply, "verify", lambda *_, **__: pytest.fail("it was not applied"))
    assert exit_code(["apply", "small"]) == ExitCode.OPERATION_FAILED


def test_a_verb_that_is_interrupted_ends_with_1_and_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("deploys.cli.models.read_models", interrupted)
    assert exit_code(["models", "list"]) == 1
    assert "error: stopped by Ctrl-C" in capsys.readouterr().err
