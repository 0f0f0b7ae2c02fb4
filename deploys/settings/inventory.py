"""An environment's hosts and their data, as pyinfra itself sees them.

pyinfra's own loader is asked in a subprocess, so that its rules for groups and precedence hold
here to the letter; importing it would monkey-patch the standard library of this process.
"""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploys.settings.refusal import Complaint, Refused

LOADING_SECONDS = 60


class UnknownEnvironment(Exception):
    """No inventory has this name; raw pyinfra would exit 0 here."""


@dataclass(frozen=True)
class InventoryHost:
    """One host as the inventory describes it."""

    name: str
    connection: str
    """pyinfra's name for the host: `gpu1.example`, `@local`."""
    groups: tuple[str, ...]
    data: Mapping[str, Any]


@dataclass(frozen=True)
class Inventory:
    """One inventory file with the group data that pyinfra merged into it."""

    root: Path
    environment: str
    hosts: tuple[InventoryHost, ...]

    @property
    def file(self) -> str:
        """The inventory's path below the repository root."""
        return f"inventories/{self.environment}.py"


def host_name(connection: str) -> str:
    """The host's name in files and messages: `@local` is this machine, `localhost`."""
    if connection == "@local":
        return "localhost"
    return connection.partition("/")[2] if connection.startswith("@") else connection


def environments(root: Path) -> list[str]:
    """The names of all environments in the repository."""
    return sorted(path.stem for path in (root / "inventories").glob("*.py"))


def read_inventory(root: Path, environment: str) -> Inventory:
    """The hosts of `environment`, sorted by name."""
    path = root / "inventories" / f"{environment}.py"
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", environment) or not path.is_file():
        known = ", ".join(environments(root)) or "none"
        raise UnknownEnvironment(
            f"error: {environment}: there is no inventories/{environment}.py\n"
            f"hint: environments here: {known}"
        )
    _refuse_syntax_errors(root, path)
    hosts = tuple(
        InventoryHost(
            host_name(raw["name"]), raw["name"], tuple(dict.fromkeys(raw["groups"])), raw["data"]
        )
        for raw in _ask_pyinfra(root, path)
    )
    return Inventory(root, environment, tuple(sorted(hosts, key=lambda host: host.name)))


def origin(inventory: Inventory, key: str, groups: Sequence[str]) -> str:
    """Which file gives `key` its value for a host in `groups`; FILE:LINE below the root.

    pyinfra lets the inventory's own host data win, then the last group that has the key, `all`
    last of all.
    """
    folder = inventory.root / "inventories"
    data = folder / "group_data"
    candidates = [folder / f"{inventory.environment}.py"]
    candidates += [data / f"{group}.py" for group in [*reversed(groups), "all"]]
    for path in candidates:
        line = _line_of(path, key)
        if line is not None:
            return f"{path.relative_to(inventory.root)}:{line}"
    return inventory.file


def _line_of(path: Path, key: str) -> int | None:
    if not path.is_file():
        return None
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == key for target in node.targets
        ):
            return node.lineno
        if (
            isinstance(node, ast.Constant)
            and node.value == key
            and path.parent.name != "group_data"
        ):
            return node.lineno
    return None


def _refuse_syntax_errors(root: Path, inventory: Path) -> None:
    complaints = []
    for file in _files(root, inventory):
        try:
            ast.parse(file.read_text())
        except SyntaxError as error:
            name = f"{file.relative_to(root)}:{error.lineno}"
            complaints.append(Complaint(name, "", f"is not Python: {error.msg}", "mend the line"))
    if complaints:
        raise Refused(complaints)


# What pyinfra has said of an inventory, by the text of all that it read: a command asks several
# times, and each answer costs half a second of imports.
_KNOWN: dict[tuple[tuple[str, str], ...], str] = {}


def _ask_pyinfra(root: Path, path: Path) -> list[dict[str, Any]]:
    texts = tuple((file.name, file.read_text()) for file in _files(root, path))
    if texts not in _KNOWN:
        _KNOWN[texts] = _told(root, path)
    hosts: list[dict[str, Any]] = json.loads(_KNOWN[texts])
    return hosts


def _files(root: Path, inventory: Path) -> list[Path]:
    return [inventory, *sorted((root / "inventories" / "group_data").glob("*.py"))]


def _told(root: Path, path: Path) -> str:
    """pyinfra's own JSON about an inventory that names hosts; raises Refused for any other."""
    answer = _pyinfra(root, [str(path), "debug-inventory", "--json"])
    try:
        hosts: list[dict[str, Any]] = json.loads(answer.stdout)
    except ValueError:
        hosts = []
    if answer.returncode == 0 and hosts:
        return answer.stdout
    lines = [line for line in answer.stderr.splitlines() if line.strip() and "-->" not in line]
    found = lines[-1].strip() if lines else "names no host"
    name = str(path.relative_to(root))
    raise Refused([Complaint(name, "", found, f"see `pyinfra {name} debug-inventory`")])


def _pyinfra(root: Path, arguments: list[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "pyinfra", *arguments],
        cwd=root, capture_output=True, text=True, timeout=LOADING_SECONDS, check=False,
    )  # fmt: skip
