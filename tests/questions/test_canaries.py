"""The file of a candidate's share: what nginx and the next command read in it."""

import re
import subprocess
from pathlib import Path

import pytest

from deploys.operations.host_script import SCRIPTS
from deploys.questions.canaries import (
    NOW,
    Share,
    parse_loaded,
    parse_shares,
    question,
    share_file,
    slices,
)

SHARE = Share("chat.1", "next", 25, (10, 25, 100))


@pytest.mark.parametrize("percent", range(1, 101))
def test_a_share_draws_as_many_slices_as_it_has_per_cent_and_all_of_the_smaller_ones(
    percent: int,
) -> None:
    drawn = [one for one in range(100) if re.fullmatch(slices(percent), f"{one:02}")]
    assert drawn == list(range(percent))


def test_the_file_says_nginx_which_slices_are_the_candidates_and_of_no_other_pool() -> None:
    text = share_file(SHARE, "ana@desk")
    (pattern,) = re.findall(r'"~(.*)" candidate;', text)
    assert re.search(pattern, "chat.1>next|24")
    assert not re.search(pattern, "chat.1>next|25")
    assert not re.search(pattern, "chatx1>next|24")
    assert not re.search(pattern, "chat.1>next2|24")
    assert not re.search(pattern, "=chat.1>next")
    assert f'"=chat.1>next" 25@{NOW};' in text


def test_the_file_of_a_share_that_was_ended_says_so_and_draws_nobody() -> None:
    text = share_file(Share("chat", "next", 0, ()), "ana@desk")
    (pattern,) = re.findall(r'"~(.*)" candidate;', text)
    assert not [one for one in range(100) if re.search(pattern, f"chat>next|{one:02}")]
    assert f'"=chat>next" 0@{NOW};' in text


def written(root: Path, *text: str) -> list[Share]:
    """What lies there once the script has run, by the question that hosts are asked."""
    script = (SCRIPTS / "set-canary").read_text()
    command = ["bash", "-c", script, "set-canary", str(root), SHARE.pool, *text]
    subprocess.run(command, check=True)
    asked = ["sh", "-c", question(str(root / "state" / "gateway"))]
    told = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    return list(parse_shares(told.splitlines()).values())


def test_what_was_written_is_read_again_with_the_hosts_time(tmp_path: Path) -> None:
    (found,) = written(tmp_path, share_file(SHARE, 'ana\'s "desk" $x'))
    assert found.is_like(SHARE)
    assert found.who == 'ana\'s "desk" $x'
    assert found.since > 1_700_000_000
    assert found.loaded == f"25@{found.since}"
    file = tmp_path / "state" / "gateway" / "canaries" / "chat.1.conf"
    assert found.loaded in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o644


def test_without_a_text_the_share_is_gone(tmp_path: Path) -> None:
    assert written(tmp_path) == []
    written(tmp_path, share_file(SHARE, "ana"))
    assert written(tmp_path) == []
    assert list((tmp_path / "state" / "gateway" / "canaries").iterdir()) == []


def test_what_nginx_goes_by_is_told_by_pool() -> None:
    assert parse_loaded("chat=10@17 other=0") == {"chat": "10@17", "other": "0"}
    assert parse_loaded("") == {}
