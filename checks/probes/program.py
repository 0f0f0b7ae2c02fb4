"""Programs for hosts: modules of on_host and pynvml's one file, in one stream that Python runs."""

import zlib
from functools import cache
from pathlib import Path

from deploys.render.watch_program import nvml_file

PACKAGE = "checks.probes.on_host"
# Exit statuses of `timeout` for a command that is not there or cannot be run.
NO_SUCH_COMMAND = (126, 127)

# Registers each module under its own name, so that they import each other as they do here.
# Without ctypes there is no pynvml and none of those that need it. SOURCES and BOOT stay known, so
# that a program can send one on into a container; the last of the modules is what runs.
BOOT = """
import sys, types
for name in ("checks", "checks.probes", "checks.probes.on_host"):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = []
for name, source in SOURCES:
    module = sys.modules[name] = types.ModuleType(name)
    try:
        exec(compile(source, name, "exec"), module.__dict__)
    except ImportError as error:
        if error.name not in ("ctypes", "_ctypes", "pynvml", "checks.probes.on_host"):
            raise
        del sys.modules[name]
    else:
        parent, _, last = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], last, module)
sys.modules[RUNS].main(sys.argv[1:])
"""


@cache
def program(modules: tuple[str, ...]) -> bytes:
    """Python source, compressed: these modules of on_host, of which the last one is run."""
    folder = Path(__file__).with_name("on_host")
    sources = [("pynvml", nvml_file().read_text())]
    sources += [(f"{PACKAGE}.{name}", (folder / f"{name}.py").read_text()) for name in modules]
    runs = sources[-1][0]
    text = f"SOURCES = {sources!r}\nRUNS = {runs!r}\nBOOT = {BOOT!r}\nexec(BOOT)"
    return zlib.compress(text.encode(), 9)
