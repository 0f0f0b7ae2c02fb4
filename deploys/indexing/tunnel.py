"""A way to PostgreSQL that is published nowhere: through the host's own connection.

libpq connects to a socket in a folder that only this user can enter; for each connection one
process (ssh, or docker on this machine) carries its bytes into the container.
"""

import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

# libpq's own name of a socket in a folder.
SOCKET = ".s.PGSQL.5432"
# Runs in the container: bash can open a connection by itself, so that no image needs a tool for it.
# Whichever side ends first ends the other: a client would wait for ever for a server that is gone.
# Nothing is left to the container's first process, which would have to end it.
RELAY = (
    "exec 3<>/dev/tcp/127.0.0.1/5432 4<&0 || exit 1; "
    "cat <&4 >&3 & cat <&3 & wait -n; kill $(jobs -p) 2>/dev/null; wait; exit 0"
)


@contextmanager
def tunnel(command: Sequence[str]) -> Iterator[Path]:
    """The folder of a socket behind which `command` answers, a process for each connection; all
    of them are gone afterwards.
    """
    folder = Path(tempfile.mkdtemp(prefix="homeport-store-"))
    processes: list[subprocess.Popen[bytes]] = []
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(folder / SOCKET))
    listener.listen()
    server = threading.Thread(target=_serve, args=(listener, command, processes), daemon=True)
    server.start()
    try:
        yield folder
    finally:
        # Wakes the thread; closing alone would leave it waiting.
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        server.join()
        for process in processes:
            process.terminate()
            process.wait()
        shutil.rmtree(folder)


def _serve(
    listener: socket.socket, command: Sequence[str], processes: list[subprocess.Popen[bytes]]
) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        processes[:] = [one for one in processes if one.poll() is None]
        with connection:
            # What a lost connection says comes to the user as libpq's own error.
            processes.append(
                subprocess.Popen(
                    command,
                    stdin=connection.fileno(),
                    stdout=connection.fileno(),
                    stderr=subprocess.DEVNULL,
                    # Ctrl-C is for the run, which lets answers that are under way be kept.
                    start_new_session=True,
                )
            )
