"""How a host's GPUs are doing: by the driver, by the kernel's log, and from within containers."""

from __future__ import annotations

import time

from checks.probes.on_host import inside, kernel_log, limited, look


def main(arguments: list[str]) -> None:
    """Prints Python literals between marks; DRIVER_SECONDS SAMPLES APART_SECONDS [CONTAINER …]."""
    patience, samples, apart, *containers = arguments
    ends = time.monotonic() + float(patience) + int(samples) * float(apart)
    asked = limited.begin(lambda: look.gpus(int(samples), float(apart)))
    _answer("system", repr(look.system()))
    _answer("log", repr(kernel_log.gpu_lines()))
    for container, seen in inside.ask_all(containers).items():
        _answer(f"inside {container}", seen)
    _answer("gpus", look.outcome(asked, ends, float(patience)))
    _answer("end", "")


def _answer(name: str, literal: str) -> None:
    print(f"\n@@homeport@@ {name}\n{literal}", flush=True)
