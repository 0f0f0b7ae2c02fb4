"""What inventories/README tells production to say does for pyinfra what its comments say."""

import ast
import re
from pathlib import Path
from typing import Any

from pyinfra.connectors.sshuserclient.client import SSHClient, StrictPolicy

from deploys.settings.connection import Connection

ROOT = Path(__file__).resolve().parents[2]


def _words() -> dict[str, Any]:
    """Connection settings of the README's example, by name."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "inventories/README.md").read_text(), re.S)
    (example,) = (block for block in blocks if "ssh_config_file" in block)
    return {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in ast.parse(example).body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id.startswith("ssh_")
    }


def test_pyinfra_keeps_connections_alive_and_believes_no_unknown_host() -> None:
    words = Connection.model_validate(_words(), strict=True)
    assert words.ssh_config_file is not None
    assert words.ssh_known_hosts_file == "inventories/known_hosts"
    client: Any = SSHClient()
    parsed = client.parse_config(
        "gpu1.example",
        ssh_config_file=str(ROOT / words.ssh_config_file),
        strict_host_key_checking=words.ssh_strict_host_key_checking,
    )
    hostname, connect, _, policy, _, keep_alive_seconds, _ = parsed
    assert (hostname, connect["timeout"], keep_alive_seconds) == ("gpu1.example", 10, 15)
    assert isinstance(policy, StrictPolicy)
