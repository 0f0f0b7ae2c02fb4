"""Many questions in one script: each host is asked in one round trip."""

from collections.abc import Mapping

MARK = "@@homeport@@"


def script(sections: Mapping[str, str]) -> str:
    """One sh script that runs each command and marks where its output begins."""
    parts = [
        f"printf '\\n{MARK} {name}\\n'; {{ {command}\n}} </dev/null"
        for name, command in sections.items()
    ]
    # An explicit status: how the last question ended is not how the script ended.
    return "\n".join([*parts, f"printf '\\n{MARK} end\\n'; exit 0"])


def answers(output: str) -> dict[str, str]:
    """Section -> what its command printed, without surrounding blank lines.

    Raises ValueError when the output stops before its end.
    """
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in output.splitlines():
        if line.startswith(MARK):
            lines = found.setdefault(line.removeprefix(MARK).strip(), [])
        else:
            lines.append(line)
    if "end" not in found:
        raise ValueError("the host's answer is cut off")
    return {name: "\n".join(text).strip("\n") for name, text in found.items()}
