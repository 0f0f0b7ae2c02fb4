"""The kit's own images on this machine, as `make demo` builds them."""

from deploys.render.image_tags import built_reference
from tests.lab.machine import ROOT, docker, need_docker, one_at_a_time, run

IMAGES = ("llamacpp", "nginx")


def kit_images() -> dict[str, str]:
    """Image -> its reference; built by the kit's own deploy where one is missing."""
    need_docker()
    here = {name: built_reference(name, ROOT / "deploys" / "images") for name in IMAGES}
    with one_at_a_time("kit-images"):
        # It names those that it finds, whatever else is missing.
        found = docker("image", "inspect", "--format", "{{.Id}}", *here.values(), check=False)
        if len(found.split()) < len(here):
            pyinfra = str(ROOT / ".venv" / "bin" / "pyinfra")
            run("env", "-C", str(ROOT), pyinfra, "-y", "inventories/local.py", "deploys/images.py")
    return here


def built_image(name: str) -> str:
    """Another of the kit's own, which no host of the demo needs; built where it is missing."""
    kit_images()
    context = ROOT / "deploys" / "images" / name
    reference = built_reference(name, context.parent)
    with one_at_a_time("kit-images"):
        if not docker("image", "inspect", "--format", "{{.Id}}", reference, check=False):
            run(
                "env", "DOCKER_BUILDKIT=0", "docker", "build", "--force-rm", "--network", "host",
                "--tag", reference, str(context), seconds=900,
            )  # fmt: skip
    return reference
