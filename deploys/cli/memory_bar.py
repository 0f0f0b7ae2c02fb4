"""A GPU's memory as one line of letters, one letter a part."""

from collections.abc import Sequence

from deploys.plan.memory.estimate import DeviceEstimate
from deploys.plan.verdict import PART_WORDS

LETTERS = {
    "weights": "W",
    "kv_cache": "K",
    "recurrent_state": "R",
    "compute_buffer": "c",
    "projector": "v",
    "draft": "d",
    "graphs": "g",
    "process": "p",
}
USED, MARGIN, FREE = "u", "m", "."
WIDTH = 32


def bar(
    devices: Sequence[DeviceEstimate], used_mib: float, margin_mib: float, visible_mib: float
) -> str:
    """Used by others, then the parts of each replica, what is free, and the margin.

    What reaches into the margin is drawn over it; upper bounds, so that nothing looks freer than it
    is.
    """
    pieces = [(USED, used_mib)]
    for device in devices:
        pieces += [(LETTERS[name], device.parts[name].upper) for name in _known(device)]
    needed = sum(mib for _, mib in pieces)
    pieces.append((FREE, max(0.0, visible_mib - needed - margin_mib)))
    pieces.append((MARGIN, max(0.0, visible_mib - sum(mib for _, mib in pieces))))
    drawn, end = "", 0.0
    for letter, mib in pieces:
        end += mib
        drawn += letter * (min(WIDTH, round(end / visible_mib * WIDTH)) - len(drawn))
    return drawn


def legend(drawn: str) -> str:
    """The letters that occur, in words."""
    words = {letter: PART_WORDS[name] for name, letter in LETTERS.items()}
    words |= {USED: "used by others", MARGIN: "margin", FREE: "free"}
    return ", ".join(f"{letter} {word}" for letter, word in words.items() if letter in drawn)


def _known(device: DeviceEstimate) -> list[str]:
    return [name for name in LETTERS if name in device.parts]
