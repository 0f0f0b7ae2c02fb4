"""inventories/ssh_config does for pyinfra, and for ssh, what its comments say."""

from pathlib import Path
from typing import Any

from pyinfra.connectors.sshuserclient.client import SSHClient, StrictPolicy

CONFIG = Path(__file__).resolve().parents[2] / "inventories" / "ssh_config"


def test_pyinfra_keeps_connections_alive_and_believes_no_unknown_host() -> None:
    client: Any = SSHClient()
    parsed = client.parse_config(
        "gpu1.example", ssh_config_file=str(CONFIG), strict_host_key_checking="yes"
    )
    hostname, connect, _, policy, _, keep_alive_seconds, _ = parsed
    assert (hostname, connect["timeout"], keep_alive_seconds) == ("gpu1.example", 10, 15)
    assert isinstance(policy, StrictPolicy)
