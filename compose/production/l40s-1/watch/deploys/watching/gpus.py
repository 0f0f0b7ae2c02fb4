"""GPUs that cannot be relied on: read and judged as the checks of GPUs do, by the same code.

That code goes along in a release (deploys/render/watch_program.py); NVML is asked, or nvidia-smi
where there is no other way. What the driver does not say is no verdict.
"""

from __future__ import annotations

import ast
import time
from typing import Iterable, Mapping

from deploys.watching.commands import Place
from deploys.watching.turns import one_question

SECONDS = 20.0
STILL = "it has not answered the last question yet"


class Unanswered(Exception):
    """The driver says nothing; why."""


def conditions(place: Place, wanted: Iterable[str]) -> dict[str, str]:
    """UUID of each GPU that is unfit -> what shows it; raises Unanswered."""
    # Once a minute, and only where GPUs are used: each look starts Python anew.
    from checks.gpus.health import health  # noqa: PLC0415
    from checks.gpus.unfit import unfit  # noqa: PLC0415

    try:
        found = health(_answers(place))
    except (ValueError, SyntaxError, KeyError, TypeError, AttributeError) as error:
        raise Unanswered(f"its answer makes no sense: {error}") from None
    if found.refused is not None:
        raise Unanswered(found.refused.said)
    return unfit(found, wanted)


def of_replicas(used: Mapping[str, list[str]], found: Mapping[str, str]) -> dict[str, str]:
    """Replica -> what is wrong with one of its GPUs, the first."""
    return {
        replica: f"{uuid}: {found[uuid]}"
        for replica, uuids in used.items()
        for uuid in uuids[::-1]
        if uuid in found
    }


def _answers(place: Place) -> dict[str, object]:
    """What a check's program would print, of one look."""
    from checks.probes.on_host import kernel_log, limited, look  # noqa: PLC0415

    until = time.monotonic() + SECONDS
    asked = limited.begin(lambda: _alone(place))
    answers = {"system": look.system(), "log": kernel_log.gpu_lines()}
    return {**answers, "gpus": ast.literal_eval(look.outcome(asked, until, SECONDS))}


def _alone(place: Place) -> dict[str, object]:
    """Asks the driver, unless a process that was left behind within it still does.

    That one cannot be ended, and must not have company each minute.
    """
    from checks.probes.on_host import look  # noqa: PLC0415

    with one_question(place) as free:
        return look.gpus(1, 0.0) if free else {"refused": {"code": "hangs", "said": STILL}}
