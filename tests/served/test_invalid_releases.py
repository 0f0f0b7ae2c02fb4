"""Committed files that are wrong: refused on the host, in the words of who reads them there."""

import hashlib
from pathlib import Path

import pytest
import yaml

from tests.lab.served import NAME, Served
from tests.served.steady_load import steady_load

pytestmark = [pytest.mark.docker, pytest.mark.root]

# Host, file of its release, line that does not belong there, what nginx and Compose say of it.
BROKEN = {
    "nginx": (
        "gate1", "nginx/nginx.conf", "not_a_directive on;", 'unknown directive "not_a_directive"'
    ),
    "Compose": ("gpu1", "gpu_hosts/compose.yaml", "not_a_key: true", "not_a_key"),
}  # fmt: skip


def _commit_broken(root: Path, host: str, name: str, line: str) -> None:
    """Commits a broken file as a release of its own, as a faulty renderer would."""
    manifest = root / "compose" / NAME / host / "release.yaml"
    of_nginx = root / "nginx" / NAME / host / name.removeprefix("nginx/")
    file = of_nginx if name.startswith("nginx/") else manifest.parent / name
    file.write_text(f"{file.read_text()}\n{line}\n")
    release = yaml.safe_load(manifest.read_text())
    release["files"][name] = hashlib.sha256(file.read_bytes()).hexdigest()
    release["release"] = "badbadbadbad"
    manifest.write_text(yaml.safe_dump(release))


@pytest.mark.parametrize("reader", BROKEN)
def test_an_invalid_file_is_refused_on_the_host_and_nothing_runs_by_it(
    served: Served, reader: str
) -> None:
    host, name, line, words = BROKEN[reader]
    before, current = served.containers(), served.current()
    _commit_broken(served.checkout.path, host, name, line)
    deploy = f".venv/bin/pyinfra -y inventories/{NAME}.py deploys/site.py"
    with steady_load(served) as answers:
        done = served.checkout.run(deploy, expect=1, PYINFRA_PROGRESS="off")
    assert words in done.stdout + done.stderr
    assert served.current() == current
    assert served.containers() == before
    assert served.locked() == []
    assert answers.bad == []
    assert answers.good > 0
    # `homeport apply` does not come that far: the file is not what render writes.
    assert "is stale: not what render writes" in served.apply(expect=7)
