"""Lines of the audit log."""

import json
import subprocess
from pathlib import Path

from deploys.history.audit import fields, question, read_entries
from deploys.history.holder import Holder
from deploys.history.process import Process

HOLDER = Holder("0a1b", "ana@ws1", "apply", "abc", "old", 'say "why"', Process("m", 1, 2, "3"))


def test_what_is_known_at_once_is_json_without_its_braces() -> None:
    assert json.loads("{" + fields(HOLDER) + "}") == {
        "who": "ana@ws1",
        "action": "apply",
        "before": "old",
        "wanted": "abc",
        "reason": 'say "why"',
    }


def test_the_last_lines_are_read_and_broken_ones_left_out(tmp_path: Path) -> None:
    line = f'{{"time": "t", {fields(HOLDER)}, "after": "abc", "outcome": "switched"}}\n'
    (tmp_path / "audit.log").write_text(line * 7 + line[:20])
    answer = subprocess.run(
        ["sh", "-c", question(str(tmp_path))], capture_output=True, text=True, check=True
    )
    entries = read_entries(answer.stdout.splitlines())
    assert len(entries) == 4
    assert (entries[0].after, entries[0].outcome) == ("abc", "switched")


def test_what_the_watch_did_is_told_in_its_place_and_hides_no_run(tmp_path: Path) -> None:
    run = f'{{"time": "2026-01-01T00:00:0%d", {fields(HOLDER)}, "after": "b", "outcome": "mended"}}'
    watch = {
        "who": "the watch on gate1",
        "action": "watch",
        "before": "b",
        "reason": "stuck: 3 run",
    }
    looks = [
        json.dumps({"time": f"2026-01-01T00:00:02.{number}", **watch, "after": "b", "outcome": "x"})
        for number in range(7)
    ]
    lines = [run % 1, *looks, run % 3]
    (tmp_path / "audit.log").write_text("".join(f"{line}\n" for line in lines))
    answer = subprocess.run(
        ["sh", "-c", question(str(tmp_path))], capture_output=True, text=True, check=True
    )
    actions = [entry.action for entry in read_entries(answer.stdout.splitlines())]
    assert actions == ["apply", *["watch"] * 5, "apply"]


def test_a_host_without_a_log_has_no_lines(tmp_path: Path) -> None:
    answer = subprocess.run(
        ["sh", "-c", question(str(tmp_path))], capture_output=True, text=True, check=True
    )
    assert read_entries(answer.stdout.splitlines()) == ()
