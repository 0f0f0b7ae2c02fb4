"""A signal ends a run wherever it lands: it lets go of its hosts, and disconnects from them."""

import subprocess
import sys

import pytest

# As pyinfra does it: hosts in a pool that is full, and a run that waits for them, then disconnects.
RUN = """
from gevent import monkey; monkey.patch_all()
import os, signal, threading, time
from types import SimpleNamespace
from gevent.pool import Pool
from deploys.operations.run_stop import stop_when_told

pool = Pool(1)
stop_when_told(SimpleNamespace(pool=pool), lambda: print(f"at work: {len(pool)}"))

def told():
    os.kill(os.getpid(), signal.SIGTERM)

def thread():
    try:
        time.sleep(0.1)
        told()
    except BaseException:
        print("lost")

def host():
    try:
        LANDS_IN_HOST
        time.sleep(600)
    finally:
        print("let go")

try:
    at_work = pool.spawn(host)
    LANDS_IN_RUN
    at_work.get()
    print("went on as if it were done")
finally:
    pool.spawn(print, "disconnected").join()
"""
PLACES = {
    "run": {"LANDS_IN_RUN": "time.sleep(0.1); told()"},
    "host": {"LANDS_IN_HOST": "told()"},
    "thread": {"LANDS_IN_RUN": "threading.Thread(target=thread, daemon=True).start()"},
}


@pytest.mark.deploys
@pytest.mark.parametrize("place", PLACES)
def test_a_signal_is_heard_wherever_it_lands(place: str) -> None:
    program = RUN
    for word in ("LANDS_IN_HOST", "LANDS_IN_RUN"):
        program = program.replace(word, PLACES[place].get(word, "pass"))
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert done.stdout.splitlines() == ["at work: 1", "let go", "disconnected"]
    assert done.stderr == ""
    assert done.returncode == 143
