"""The way into a vector store, with the password that its host has made."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.conninfo import make_conninfo

from checks.probes.host import Unreachable, command_line, run
from deploys.indexing.store import CONNECT_SECONDS, Connection
from deploys.indexing.tunnel import RELAY, tunnel
from deploys.render.release_retrieval import DATABASE, RetrievalRelease
from deploys.settings.inventory import InventoryHost

PASSWORDS = "/srv/homeport/secrets"


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
