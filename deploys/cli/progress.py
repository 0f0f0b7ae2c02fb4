"""What pyinfra tells while it runs: what of it is passed on, and which hosts it lost."""

from collections.abc import Iterable, Iterator

from deploys.history.words import LOST


def without_tracebacks(lines: Iterable[str]) -> Iterator[str]:
    """Leaves out what gevent prints when pyinfra ends a run; other tracebacks are bugs and stay."""
    held: list[str] = []
    for line in lines:
        if held or line.startswith("Traceback (most recent call last)"):
            held.append(line)
            if "failed with PyinfraError" in line:
                held.clear()
            elif "failed with " in line:
                yield from held
                held.clear()
        else:
            yield line
    yield from held


def lost_hosts(progress: Iterable[str], environment: str) -> str:
    """Error and hint when hosts were lost in the middle of a run; empty when none was."""
    names = sorted({line.strip().partition("]")[0][1:] for line in progress if LOST in line})
    if not names:
        return ""
    told = [f"error: {name}: the connection was lost during the run" for name in names]
    hint = f"hint: what runs there goes on; `homeport apply {environment}` does when it is back"
    return "\n".join([*told, hint])
