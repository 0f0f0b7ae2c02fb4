"""What a gateway loads, written for tests into a folder: rendered files, pools and digests."""

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploys.operations.client_keys import digest_lines
from deploys.plan.plan import Pool
from deploys.render.nginx import pools_digest
from deploys.settings.client import Client, every_key
from tests.render.gateway_files import gateway_files, write_files
from tests.render.plans import small_plan, small_pool

# Whoever must not read it, cannot: a process of its own uid does.
GATEWAY_UID = 10001
KEY = "sk-test-0123456789"
# Folders of the state that nginx writes to -> the script that says whether it does.
OWN_FOLDERS = {"counters": "tokens.js", "answers": "cache.js"}
SETTINGS: Mapping[str, object] = {"body_limit_mib": 4, "first_byte_seconds": 2}
# Of `other` no replica runs.
POOLS = (small_pool("chat", 2), small_pool("other", 1, public_name="Org/Other-1.5"))


def write_tree(
    folder: Path,
    pools: Sequence[Pool] = POOLS,
    clients: Mapping[str, object] | None = None,
    **settings: object,
) -> dict[str, str]:
    """Writes what a gateway loads; gives the rendered files.

    The secret of each client's key is what its reference says: `file:SECRET`.
    """
    plan = small_plan(*pools, gateway={**SETTINGS, **settings}, clients=clients)
    files = gateway_files(plan)
    write_gateway(folder, files)
    write_digests(folder, plan.clients if clients else None, plain="gateway.js" not in files)
    return files


def write_gateway(folder: Path, files: dict[str, str]) -> None:
    """The rendered files, the copy of the pools that nginx loads, and a place for its counts."""
    write_files(files, folder / "nginx")
    copy = folder / "state" / "pools" / f"{pools_digest(files['pools.conf'])}.conf"
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.write_text(files["pools.conf"])
    for own, script in OWN_FOLDERS.items():
        if script in files:
            (folder / "state" / own).mkdir(exist_ok=True)
            (folder / "state" / own).chmod(0o777)


def write_digests(
    folder: Path, clients: Mapping[str, Client] | None, *, plain: bool = False
) -> None:
    """The file of the clients' keys; without clients only where there is none."""
    secret = folder / "secrets" / "clients.map"
    if clients is None and secret.exists():
        return
    keys = {name: key.key.removeprefix("file:") for name, _, key in every_key(clients or {})}
    lines = plain_keys if plain else digests
    place_secret(secret, lines(keys or {"demo": KEY}))


def access_lines(folder: Path) -> list[str]:
    """What the gateway has logged of requests so far."""
    # nginx writes what it has a tenth of a second later.
    time.sleep(0.2)
    return (folder / "logs" / "access.log").read_text().splitlines()


def digests(keys: Mapping[str, str]) -> str:
    """Lines of the file in which nginx looks keys up, by the name of each."""
    return digest_lines(keys)


def plain_keys(keys: Mapping[str, str]) -> str:
    """The same lines for a gateway that cannot digest."""
    return "".join(f'"\\\\{key}" "{name} {key}";\n' for name, key in keys.items())


def place_secret(path: Path, text: str) -> None:
    """Writes a secret as the deploy does: for the gateway's uid alone, in one step."""
    path.parent.mkdir(exist_ok=True)
    new = path.with_name(f"{path.name}.new")
    new.write_text(text)
    # Without root the file stays the tester's own, and readable for the gateway's uid.
    new.chmod(0o600 if os.geteuid() == 0 else 0o644)
    if os.geteuid() == 0:
        os.chown(new, GATEWAY_UID, GATEWAY_UID)
    new.rename(path)
