"""The digests' file: a line for each key, and no two keys that are the same."""

import hashlib
from pathlib import Path

import pytest

from deploys.operations.client_keys import clients_map, keys_text, plain_keys_map
from deploys.settings.client import Client, Key
from deploys.settings.refusal import Refused
from tests.operations.committed_release import commit_release


def _key(folder: Path, name: str, secret: str) -> str:
    file = folder / name
    file.touch(0o600)
    file.write_text(secret)
    return f"file:{name}"


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def test_each_key_has_a_line_with_its_digest_and_its_name(tmp_path: Path) -> None:
    old, new = _key(tmp_path, "old", "sk-1"), _key(tmp_path, "new", "sk-2")
    clients = {
        "team": Client(keys={"old": Key(key=old, valid_until="2020-01-01"), "new": Key(key=new)}),
        "demo": Client(key=_key(tmp_path, "demo", "sk-3")),
    }
    assert clients_map(clients, tmp_path) == (
        f'"{_digest("sk-3")}" "demo";\n'
        f'"{_digest("sk-2")}" "team/new";\n'
        f'"{_digest("sk-1")}" "team/old";\n'
    )


def test_two_references_to_one_key_are_refused_without_showing_it(tmp_path: Path) -> None:
    one, other = _key(tmp_path, "one", "sk-same"), _key(tmp_path, "other", "sk-same")
    with pytest.raises(Refused) as refused:
        clients_map({"a": Client(key=one), "b": Client(key=other)}, tmp_path)
    (complaint,) = refused.value.complaints
    assert complaint.found == "`a` and `b` share a key"
    assert "sk-same" not in str(refused.value)


def test_without_a_script_each_key_stands_beside_its_name(tmp_path: Path) -> None:
    clients = {
        "team": Client(keys={"old": Key(key=_key(tmp_path, "old", "~Old"))}),
        "demo": Client(key=_key(tmp_path, "demo", "sk-3/+=")),
    }
    assert plain_keys_map(clients, tmp_path) == (
        '"\\\\sk-3/+=" "demo sk-3/+=";\n"\\\\~Old" "team/old ~Old";\n'
    )


@pytest.mark.parametrize("secret", ['a"b', "a$b", "a\\b", "x" * 129, "{a}", "a;b"])
def test_a_key_that_nginx_could_misread_is_refused_without_showing_it(
    tmp_path: Path, secret: str
) -> None:
    with pytest.raises(Refused) as refused:
        plain_keys_map({"a": Client(key=_key(tmp_path, "one", secret))}, tmp_path)
    (complaint,) = refused.value.complaints
    assert complaint.found == "the key `a` has other signs"
    assert secret not in str(refused.value)


def test_keys_that_differ_in_case_alone_are_refused_where_nginx_compares_them(
    tmp_path: Path,
) -> None:
    one, other = _key(tmp_path, "one", "sk-Same"), _key(tmp_path, "other", "sk-same")
    clients = {"a": Client(key=one), "b": Client(key=other)}
    assert clients_map(clients, tmp_path).count("\n") == 2
    with pytest.raises(Refused) as refused:
        plain_keys_map(clients, tmp_path)
    (complaint,) = refused.value.complaints
    assert complaint.found == "`a` and `b` share a key"


def test_keys_themselves_are_written_only_where_the_manifest_says_so(tmp_path: Path) -> None:
    words = {"service": "nginx", "image": "none", "revision": "0", "admin_port": 8081}
    clients = {"demo": {"key": _key(tmp_path, "demo", "sk-3")}}
    said = {**words, "listen": "127.0.0.1:8080", "engines": {}, "clients": clients}
    texts = [
        keys_text(commit_release(tmp_path, "lab", "gate1", gateway=gateway), tmp_path)
        for gateway in (said, {**said, "njs": True}, {**said, "njs": False})
    ]
    assert ["sk-3" in text for text in texts] == [False, False, True]
