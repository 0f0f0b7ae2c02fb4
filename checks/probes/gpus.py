"""How a host's GPUs are doing: one program over standard input, nothing left behind.

On the host and, by `docker exec`, within the containers that hold GPUs. What was read is returned
with NVML's own return codes; nothing is judged here.
"""

import ast
from collections.abc import Sequence

from checks.gpus.health import NO_PYTHON, Health, Refused, health
from checks.probes import sections
from checks.probes.host import Unreachable, run_program
from checks.probes.program import NO_SUCH_COMMAND, program
from deploys.settings.inventory import InventoryHost

# What slows a GPU for a moment (a change of its power state) is no fault: five looks, a second
# apart, tell it from what stays.
SAMPLES = 5
APART_SECONDS = 1.0
# Eight GPUs without the persistence daemon wake up in about 20 s; then come the samples.
DRIVER_SECONDS = 45
# More than the kernel's log and the containers may take meanwhile.
LIMIT_SECONDS = 120
MODULES = (
    *("linux", "limited", "kernel_log", "containers", "smi", "nvml", "inside", "readings"),
    *("health_by_nvml", "health_by_smi", "look", "health"),
)


def ask(host: InventoryHost, containers: Sequence[str]) -> Health:
    """`containers`: the ids of those that hold GPUs. Raises Unreachable."""
    arguments = [str(DRIVER_SECONDS), str(SAMPLES), str(APART_SECONDS), *containers]
    done = run_program(host, program(MODULES), arguments, LIMIT_SECONDS)
    if done.returncode in NO_SUCH_COMMAND:
        return Health("", Refused(None, NO_PYTHON))
    try:
        answers = sections.answers(done.stdout)
        return health({name: ast.literal_eval(text) for name, text in answers.items() if text})
    except (ValueError, SyntaxError, KeyError, TypeError, AttributeError) as error:
        last = done.stderr.strip().splitlines()[-1:] or [f"its answer makes no sense: {error}"]
        raise Unreachable(host.name, f"asked for its GPUs: {last[0]}") from error
