"""`homeport engines facts`: asked of an image, or read from what it printed elsewhere."""

import json
from pathlib import Path

import pytest

from deploys.cli.exit_codes import ExitCode
from deploys.cli.main import exit_code
from deploys.engine_facts.facts import FOLDER

HELP = Path(__file__).parents[1] / "engine_facts" / "told" / "llama-server-b11669.txt"
VERSION = "version: 0.7.0 (build 11669, commit Debian)"
DOCKER = """\
#!/bin/sh
echo "$*" >> {log}
case "$*" in
  *gone-image*) echo "Unable to find image" >&2; exit 125 ;;
  *--version) echo "{version}" >&2 ;;
  *--help) cat {help} ;;
  *python3*) cat > {program}; cat {dump} ;;
esac
"""
DUMP = {
    "version": "0.99.0",
    "flags": [{"names": ["--a"], "takes": "value", "negated": [], "fits": [], "default": ""}],
    "late": {},
    "untold": ["--tool-call-parser"],
    "environment": [],
}


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository without facts, and a `docker` that answers as images would."""
    for name in (
        "inventories",
        "deploys/engine_facts/llamacpp",
        "deploys/engine_facts/vllm",
        "bin",
    ):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "dump").write_text(json.dumps(DUMP))
    names = {name: tmp_path / name for name in ("log", "program", "dump")}
    docker = tmp_path / "bin" / "docker"
    docker.write_text(DOCKER.format(help=HELP, version=VERSION, **names))
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_an_image_is_asked_without_a_network_and_its_facts_are_written(repository: Path) -> None:
    assert exit_code(["engines", "facts", "llamacpp", "--image", "llama:1"]) == ExitCode.DONE
    written = (repository / "deploys/engine_facts/llamacpp/b11669.yaml").read_text()
    known = (FOLDER / "llamacpp" / "b11669.yaml").read_text()
    assert written.split("flags:\n")[1] == known.split("flags:\n")[1]
    for line in (repository / "log").read_text().splitlines():
        assert line.startswith("run --rm --interactive --network none llama:1")


def test_vllm_is_asked_in_its_own_python(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(["engines", "facts", "vllm", "--image", "vllm:1"]) == ExitCode.DONE
    assert (repository / "deploys/engine_facts/vllm/0.99.0.yaml").exists()
    assert "def serve_parser" in (repository / "program").read_text()
    said = capsys.readouterr()
    assert "beside 0.33.0:" in said.out
    assert "  + --a\n" in said.out
    assert "warning: --dtype is gone: say in deploys/engine_facts/vllm/gone.yaml" in said.err
    assert "warning: the values of --tool-call-parser were not told" in said.err


def test_a_dry_run_writes_nothing(repository: Path) -> None:
    told = repository / "told"
    told.write_text(f"{VERSION}\n{HELP.read_text()}")
    words = ["engines", "facts", "llamacpp", "--told", str(told)]
    assert exit_code([*words, "--dry"]) == ExitCode.CHANGES_PENDING
    assert not list((repository / "deploys/engine_facts/llamacpp").iterdir())
    assert exit_code(words) == ExitCode.DONE
    assert exit_code([*words, "--dry"]) == ExitCode.DONE


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["vllm"], "--image: is one way of two"),
        (["vllm", "--image", "a", "--told", "b"], "--image: is one way of two"),
        (["vllm", "--image", "gone-image"], "gone-image: cannot be asked: Unable to find image"),
        (["vllm", "--told", "nowhere"], "nowhere: cannot be read: No such file"),
        (["vllm", "--told", "picture"], "vllm: tells no flags"),
        (["llamacpp", "--told", "picture"], "llama-server: says neither its build nor its flags"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    repository: Path, words: list[str], found: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (repository / "picture").write_bytes(b"\x89PNG\xff")
    assert exit_code(["engines", "facts", *words]) == ExitCode.REFUSED
    assert found in capsys.readouterr().err


def test_a_model_file_of_localai_is_held_against_its_version(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = repository / "chat.yaml"
    model.write_text("name: chat\nbackend: llama-cpp\nparameters: {model: q.gguf}\n")
    assert exit_code(["engines", "check", str(model)]) == ExitCode.DONE
    model.write_text(model.read_text() + "mmu: true\nflash_attention: on\n")
    assert exit_code(["engines", "check", str(model)]) == ExitCode.REFUSED
    said = capsys.readouterr().err
    assert "chat.yaml: mmu: is no key of LocalAI 4.9.0, which drops it silently" in said
    assert 'hint: quote it: "on"' in said


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a: [", "is not YAML"),
        ("[" * 1000, "is not YAML"),
        ("name: &one\n  two: *one", "has no end: Circular reference"),
        ("parameters: &one\n  - *one", "has no end: Circular reference"),
        ("- name: chat", "is no model"),
        ("on: 1", "is no model"),
    ],
)
def test_a_file_that_is_no_model_is_refused(
    repository: Path, text: str, found: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (repository / "model.yaml").write_text(text)
    assert exit_code(["engines", "check", "model.yaml"]) == ExitCode.REFUSED
    assert found in capsys.readouterr().err


@pytest.mark.usefixtures("repository")
def test_a_version_of_localai_without_facts_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["engines", "check", "x.yaml", "--version", "2.16.0"]
    assert exit_code(words) == ExitCode.REFUSED
    assert "--version: found 2.16.0" in capsys.readouterr().err
