"""The same work for Ansible, as somebody writes it who wants it to be fast.

ansible-core comes into a virtual environment of its own below .homeport/: it is no dependency.
Pipelining, ControlPersist, as many forks as hosts, no facts gathered; an archive in place of a
folder, which `copy` takes in file by file (20 hosts took minutes on two cores); no loops. Each task
changes nothing where nothing is to be changed, as the kit's operations do.
"""

import io
import json
import tarfile

from deploys.operations.release import FOLDERS
from tests.benchmarks.fleet import FOLDER, RELEASE, Fleet, committed_files, ssh_key
from tests.benchmarks.own_environment import BENCH, installed
from tests.lab import keys
from tests.lab.machine import run

VERSION = "ansible-core==2.19.*"
VENV = BENCH / "ansible"

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
    program = installed(VENV, VERSION, "ansible-playbook")
    shown = run(str(program), "--version").stdout
    return shown.splitlines()[0].split("[core ")[-1].rstrip("]")


def write_playbook(fleet: Fleet) -> list[str]:
    """Writes inventory, settings and playbook beside pyinfra's; the command that runs them."""
    root = fleet.root
    known_hosts = keys.folder(fleet.lab.name) / "known_hosts"
    (root / "ansible.cfg").write_text(_SETTINGS.format(known_hosts=known_hosts))
    words = {"ansible_user": keys.USER, "ansible_ssh_private_key_file": str(ssh_key(fleet.lab))}
    hosts = {}
    for name, address in fleet.addresses.items():
        archive = root / f"{name}.tar"
        archive.write_bytes(_archive(committed_files(root, name)))
        hosts[name] = {
            "ansible_host": address,
            "directory": f"{FOLDER}/{name}",
            "archive": str(archive),
        }
    inventory = {"all": {"hosts": hosts, "vars": words}}
    # Ansible reads JSON where it expects YAML.
    (root / "hosts.yaml").write_text(json.dumps(inventory))
    (root / "play.yaml").write_text(json.dumps([_play(fleet.name)]))
    return [str(VENV / "bin" / "ansible-playbook"), "-i", "hosts.yaml", "play.yaml"]


def _archive(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for path, text in files.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(text), 0o644
            archive.addfile(entry, io.BytesIO(text))
    return packed.getvalue()


def _play(fleet: str) -> dict[str, object]:
    """Lock, folders, files, three links, what is too old, audit line, lock again."""
    release = f"releases/{RELEASE}"
    links = {
        f"applied/{fleet}": f"../{release}",
        "fleet": f"applied/{fleet}",
        "current": release,
    }
    switch = "; ".join(
        f'[ "$(readlink {link})" = {target} ] || '
        f"{{ ln -sfn {target} {link}.new && mv -T {link}.new {link} && echo changed; }}"
        for link, target in links.items()
    )
    unarchive = {"src": "{{ archive }}", "dest": f"{{{{ directory }}}}/{release}"}
    tasks = [
        _shell("Lock", "mkdir -p {{ directory }} && ln -s $$ {{ directory }}/lock"),
        _shell("Folders", _folders(release)),
        {"name": "Stage", "unarchive": {**unarchive, "owner": "root", "group": "root"}},
        _shell("Switch", switch),
        _shell("Old releases", "ls -t releases | tail -n +6 | xargs -r rm -r"),
        _shell("Audit and unlock", "date >>audit.log; rm lock"),
    ]
    return {"hosts": "all", "gather_facts": False, "become": True, "tasks": tasks}


def _folders(release: str) -> str:
    made = " ".join((*FOLDERS, release))
    return f"[ -d {release} ] || {{ mkdir -p {made} && chmod 700 secrets && echo changed; }}"


def _shell(name: str, command: str) -> dict[str, object]:
    """A task that says `changed` when it has changed something that stays."""
    place = {} if name == "Lock" else {"chdir": "{{ directory }}"}
    words = {"cmd": command, **place}
    return {"name": name, "shell": words, "register": "told", "changed_when": "told.stdout != ''"}
