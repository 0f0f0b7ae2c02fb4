"""What the driver wrote into the kernel's log, with the age of each line."""

from __future__ import annotations

import re
import subprocess
import time

from checks.probes.on_host.linux import read

# A day: what was seen last night counts, and what a reset has mended since is soon forgotten. What
# still stands is told by the driver itself (recovery action, lost, rows to be remapped).
HOURS = 24
LIMIT_SECONDS = 20
# A GPU that fails writes the same line thousands of times; the latest are kept.
MOST_LINES = 200
_JOURNAL = ("journalctl", "-k", "-b", "-o", "short-unix", "--no-pager", f"--since=-{HOURS}h")
_DMESG = ("dmesg",)
_STAMP = re.compile(r"^\[?\s*(\d+\.\d+)\]?\s+(.*)")
_WANTED = ("Xid", "fallen off the bus")


def gpu_lines() -> dict[str, object]:
    """`source` and `lines` of (age in seconds, text); `refused` where no log can be read."""
    refusals = []
    uptime = float((read("/proc/uptime") or "0").split()[0])
    for command, now in ((_JOURNAL, time.time()), (_DMESG, uptime)):
        text, refusal = _output(command)
        if text is None:
            refusals.append(f"{command[0]}: {refusal}")
            continue
        found = [line for line in map(_line, _driver_lines(text)) if line]
        young = [(round(now - then), words) for then, words in found if now - then < HOURS * 3600]
        return {"source": command[0], "lines": young[-MOST_LINES:]}
    return {"refused": "; ".join(refusals)}


def _output(command: tuple[str, ...]) -> tuple[str | None, str]:
    """What a command prints; None, and why, when the log is not to be read that way."""
    bounded = ("timeout", "-k", "5", str(LIMIT_SECONDS), *command)
    try:
        done = subprocess.run(bounded, capture_output=True, check=False)
    except OSError as error:
        return None, str(error)
    errors = done.stderr.decode(errors="replace").strip()
    # journalctl ends with 0 where there is no journal, and for a user who may not see the kernel's
    # messages; both it says beside its answer.
    if done.returncode or errors:
        last = errors.splitlines()[-1:] or [f"exit status {done.returncode}"]
        return None, last[0]
    return done.stdout.decode(errors="replace"), ""


def _driver_lines(text: str) -> list[str]:
    return [
        line for line in text.splitlines() if "NVRM" in line and any(w in line for w in _WANTED)
    ]


def _line(line: str) -> tuple[float, str] | None:
    """`1764130000.123456 host kernel: NVRM: …` and `[  123.456789] NVRM: …`."""
    found = _STAMP.match(line)
    return (float(found[1]), found[2][found[2].index("NVRM") :]) if found else None
