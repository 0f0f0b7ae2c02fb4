"""The script that brings a model into the store, with what a host may lack."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deploys.catalogue.model import ModelFile
from deploys.operations.host_script import SCRIPTS
from tests.catalogue.file_server import serving
from tests.operations.committed_release import model_copy

CONTENT = bytes(range(256)) * 2048


def store_model(
    step: str, store: Path, file: ModelFile, source: str, path: str | None = None
) -> subprocess.CompletedProcess[str]:
    """One step of the script that runs on a host; `path` is where it finds its programs."""
    arguments = [step, str(store), file.sha256, str(file.size_bytes), file.name, source]
    return subprocess.run(
        ["/bin/bash", str(SCRIPTS / "store-model"), *arguments],
        env={"PATH": path or os.environ["PATH"]},
        input="",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def few_programs(tmp_path: Path) -> Path:
    """A folder of programs without curl and python3."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("seq", "sleep", "wc", "rm", "mkdir", "flock", "df", "tail", "tr"):
        (folder / name).symlink_to(str(shutil.which(name)))
    return folder


@pytest.mark.root
def test_a_disk_that_fills_up_on_the_way_leaves_nothing_visible(
    small_disk: Path, tmp_path: Path
) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(CONTENT)
    listed = model_copy(CONTENT, "").files[0]
    result = store_model("copy", small_disk, listed, str(file))
    assert result.returncode == 1
    assert "could not be copied" in result.stderr
    assert list((small_disk / ".incoming").iterdir()) == []


def test_a_host_without_curl_downloads_with_python(tmp_path: Path, few_programs: Path) -> None:
    (few_programs / "python3").symlink_to(sys.executable)
    with serving(CONTENT, cut_after_bytes=200_000, cuts_left=1) as server:
        listed = model_copy(CONTENT, server.url).files[0]
        result = store_model("fetch", tmp_path, listed, server.url, str(few_programs))
    assert (result.returncode, result.stderr.count("Traceback")) == (0, 0)
    assert (tmp_path / ".incoming" / listed.sha256).read_bytes() == CONTENT
    assert server.asked == ["", "bytes=200000-"]


def test_a_host_without_curl_and_python_is_told_to_install_curl(
    tmp_path: Path, few_programs: Path
) -> None:
    listed = model_copy(CONTENT, "").files[0]
    result = store_model("fetch", tmp_path, listed, "http://127.0.0.1:1/", str(few_programs))
    assert result.returncode == 1
    assert "hint: install curl" in result.stderr


@pytest.mark.parametrize("with_curl", [True, False])
@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"status": 403}, "the server says 403"),
        ({"status": 404}, "the server says 404"),
        ({"content": CONTENT + b"more"}, "is larger than"),
    ],
)
def test_what_another_attempt_would_not_mend_is_asked_once(
    tmp_path: Path, few_programs: Path, words: dict[str, Any], said: str, with_curl: bool
) -> None:
    program = "curl" if with_curl else "python3"
    (few_programs / program).symlink_to(sys.executable if not with_curl else "/usr/bin/curl")
    with serving(**{"content": CONTENT, **words}) as server:
        listed = model_copy(CONTENT, server.url).files[0]
        result = store_model("fetch", tmp_path, listed, server.url, str(few_programs))
    assert result.returncode == 1
    assert said in result.stderr
    assert len(server.asked) == 1
    assert "Traceback" not in result.stderr


@pytest.mark.root
@pytest.mark.parametrize("with_curl", [True, False])
def test_a_download_that_fills_the_disk_keeps_what_arrived(
    small_disk: Path, few_programs: Path, with_curl: bool
) -> None:
    program = "curl" if with_curl else "python3"
    (few_programs / program).symlink_to(sys.executable if not with_curl else "/usr/bin/curl")
    with serving(CONTENT) as server:
        listed = model_copy(CONTENT, server.url).files[0]
        result = store_model("fetch", small_disk, listed, server.url, str(few_programs))
    assert result.returncode == 1
    assert "could not be written" in result.stderr
    assert (small_disk / ".incoming" / listed.sha256).stat().st_size > 100_000


def test_a_long_download_says_how_far_it_is_a_few_times(tmp_path: Path) -> None:
    quick = (SCRIPTS / "store-model").read_text().replace("sleep 5", "sleep 0.1")
    with serving(CONTENT, pause_seconds=0.08) as server:
        listed = model_copy(CONTENT, server.url).files[0]
        words = (str(tmp_path), listed.sha256, str(listed.size_bytes), listed.name, server.url)
        result = subprocess.run(
            ["/bin/bash", "-c", quick, "store-model", "fetch", *words],
            input="", capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
    percents = re.findall(
        r"^model\.gguf: (\d+) % of 0 MiB, \d+ MiB/s$", result.stdout, re.MULTILINE
    )
    assert 3 < len(percents) <= 20
    assert sorted(percents, key=int) == percents
