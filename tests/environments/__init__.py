"""Small environments, one per situation, written into a folder of the test's own."""

import json
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

POOL = {"model": "tiny-random", "engine": "llamacpp", "context_tokens": 512}
WORDS: Mapping[str, object] = {
    "pools": {"chat": {**POOL, "replicas": 2, "slots": 2}},
    "clients": {"demo": {"key": "env:HOMEPORT_TEST_KEY"}},
    "gateway": {"address": "127.0.0.1", "port": 18080, "admin_port": 18081},
}


def demo_catalogue() -> str:
    """The committed catalogue's beginning: the demo's model, without those of real fleets."""
    return (ROOT / "inventories" / "models.yaml").read_text().partition("\n\n")[0] + "\n"


def write_environment(
    root: Path,
    words: Mapping[str, object] | None = None,
    *,
    name: str = "small",
    inventory: str | None = None,
    memory_mib: int = 4096,
) -> Path:
    """A repository in `root` with one environment on this machine; returns `root`.

    `words` replaces top-level words of the environment's group data.
    """
    data = root / "inventories" / "group_data"
    data.mkdir(parents=True, exist_ok=True)
    (root / "deploys").mkdir(exist_ok=True)
    for link in ("templates", "deploys/images"):
        if not (root / link).exists():
            (root / link).symlink_to(ROOT / link)
    (root / "inventories" / "models.yaml").write_text(demo_catalogue())
    default = (
        f'{name} = [("@local", {{"directory": ".homeport/{name}"}})]\n'
        'gpu_hosts = ["@local"]\ngateways = ["@local"]\n'
    )
    (root / "inventories" / f"{name}.py").write_text(inventory or default)
    merged = {**WORDS, **(words or {})}
    lines = [f"{word} = {value!r}" for word, value in merged.items()]
    (data / f"{name}.py").write_text("\n".join(lines) + "\n")
    hardware = {"cpu": {"physical_cores": 2}, "memory_mib": memory_mib, "gpus": []}
    folder = root / "inventories" / "hardware"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.yaml").write_text(json.dumps({"hosts": {"localhost": hardware}}))
    return root
