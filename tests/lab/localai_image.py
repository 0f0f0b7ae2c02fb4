"""The image of LocalAI's double: over the kit's own llama-server, with the facts of its version."""

import hashlib
import shutil
import tempfile
from pathlib import Path

from deploys.engine_facts.facts import FOLDER
from deploys.settings.engine_versions import PINNED
from tests.lab.images import CONTEXTS, LABEL, REPOSITORY
from tests.lab.kit_images import kit_images
from tests.lab.machine import docker, one_at_a_time, run

FACTS = FOLDER / "localai" / f"{PINNED['localai']}.yaml"
CONTEXT = CONTEXTS / "localai"
PROGRAM = Path(__file__).with_name("localai")


def localai_image() -> str:
    """Its reference; built first where it is not there."""
    base = kit_images()["llamacpp"]
    reference = f"{REPOSITORY}/localai:{_content_hash(base)}"
    with one_at_a_time("lab-images"):
        if not docker("image", "inspect", "--format", "{{.Id}}", reference, check=False):
            _build(base, reference)
    return reference


def _build(base: str, reference: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        context = shutil.copytree(CONTEXT, Path(folder) / "localai")
        shutil.copy(FACTS, context / "facts.yaml")
        shutil.copytree(PROGRAM, context / "localai", ignore=shutil.ignore_patterns("__pycache__"))
        run(
            "env", "DOCKER_BUILDKIT=0", "docker", "build", "--force-rm", "--network", "host",
            "--label", f"{LABEL}=localai", "--build-arg", f"BASE={base}", "--tag", reference,
            str(context), seconds=900,
        )  # fmt: skip


def _content_hash(base: str) -> str:
    digest = hashlib.sha256(base.encode())
    for path in (*sorted(CONTEXT.iterdir()), *sorted(PROGRAM.glob("*.py")), FACTS):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]
