"""Programs that are called as other clients are, and do what a test wants."""

import sys
from pathlib import Path

from checks.benchmarks.second_opinions.adapter import Adapter
from checks.benchmarks.second_opinions.known import ADAPTERS

RECORDED = Path(__file__).parent / "recorded"
# What each of them says to --version, and so the releases whose results lie in recorded/.
SAYS = {"aiperf": "0.13.0", "guidellm": "guidellm version: 0.8.1", "vllm": "0.32.0+cpu"}
# Where the real one leaves its result, by its own arguments.
RESULTS = {
    "aiperf": (
        "config = json.loads(pathlib.Path(sys.argv[sys.argv.index('--config') + 1]).read_text())",
        "result = pathlib.Path(config['benchmark']['artifacts']['dir'])",
        "result.mkdir()",
        "result /= 'profile_export_aiperf.json'",
    ),
    "guidellm": (
        "config = json.loads(pathlib.Path(sys.argv[sys.argv.index('--config') + 1]).read_text())",
        "result = pathlib.Path(config['spec']['outputs'][0]['path'])",
    ),
    "vllm": (
        "word = lambda name: sys.argv[sys.argv.index(name) + 1]",
        "result = pathlib.Path(word('--result-dir'), word('--result-filename'))",
    ),
}


def program(folder: Path, *lines: str, name: str = "aiperf", says: str | None = None) -> Adapter:
    """The adapter of one that runs these lines; `says` is what it prints for --version."""
    file = folder / name
    version = SAYS[name] if says is None else says
    head = (
        f"#!{sys.executable}",
        "import json, os, pathlib, sys",
        f"if sys.argv[1:] == ['--version']: print({version!r}); sys.exit()",
    )
    file.write_text("\n".join([*head, *lines]))
    file.chmod(0o755)
    return ADAPTERS[name]


def recorded(name: str) -> str:
    """What a real one wrote; recorded/README.md says when."""
    (path,) = RECORDED.glob(f"{name}-*.json")
    return path.read_text()


def writes(name: str, text: str | None = None) -> tuple[str, ...]:
    """Lines of a program that leaves this, or what a real one did; and says how it was called."""
    key = ADAPTERS[name].key
    return (
        f"pathlib.Path('seen').write_text(os.environ[{key!r}] + ' ' + ' '.join(sys.argv))",
        *RESULTS[name],
        f"result.write_text({recorded(name) if text is None else text!r})",
    )
