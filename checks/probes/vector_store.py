"""The way into a vector store with the password that its host has made, and its dumps."""

import shlex
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO

import psycopg
from psycopg.conninfo import make_conninfo

from checks.probes.host import NO_CONTAINER, SSH_FAILED, Unreachable, command_line, run
from deploys.indexing.store import CONNECT_SECONDS, Connection
from deploys.indexing.tunnel import RELAY, tunnel
from deploys.questions.vector_store import FOLDER, StoreState, parse_state, question
from deploys.render.release_retrieval import DATABASE, RetrievalRelease
from deploys.settings.inventory import InventoryHost

PASSWORDS = "/srv/homeport/secrets"
PROGRAMS = "/usr/lib/postgresql/*/bin"
RESTORE = f"{FOLDER}/restore-database"
RESTORED = "homeport_incoming"


@contextmanager
def entered(host: InventoryHost, retrieval: RetrievalRelease, user: str) -> Iterator[str]:
    """libpq's words for connections as `user`, as long as this lasts; never to be shown.

    Raises Unreachable where the host or PostgreSQL's container does not answer.
    """
    container = retrieval.container
    password = run(
        host, f"docker exec {shlex.quote(container)} cat {PASSWORDS}/{user}.password"
    ).strip()
    if not password:
        raise Unreachable(host.name, f"{container} does not run")
    words = ["docker", "exec", "--interactive", container, "bash", "-c", RELAY]
    with tunnel(command_line(host, shlex.join(words))) as folder:
        yield make_conninfo(
            host=str(folder),
            user=user,
            dbname=DATABASE,
            password=password,
            connect_timeout=CONNECT_SECONDS,
            application_name="homeport",
        )


@contextmanager
def connected(host: InventoryHost, retrieval: RetrievalRelease, user: str) -> Iterator[Connection]:
    """One connection, which commits each statement by itself."""
    with entered(host, retrieval, user) as words:
        try:
            connection = psycopg.connect(words, autocommit=True)
        except psycopg.OperationalError as error:
            raise Unreachable(host.name, f"PostgreSQL: {error}") from None
        with connection:
            yield connection


def dump(host: InventoryHost, retrieval: RetrievalRelease, target: BinaryIO) -> None:
    """Writes the database in PostgreSQL's own format; raises as `_exec` does."""
    words = f"{PROGRAMS}/pg_dump --host /tmp --username postgres --format custom {DATABASE}"
    _exec(host, retrieval, ["bash", "-c", words], target=target)


def prove(host: InventoryHost, retrieval: RetrievalRelease, source: BinaryIO) -> None:
    """Reads a dump to its end; raises CalledProcessError for one that is not whole."""
    words = f"{PROGRAMS}/pg_restore --file /dev/null"
    _exec(host, retrieval, ["bash", "-c", words], source=source)


def load(host: InventoryHost, retrieval: RetrievalRelease, source: BinaryIO) -> None:
    """Restores a dump beside the database, which goes on."""
    _exec(host, retrieval, ["bash", RESTORE, "load"], source=source)


def restored_state(host: InventoryHost, retrieval: RetrievalRelease) -> StoreState:
    """What was loaded."""
    return parse_state(run(host, question(retrieval.container, RESTORED)).splitlines())


def switch(host: InventoryHost, retrieval: RetrievalRelease) -> None:
    """Puts what was loaded in the database's place; connections to either end."""
    _exec(host, retrieval, ["bash", RESTORE, "switch"])


def drop_restored(host: InventoryHost, retrieval: RetrievalRelease) -> None:
    """Forgets what was loaded."""
    _exec(host, retrieval, ["bash", RESTORE, "drop"])


def _exec(
    host: InventoryHost,
    retrieval: RetrievalRelease,
    words: Sequence[str],
    source: BinaryIO | int = subprocess.DEVNULL,
    target: BinaryIO | int = subprocess.DEVNULL,
) -> None:
    """Within the container, between files of this machine; the host keeps no copy.

    Raises Unreachable, or CalledProcessError with what was said.
    """
    command = shlex.join(["docker", "exec", "--interactive", retrieval.container, *words])
    done = subprocess.run(
        command_line(host, command),
        stdin=source,
        stdout=target,
        stderr=subprocess.PIPE,
        check=False,
    )
    said = done.stderr.decode(errors="replace")
    if done.returncode == SSH_FAILED or NO_CONTAINER in said:
        raise Unreachable(host.name, said.strip().splitlines()[-1] if said.strip() else "no word")
    done.check_returncode()
