"""What the fact about daemon.json reads."""

import base64

from deploys.questions.docker_daemon import DaemonState, parse_daemon


def test_the_file_comes_byte_for_byte() -> None:
    text = '{\n  "debug": true \n}\n\n'
    encoded = base64.b64encode(text.encode()).decode()
    state = parse_daemon([f"text={encoded}", "pending=restart", "program=26.1.5+dfsg1", "swarm="])
    assert state == DaemonState(text=text, pending="restart", version="26.1.5+dfsg1")


def test_an_empty_file_is_told_from_a_missing_one() -> None:
    assert parse_daemon(["text="]).text == ""
    assert parse_daemon(["program="]).text is None


def test_a_host_in_a_swarm_is_seen() -> None:
    assert parse_daemon(["swarm=active"]).swarm
    assert not parse_daemon(["swarm=inactive"]).swarm
