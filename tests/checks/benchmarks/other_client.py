"""A program that is called as aiperf is, and does what a test wants."""

import json
import sys
from pathlib import Path

# As version 0.13.0 writes it, without what is not read.
EXPORT = {
    "schema_version": "1.4",
    "request_count": {"unit": "requests", "avg": 20.0},
    "time_to_first_token": {"unit": "ms", "avg": 52.0, "p50": 51.0, "p99": 60.0, "count": 20},
    "inter_token_latency": {"unit": "ms", "avg": 10.1, "p50": 10.0, "p99": 11.0, "count": 20},
    "request_latency": {"unit": "ms", "avg": 1045.0, "p50": 1041.0, "p99": 1090.0, "count": 20},
}


def program(folder: Path, *lines: str) -> str:
    """One that runs these lines, called as aiperf is."""
    file = folder / "aiperf"
    file.write_text("\n".join([f"#!{sys.executable}", "import json, os, pathlib, sys", *lines]))
    file.chmod(0o755)
    return str(file)


WRITES = (
    "config = json.loads(pathlib.Path(sys.argv[sys.argv.index('--config') + 1]).read_text())",
    "found = pathlib.Path(config['benchmark']['artifacts']['dir'])",
    "found.mkdir()",
    "pathlib.Path('seen').write_text(os.environ['OPENAI_API_KEY'] + ' ' + ' '.join(sys.argv))",
    f"(found / 'profile_export_aiperf.json').write_text({json.dumps(EXPORT)!r})",
)
