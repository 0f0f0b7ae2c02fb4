"""All other clients, by programs that leave what the real ones left."""

import json
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from checks.benchmarks.second_opinions import adapter
from checks.benchmarks.second_opinions.adapter import Installed, NotUsable, find, opinion
from checks.benchmarks.second_opinions.known import ADAPTERS
from checks.benchmarks.second_opinions.question import NoOpinion, Question, Timed, told_of
from tests.checks.benchmarks.second_opinions.other_client import program, recorded, writes

BODY = {
    "model": "chat",
    "messages": [{"role": "user", "content": "anchor bay"}],
    "stream": True,
    "stream_options": {"include_usage": True},
    "max_tokens": 5,
    "ignore_eos": True,
}
QUESTION = Question(
    "http://127.0.0.1:1", "/v1/chat/completions", "chat", "key-of-a-test", 2,
    [json.dumps(BODY | {"max_tokens": 5 + number}).encode() for number in range(5)],
    timeout_seconds=20,
)  # fmt: skip
ALL = pytest.mark.parametrize("name", sorted(ADAPTERS))


def installed(folder: Path, *lines: str, name: str = "aiperf") -> Installed:
    """One that runs these lines."""
    return Installed(program(folder, *lines, name=name), str(folder / name), "1")


@ALL
def test_what_a_real_one_left_is_its_opinion(tmp_path: Path, name: str) -> None:
    told = opinion(installed(tmp_path, *writes(name), name=name), QUESTION, tmp_path / "place")
    assert told.answers > 0
    assert 50 <= told.first_p50_ms <= told.first_p99_ms < told.total_p50_ms <= told.total_p99_ms
    assert 9 < told.token_p50_ms < 20


@ALL
def test_the_key_is_in_its_environment_and_in_no_file_or_argument(
    tmp_path: Path, name: str
) -> None:
    place = tmp_path / "place"
    opinion(installed(tmp_path, *writes(name), name=name), QUESTION, place)
    seen, *arguments = (place / "seen").read_text().split()
    assert seen == QUESTION.key
    assert QUESTION.key not in " ".join(arguments)
    files = [path for path in place.rglob("*") if path.is_file() and path.name != "seen"]
    assert len(files) > 2
    assert not [path for path in files if QUESTION.key in path.read_text()]


@ALL
@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["sys.exit('no such model')"], "ended with 1: no such model"),
        (["pass"], "FileNotFoundError"),
        (["{"], "JSONDecode"),
        (["{}"], "KeyError"),
    ],
)
def test_a_program_that_fails_has_no_opinion(
    tmp_path: Path, name: str, lines: list[str], words: str
) -> None:
    if lines[0].startswith("{"):
        lines = [*writes(name, lines[0])]
    with pytest.raises(NoOpinion, match=words) as none:
        opinion(installed(tmp_path, *lines, name=name), QUESTION, tmp_path / "place")
    assert str(none.value).startswith(name)


@pytest.mark.parametrize("name", ["guidellm", "vllm"])
def test_bodies_that_cannot_be_asked_so_have_no_opinion(tmp_path: Path, name: str) -> None:
    two = BODY | {"messages": BODY["messages"] * 2}  # type: ignore[operator]
    question = replace(QUESTION, bodies=[json.dumps(two).encode()] * 3)
    with pytest.raises(NoOpinion, match=f"{name}: ValueError: too many values"):
        opinion(installed(tmp_path, "pass", name=name), question, tmp_path / "place")


def test_the_way_to_the_gateway_is_straight(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "elsewhere")
    lines = ("sys.exit(os.environ['NO_PROXY'] + os.environ['no_proxy'])",)
    with pytest.raises(NoOpinion, match=r"ended with 1: \*\*"):
        opinion(installed(tmp_path, *lines), QUESTION, tmp_path / "place")


def test_a_program_that_is_given_up_leaves_none_of_its_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It starts a dozen, which would go on asking the gateway and hold what it prints."""
    monkeypatch.setattr(adapter, "BESIDES_SECONDS", 0)
    lines = (
        "import subprocess",
        "child = subprocess.Popen(['sleep', '60'])",
        "pathlib.Path('child').write_text(str(child.pid))",
        "child.wait()",
    )
    place = tmp_path / "place"
    with pytest.raises(NoOpinion, match="TimeoutExpired"):
        opinion(installed(tmp_path, *lines), replace(QUESTION, timeout_seconds=3), place)
    child, end = int((place / "child").read_text()), time.monotonic() + 20
    while _runs(child):
        assert time.monotonic() < end
        time.sleep(0.01)


def _runs(process: int) -> bool:
    """An orphan that was killed may wait for somebody to read its status."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@ALL
def test_the_key_is_not_in_what_is_told_of_its_end(tmp_path: Path, name: str) -> None:
    key = ADAPTERS[name].key
    lines = (f"sys.exit('401 for Bearer ' + os.environ[{key!r}])",)
    with pytest.raises(NoOpinion, match="401 for Bearer <key>"):
        opinion(installed(tmp_path, *lines, name=name), QUESTION, tmp_path / "place")


@ALL
def test_a_version_that_was_tried_is_found(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/usr/bin:/bin")
    found = find(program(tmp_path, name=name))
    assert found.path == str(tmp_path / name)
    assert found.version.startswith(f"{found.adapter.tried}.")
    assert f"-{found.version.partition('+')[0]}" in _recording(name)


def _recording(name: str) -> str:
    return str([path.stem for path in (Path(__file__).parent / "recorded").glob(f"{name}-*")])


@pytest.mark.parametrize(
    ("says", "words"),
    [
        ("0.14.0", "is 0.14.0; 0.13 was tried"),
        ("0.130.0", "is 0.130.0; 0.13 was tried"),
        ("aiperf", "does not say its version; 0.13 was tried"),
    ],
)
def test_a_version_that_was_not_tried_is_not_usable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str, words: str
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotUsable, match=words):
        find(program(tmp_path, says=says))


def test_a_program_that_cannot_start_is_not_usable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotUsable, match="there is no program vllm"):
        find(ADAPTERS["vllm"])
    (tmp_path / "vllm").write_text("#!/nowhere/python\n")
    (tmp_path / "vllm").chmod(0o755)
    with pytest.raises(NotUsable, match="does not say its version"):
        find(ADAPTERS["vllm"])


def test_the_first_request_of_each_user_and_errors_are_in_no_time() -> None:
    late = Timed(3, 0.06, 0.01, 1.1)
    asked = [late, Timed(1, 9, 9, 9), Timed(2, 9, 9, 9), Timed(4, error="refused")]
    told = told_of(asked, users=2)
    assert (told.answers, told.first_p50_ms, told.total_p99_ms) == (1, 60, 1100)


def test_nobody_answered_is_told_with_the_last_line_of_the_first_error() -> None:
    asked = [Timed(1), Timed(2, error="Traceback …\nOSError: refused\n"), Timed(3, error="lost")]
    with pytest.raises(ValueError, match="none of 2 was answered: OSError: refused"):
        told_of(asked, users=1)


def test_the_recordings_have_no_key() -> None:
    assert not [name for name in ADAPTERS if "sk-" in recorded(name)]
