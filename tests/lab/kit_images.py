"""The kit's own images on this machine, as `make demo` builds them."""

from deploys.render.image_tags import built_reference
from tests.lab.machine import ROOT, docker, one_at_a_time, run

IMAGES = ("llamacpp", "nginx")


def kit_images() -> dict[str, str]:
    """Image -> its reference; built by the kit's own deploy where one is missing."""
    here = {name: built_reference(name, ROOT / "deploys" / "images") for name in IMAGES}
    with one_at_a_time("kit-images"):
        # It names those that it finds, whatever else is missing.
        found = docker("image", "inspect", "--format", "{{.Id}}", *here.values(), check=False)
        if len(found.split()) < len(here):
            pyinfra = str(ROOT / ".venv" / "bin" / "pyinfra")
            run("env", "-C", str(ROOT), pyinfra, "-y", "inventories/local.py", "deploys/images.py")
    return here
