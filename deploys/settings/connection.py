"""pyinfra's own words for SSH, checked: it takes no notice of one that it does not know.

A misspelt `ssh_strict_host_key_checking` would make the first connection believe whoever answers.
"""

from typing import Any, Literal

from deploys.settings.words import Frozen, Port


class Connection(Frozen):
    """How a host is reached; names, types and defaults are pyinfra 3.10's (connectors/ssh.py)."""

    ssh_hostname: str | None = None
    ssh_port: Port | None = None
    ssh_user: str | None = None
    ssh_password: str | None = None
    ssh_key: str | None = None
    ssh_key_password: str | None = None
    ssh_allow_agent: bool | None = None
    ssh_look_for_keys: bool | None = None
    ssh_forward_agent: bool | None = None
    ssh_config_file: str | None = None
    """`inventories/ssh_config` keeps connections alive; ~/.ssh/config when left out."""
    ssh_known_hosts_file: str | None = None
    """~/.ssh/known_hosts when left out."""
    ssh_strict_host_key_checking: Literal["yes", "no", "off", "accept-new", "ask"] | None = None
    """`yes` for production; `accept-new` when left out."""
    ssh_paramiko_connect_kwargs: dict[str, Any] | None = None
    ssh_connect_retries: int | None = None
    ssh_connect_retry_min_delay: float | None = None
    ssh_connect_retry_max_delay: float | None = None
    ssh_file_transfer_protocol: Literal["sftp", "scp"] | None = None
