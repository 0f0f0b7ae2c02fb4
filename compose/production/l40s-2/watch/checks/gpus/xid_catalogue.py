"""NVIDIA's catalogue of XIDs, in our words: what each means, and what NVIDIA says to do first.

Source: docs.nvidia.com/deploy/xid-errors/analyzing-xid-catalog.html, as of October 2025, for Ampere
and newer; codes that it calls unused are left out and are therefore unknown here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Action(Enum):
    """The first step that NVIDIA recommends, and whether the GPU can be relied on before it."""

    NOTHING = ("nothing, unless it comes again and again", False)
    APPLICATION = ("the engine's container log of that time; it restarts by itself", False)
    RESET = ("drain its replicas, then `nvidia-smi --gpu-reset -i GPU`", True)
    REBOOT = ("`homeport drain` its replicas, then reboot the host", True)
    POWER_CABLE = ("connect the card's auxiliary power", True)
    LINKS = (
        "`nvidia-smi nvlink --errorcounters`; reset all GPUs of the host together; seat the bridge "
        "or return the board if it comes again",
        True,
    )
    MEMORY = (
        "drain its replicas and reset the GPU; then see remapped rows and retired pages",
        True,
    )
    SUPPORT = ("keep the output of `nvidia-bug-report.sh` and ask NVIDIA's support", True)

    def __init__(self, remedy: str, is_grave: bool) -> None:
        self.remedy = remedy
        self.is_grave = is_grave


@dataclass(frozen=True)
class Xid:
    """One kind of error."""

    meaning: str
    action: Action


def _same(codes: tuple[int, ...], meaning: str, action: Action) -> dict[int, Xid]:
    return dict.fromkeys(codes, Xid(meaning, action))


XIDS: dict[int, Xid] = {
    8: Xid("a channel of the GPU stood still", Action.APPLICATION),
    13: Xid("exception in the graphics engine, mostly an access out of bounds", Action.APPLICATION),
    31: Xid("page fault in GPU memory: a program used an address it does not have",
            Action.APPLICATION),
    43: Xid("a program's channel was stopped after its error", Action.NOTHING),
    44: Xid("fault of the graphics engine during a context switch", Action.NOTHING),
    45: Xid("a channel was cleaned up after an earlier error", Action.APPLICATION),
    46: Xid("the GPU stopped processing", Action.RESET),
    48: Xid("a memory error of two bits, which ECC cannot correct", Action.MEMORY),
    54: Xid("the card's auxiliary power is not connected", Action.POWER_CABLE),
    60: Xid("exception in the video processor", Action.APPLICATION),
    62: Xid("the power micro-controller has halted", Action.RESET),
    63: Xid("a failing row or page of memory was noted for replacement", Action.NOTHING),
    64: Xid("a failing row or page of memory could not be noted for replacement", Action.MEMORY),
    68: Xid("exception in the video decoder", Action.APPLICATION),
    69: Xid("class error of the graphics engine", Action.APPLICATION),
    74: Xid("error of an NVLink", Action.LINKS),
    78: Xid("a virtual GPU did not start", Action.SUPPORT),
    79: Xid("the GPU has fallen off the bus", Action.REBOOT),
    80: Xid("data came to the GPU corrupted", Action.APPLICATION),
    92: Xid("many single-bit memory errors, all corrected", Action.NOTHING),
    93: Xid("the infoROM was written too often", Action.NOTHING),
    94: Xid("a memory error that was kept to one program", Action.APPLICATION),
    95: Xid("a memory error that was not kept to one program", Action.MEMORY),
    109: Xid("a context switch took too long", Action.RESET),
    110: Xid("security fault", Action.RESET),
    119: Xid("the GPU's system processor (GSP) does not answer the driver", Action.RESET),
    120: Xid("error of the GPU's system processor (GSP)", Action.RESET),
    121: Xid("error on the link between CPU and GPU (C2C)", Action.NOTHING),
    136: Xid("an NVLink could not be trained", Action.LINKS),
    137: Xid("an NVLink was used without the right to", Action.NOTHING),
    140: Xid("a memory error that could not be recovered from", Action.MEMORY),
    141: Xid("error of CUDA's fast path", Action.NOTHING),
    142: Xid("exception in the video encoder", Action.SUPPORT),
    143: Xid("the GPU could not be initialised", Action.RESET),
    151: Xid("keys could not be changed (confidential computing)", Action.REBOOT),
    155: Xid("an error of an NVLink that its software defines", Action.LINKS),
    156: Xid("a part of the chip was retired; the next reset leaves it out", Action.RESET),
    157: Xid("a part of the chip could not be retired", Action.NOTHING),
    158: Xid("the GPU did not answer at all for too long", Action.RESET),
    159: Xid("error on the coherent link to the CPU", Action.SUPPORT),
    160: Xid("a memory channel was retired", Action.NOTHING),
    161: Xid("a memory channel could not be retired", Action.NOTHING),
    167: Xid("PCIe did not answer for too long", Action.SUPPORT),
    168: Xid("errors in the protected part of memory: the GPU has less of it", Action.SUPPORT),
    169: Xid("the security micro-controller has halted", Action.SUPPORT),
    171: Xid("an uncorrectable error in the GPU's memory (DRAM)", Action.MEMORY),
    172: Xid("an uncorrectable error in the chip's own memory (SRAM)", Action.MEMORY),
    **_same((11, 25, 32), "a program sent commands that make no sense", Action.APPLICATION),
    **_same((37, 38), "error of the driver's firmware", Action.NOTHING),
    **_same((66, 67), "the driver's firmware used a register it may not", Action.NOTHING),
    **_same(
        (39, 40, 41, 70, 71, 72, 75, 76, 77, 85, *range(126, 136)),
        "exception in a copy engine", Action.APPLICATION,
    ),
    **_same((83, 84, 88, 89, 96, 97, 98), "exception in a video decoder", Action.APPLICATION),
    **_same((82, *range(99, 106)), "exception in a JPEG engine", Action.APPLICATION),
    **_same((86, 139), "exception in the optical flow engine", Action.APPLICATION),
    **_same((106, 107), "test message of the board's management", Action.NOTHING),
    **_same(tuple(range(144, 151)), "error of an NVLink of the fifth generation", Action.LINKS),
    **_same((152, 153), "error of a deep learning accelerator", Action.NOTHING),
    **_same(tuple(range(162, 166)), "power smoothing has changed its state", Action.NOTHING),
    **_same((166, 170), "traffic outside its encryption (confidential computing)", Action.SUPPORT),
}  # fmt: skip

UNKNOWN = Xid("it is not in NVIDIA's catalogue of October 2025", Action.SUPPORT)
# Says which action the driver asks for from now on; the check of that action knows whether it
# still does.
RECOVERY_ACTION_CHANGED = 154
FALLEN_OFF = 79
