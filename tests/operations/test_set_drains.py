"""What nginx includes for drained replicas: the rendered pools, with one word more."""

import hashlib
import subprocess
from pathlib import Path

from deploys.operations.host_script import SCRIPTS

STAND_IN = "    # server chat-1-surge:8080 resolve max_conns=4; # chat-1-surge\n"
POOLS = """\
upstream pool_chat {
    server chat-1:8080 resolve max_conns=4 max_fails=2 fail_timeout=5s; # chat-1
    server 10.0.0.2:9001 max_conns=4 max_fails=2 fail_timeout=5s; # chat-10
}
"""


def _host(tmp_path: Path) -> Path:
    nginx = tmp_path / "releases" / "one" / "nginx"
    nginx.mkdir(parents=True)
    (nginx / "pools.conf").write_text(POOLS)
    (tmp_path / "gateway").mkdir()
    (tmp_path / "gateway" / "current").symlink_to("../releases/one/nginx")
    (tmp_path / "state" / "gateway").mkdir(parents=True)
    return tmp_path


def _set(host: Path, *marks: str, text: str = "ana") -> str:
    script = (SCRIPTS / "set-drains").read_text()
    command = ["bash", "-c", script, "set-drains", str(host), text, *marks]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _included(host: Path, text: str = POOLS) -> str:
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    return (host / "state" / "gateway" / "pools" / f"{digest}.conf").read_text()


def test_without_marks_the_copy_is_the_rendered_file(tmp_path: Path) -> None:
    host = _host(tmp_path)
    assert "changed" in _set(host)
    assert _included(host) == POOLS
    assert _set(host) == ""


def test_a_mark_takes_exactly_its_replica_down(tmp_path: Path) -> None:
    host = _host(tmp_path)
    _set(host, "+chat-1.apply")
    expected = POOLS.replace("fail_timeout=5s; # chat-1\n", "fail_timeout=5s down; # chat-1\n")
    assert _included(host) == expected
    assert (host / "state/gateway/drained.conf").read_text() == 'default "chat-1";\n'


def test_a_replica_is_drained_until_the_last_mark_is_gone(tmp_path: Path) -> None:
    host = _host(tmp_path)
    _set(host, "+chat-1.operator")
    assert _set(host, "+chat-1.apply") == ""
    assert _set(host, "-chat-1.apply") == ""
    assert " down;" in _included(host)
    assert "changed" in _set(host, "-chat-1.operator")
    assert _included(host) == POOLS


def test_who_drained_first_stays_on_record(tmp_path: Path) -> None:
    host = _host(tmp_path)
    _set(host, "+chat-1.operator", text="ana")
    _set(host, "+chat-1.operator", text="ben")
    assert (host / "state/gateway/drained/chat-1.operator").read_text() == "ana\n"


def test_a_new_release_gets_its_copy_with_the_same_replicas_drained(tmp_path: Path) -> None:
    host = _host(tmp_path)
    _set(host, "+chat-10.operator")
    new = POOLS.replace("max_conns=4", "max_conns=8")
    (host / "releases" / "two" / "nginx").mkdir(parents=True)
    (host / "releases" / "two" / "nginx" / "pools.conf").write_text(new)
    _set(host)
    assert "max_conns=8 max_fails=2 fail_timeout=5s down; # chat-10" in _included(host, new)
    assert " down; # chat-10" in _included(host)


def test_every_release_that_is_here_follows_the_marks(tmp_path: Path) -> None:
    host = _host(tmp_path)
    new = POOLS.replace("max_conns=4", "max_conns=8")
    (host / "releases" / "two" / "nginx").mkdir(parents=True)
    (host / "releases" / "two" / "nginx" / "pools.conf").write_text(new)
    _set(host, "+chat-1.apply")
    assert " down; # chat-1\n" in _included(host, new)
    _set(host, "-chat-1.apply")
    assert _included(host, new) == new


def test_a_copy_whose_release_is_gone_goes_with_what_was_drained_then(tmp_path: Path) -> None:
    host = _host(tmp_path)
    copy = host / "state" / "gateway" / "pools" / "0123456789ab.conf"
    copy.parent.mkdir()
    copy.write_text("server chat-3:8080 resolve down; # chat-3\n")
    _set(host)
    assert not copy.exists()
    assert _included(host) == POOLS


def test_a_stand_in_is_known_to_nginx_only_while_it_serves(tmp_path: Path) -> None:
    host = _host(tmp_path)
    text = POOLS.replace("}\n", f"{STAND_IN}}}\n")
    (host / "releases/one/nginx/pools.conf").write_text(text)
    _set(host)
    assert _included(host, text) == text
    assert "changed" in _set(host, "+chat-1-surge.serves", "+chat-1.apply")
    found = _included(host, text)
    assert STAND_IN.replace("# server", "server") in found
    assert found.count(" down;") == 1
    loaded = (host / "state/gateway/drained.conf").read_text()
    assert loaded == 'default "chat-1 +chat-1-surge";\n'
    assert "changed" in _set(host, "-chat-1-surge.serves", "-chat-1.apply")
    assert _included(host, text) == text
    assert (host / "state/gateway/drained.conf").read_text() == 'default "";\n'
