"""The same work for Ansible, as somebody writes it who wants it to be fast.

ansible-core comes into a virtual environment of its own below .homeport/: it is no dependency.
Pipelining, ControlPersist, as many forks as hosts, no facts gathered.
"""

import json
import sys
from pathlib import Path

from tests.benchmarks.fleet import FOLDER, Fleet, rendered_files, ssh_key
from tests.lab import keys
from tests.lab.machine import ROOT, run

VERSION = "ansible-core==2.19.*"
VENV = ROOT / ".homeport" / "bench" / "ansible"

_SETTINGS = """\
[defaults]
forks = 50
gathering = explicit
host_key_checking = True
interpreter_python = /usr/bin/python3
retry_files_enabled = False
stdout_callback = default
[ssh_connection]
pipelining = True
ssh_args = -o ControlMaster=auto -o ControlPersist=120s -o UserKnownHostsFile={known_hosts}
"""


def install() -> str:
    """Has ansible-core in its own virtual environment; its version."""
    program = VENV / "bin" / "ansible-playbook"
    if not program.exists():
        run(sys.executable, "-m", "venv", "--clear", str(VENV))
        run(str(VENV / "bin" / "pip"), "install", "--quiet", VERSION)
    shown = run(str(program), "--version").stdout
    return shown.splitlines()[0].split("[core ")[-1].rstrip("]")


def write_playbook(fleet: Fleet) -> list[str]:
    """Writes inventory, settings and playbook beside pyinfra's; the command that runs them."""
    root = fleet.root
    files = root / "release"
    for path, text in rendered_files().items():
        target = files / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text)
    known_hosts = keys.folder(fleet.lab.name) / "known_hosts"
    (root / "ansible.cfg").write_text(_SETTINGS.format(known_hosts=known_hosts))
    words = {"ansible_user": keys.USER, "ansible_ssh_private_key_file": str(ssh_key(fleet.lab))}
    hosts = {
        name: {"ansible_host": address, "directory": f"{FOLDER}/{name}"}
        for name, address in fleet.addresses.items()
    }
    inventory = {"all": {"hosts": hosts, "vars": words}}
    # Ansible reads JSON where it expects YAML.
    (root / "hosts.yaml").write_text(json.dumps(inventory))
    (root / "play.yaml").write_text(json.dumps([_play(files)]))
    return [str(VENV / "bin" / "ansible-playbook"), "-i", "hosts.yaml", "play.yaml"]


def _play(files: Path) -> dict[str, object]:
    """Lock, folders, 15 files, three links, removal of old releases, audit line, lock again."""
    release = "{{ directory }}/releases/0123456789ab"
    folders = ["releases", "models", "images", "gateway", "secrets", "state", "applied"]
    made = "for f in " + " ".join(folders) + "; do mkdir -p {{ directory }}/$f; done"
    links = {
        "applied/fleet": "../releases/0123456789ab",
        "fleet": "applied/fleet",
        "current": "releases/0123456789ab",
    }
    lock = "mkdir -p {{ directory }}; ln -s $$ {{ directory }}/lock"
    tasks: list[dict[str, object]] = [
        {"name": "Lock", "shell": lock, "changed_when": False},
        # One command for seven folders: a loop of the file module runs seven times on each host.
        {"name": "Folders", "shell": made, "changed_when": False},
        {
            "name": "Stage",
            "copy": {"src": f"{files}/", "dest": f"{release}/", "mode": "0644"},
        },
        {
            "name": "Switch",
            "file": {
                "state": "link",
                "force": True,
                "src": "{{ item.value }}",
                "dest": "{{ directory }}/{{ item.key }}",
            },
            "loop": "{{ links | dict2items }}",
        },
        {
            "name": "Old releases",
            "shell": "ls -t {{ directory }}/releases | tail -n +6",
            "changed_when": False,
        },
        {
            "name": "Audit and unlock",
            "shell": "date >>{{ directory }}/audit.log; rm {{ directory }}/lock",
            "changed_when": False,
        },
    ]
    return {
        "hosts": "all",
        "gather_facts": False,
        "become": True,
        "vars": {"links": links},
        "tasks": tasks,
    }
