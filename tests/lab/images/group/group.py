"""A test double of `vllm serve --nnodes`: ranks that meet, and then rank 0 serves.

What was seen of vLLM 0.32.0 and is done here as well: rank 0 listens where they meet and serves
once all others have come; a rank behind it waits for rank 0, however long; rank 0 goes on to take
whoever comes there, also one that can join nobody any more; nobody ends because another has died,
and /health goes on to say 200. What it answers is the double of llama-server's;
what it counts has vLLM's names.

Unlike vLLM's, whose imports take ten seconds and more, a rank behind is there at once: one that is
begun anew meets a rank 0 that has not missed it yet.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from types import FrameType

BEHAVIOUR = os.environ.get("ENGINE_BEHAVIOUR", "right")
POLL_SECONDS = 0.5


def value(flag: str) -> str:
    """What stands behind a flag."""
    return sys.argv[sys.argv.index(flag) + 1]


def meet_others(place: tuple[str, int]) -> None:
    """As rank 0: until each other one has come; who comes later is taken as well."""
    listener = socket.create_server(("", place[1]))
    others = {str(rank) for rank in range(1, int(value("--nnodes")))}
    met, kept = threading.Event(), []

    def take() -> None:
        while True:
            connection, address = listener.accept()
            kept.append(connection)
            rank = connection.recv(8).decode()
            print(f"rank {rank} has come from {address[0]}", flush=True)
            others.discard(rank)
            if not others:
                met.set()

    threading.Thread(target=take, daemon=True).start()
    met.wait()


def join(place: tuple[str, int]) -> socket.socket:
    """As one behind it: the connection to rank 0."""
    while True:
        try:
            connection = socket.create_connection(place)
        except OSError:
            time.sleep(POLL_SECONDS)
            continue
        connection.sendall(value("--node-rank").encode())
        return connection


def serve() -> int:
    """What rank 0 answers with, until it ends."""
    words = {
        "--model": f"{sys.argv[1]}/config.json",
        "--alias": value("--served-model-name"),
        "--parallel": value("--max-num-seqs"),
        "--port": value("--port"),
    }
    command = ["/usr/bin/python3", "/engine.py", *(word for pair in words.items() for word in pair)]
    engine = subprocess.Popen(command, env={**os.environ, "ENGINE_METRICS": "vllm"})

    def end(_number: int, _frame: FrameType | None) -> None:
        engine.terminate()

    signal.signal(signal.SIGTERM, end)
    return engine.wait()


def main() -> int:
    """Exit status."""
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    place = (value("--master-addr"), int(value("--master-port")))
    if value("--node-rank") == "0":
        meet_others(place)
        return serve()
    if BEHAVIOUR == "rank 1 crashes":
        print("RuntimeError: NCCL error: unhandled system error", flush=True)
        return 1
    with join(place):
        print("joined", flush=True)
        signal.pause()
    return 0


sys.exit(main())
