"""What is read of the gateway's runtime state on a host, by its own sh."""

import subprocess
from pathlib import Path

from checks.probes import release

MADE = {"note": "by hand\n", "more/note": "deeper\n"}
NGINX_OWN = {
    "loaded.conf": b"", "drained.conf": b"", "pools/chat.conf": b"", "drained/chat-1": b"",
    "canaries/chat.conf": b"", "answers/a/0f": b"a client's answer", "counters/tokens": b"\xdf",
}  # fmt: skip


def test_what_people_made_is_read_and_what_nginx_keeps_of_its_clients_is_not(
    tmp_path: Path,
) -> None:
    files = NGINX_OWN | {name: text.encode() for name, text in MADE.items()}
    for name, content in files.items():
        path = tmp_path / "state" / "gateway" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    told = subprocess.run(
        ["sh", "-c", release.state(str(tmp_path))], capture_output=True, text=True, check=True
    )
    assert release.state_files(told.stdout) == {name: text.strip() for name, text in MADE.items()}
