"""What pull-image says where an image does not fit, by what the registry knows of its size."""

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from deploys.operations.host_script import SCRIPTS

REFERENCE = "registry:5000/site/engine@sha256:0"
# Docker on a full disk.
FULL = """#!/bin/sh
case $1 in
    pull) echo 'write /somewhere: no space left on device' >&2; exit 1 ;;
    info) echo / ;;
    manifest) cat "${0%/*}/manifest" ;;
esac
"""
MIB = 2**20


def _machine() -> str:
    command = ["dpkg", "--print-architecture"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _manifest(machine: str, *sizes_bytes: int) -> dict[str, object]:
    """As `docker manifest inspect --verbose` shows one."""
    layers = [{"mediaType": "layer", "size": size, "digest": "sha256:1"} for size in sizes_bytes]
    return {
        "Ref": REFERENCE,
        "Descriptor": {"size": 2**40, "platform": {"architecture": machine, "os": "linux"}},
        "OCIManifest": {"config": {"size": 2**40, "digest": "sha256:2"}, "layers": layers},
    }


def _said(folder: Path, manifest: object) -> Sequence[str]:
    """The error of a pull to a full disk, where the registry shows `manifest`; None: it doesn't."""
    docker = folder / "docker"
    docker.write_text(FULL)
    docker.chmod(0o755)
    if manifest is not None:
        (folder / "manifest").write_text(json.dumps(manifest, indent="\t"))
    done = subprocess.run(
        ["bash", SCRIPTS / "pull-image", folder / "kit", REFERENCE], input="", text=True,
        capture_output=True, check=False, env={**os.environ, "PATH": f"{folder}:{os.defpath}"},
    )  # fmt: skip
    assert done.returncode == 1
    return next(line for line in done.stderr.splitlines() if line.startswith("error: ")).split("; ")


ONE = _manifest(_machine(), 3 * MIB, 4 * MIB - 1)
OTHER = _manifest("another", 900 * MIB)


@pytest.mark.parametrize("manifest", [ONE, [OTHER, ONE, OTHER]], ids=["image", "index"])
def test_a_full_disk_is_told_with_the_size_of_this_hosts_layers_and_what_is_free(
    tmp_path: Path, manifest: object
) -> None:
    size, free = _said(tmp_path, manifest)
    layers = "its layers are 7 MiB packed, more unpacked"
    assert size == f"error: {REFERENCE}: the disk filled up: {layers}"
    here = os.statvfs("/")
    assert free.endswith(" MiB are free below /")
    assert 0 <= int(free.split()[0]) <= here.f_blocks * here.f_frsize // MIB


@pytest.mark.parametrize("manifest", [None, OTHER], ids=["silent", "another machine"])
def test_a_full_disk_is_told_with_what_is_free_alone_where_no_registry_says_a_size(
    tmp_path: Path, manifest: object
) -> None:
    size, free = _said(tmp_path, manifest)
    assert size.endswith(": the disk filled up: the registry does not say how large it is")
    assert free.endswith(" MiB are free below /")
