"""pyinfra, loaded once for many inventories: a process of its own that forks for each of them.

To load it takes more than half a second of a core, which is most of what tests of settings cost.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

_SERVER = """
import json, os, sys, traceback
fork, waitpid = os.fork, os.waitpid
from pyinfra_cli.main import main
def answer(asked):
    for stream, path in enumerate((os.devnull, asked["output"], asked["errors"])):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT), stream)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.path[1:1] = filter(None, os.environ.get("PYTHONPATH", "").split(":"))
    sys.argv = ["pyinfra", *asked["arguments"]]
    try:
        main()
    except SystemExit as ended:
        return ended.code or 0
    except BaseException:
        traceback.print_exc()
        return 1
    return 0
for line in sys.stdin.buffer:
    pid = fork()
    if not pid:
        code = answer(json.loads(line))
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    print(os.waitstatus_to_exitcode(waitpid(pid, 0)[1]), flush=True)
"""

Run = Callable[[Path, list[str]], "subprocess.CompletedProcess[str]"]


@contextmanager
def loaded_pyinfra() -> Iterator[Run]:
    """A function that runs pyinfra in a folder with these arguments, as the command line does."""
    started: list[subprocess.Popen[str]] = []
    with TemporaryDirectory() as folder:

        def run(root: Path, arguments: list[str]) -> "subprocess.CompletedProcess[str]":
            if not started:
                started.append(_start())
            output, errors = Path(folder) / "output", Path(folder) / "errors"
            for file in (output, errors):
                file.write_text("")
            asked = {"folder": str(root), "arguments": arguments, "environment": {**os.environ}}
            code = _ask(started[0], {**asked, "output": str(output), "errors": str(errors)})
            texts = (output.read_text(), errors.read_text())
            return subprocess.CompletedProcess(["pyinfra", *arguments], code, *texts)

        try:
            yield run
        finally:
            for process in started:
                process.communicate()


def _start() -> "subprocess.Popen[str]":
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, "-c", _SERVER], stdin=pipe, stdout=pipe, text=True)


def _ask(process: "subprocess.Popen[str]", asked: dict[str, object]) -> int:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(asked) + "\n")
    process.stdin.flush()
    return int(process.stdout.readline())
