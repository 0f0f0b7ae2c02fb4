"""The vector store of a host: its folders and passwords before it starts, its schema after it."""

from collections.abc import Generator, Mapping

from pyinfra import host
from pyinfra.api import QuoteString, StringCommand, operation

from deploys.facts.files import FileDigests, Owner
from deploys.facts.once import once
from deploys.facts.vector_store import VectorStore
from deploys.operations.host_script import refuse, told
from deploys.operations.secret_file import GATEWAY_UID, owned
from deploys.questions.vector_store import FOLDER, StoreState, mismatches
from deploys.render.release import Release
from deploys.render.release_retrieval import DATA, INDEXER, PLACED, READER, SECRETS

Commands = Generator[StringCommand, None, None]

# A user's password: 43 letters and digits or so of 32 random bytes, which psql needs not quote.
_MAKE = "head -c 32 /dev/urandom | base64 --wrap 0 | tr -d '/+='"


def own_paths(directory: str) -> tuple[str, ...]:
    """What belongs to the container's uid on the host: data, and a password for each user."""
    passwords = (f"{directory}/{SECRETS}/{user}.password" for user in (INDEXER, READER))
    return (f"{directory}/{DATA}", *passwords)


@operation()
def prepared(directory: str, image: str) -> Commands:
    """
    Have a place for PostgreSQL's data, and passwords that the host makes for itself.

    + directory: where the kit keeps its files
    + image: the store's image

    A password that is removed is made anew, and the next step tells PostgreSQL.
    """
    data, *passwords = own_paths(directory)
    missing = [one for one in passwords if once(host, Owner, path=one) != GATEWAY_UID]
    no_place = once(host, Owner, path=data) != GATEWAY_UID
    if not missing and not no_place:
        host.noop("the vector store has its folders and passwords")
        return
    if no_place:
        yield StringCommand("mkdir -p -m 700", QuoteString(data))
        yield owned(data, ".", image)
    for path in missing:
        folder, _, file = path.rpartition("/")
        new = QuoteString(f"{path}.new")
        yield StringCommand("mkdir -p", QuoteString(folder))
        # It never leaves the host, and no argument, log line or other file there has it.
        yield StringCommand("umask 077; rm -f", new, "&&", _MAKE, ">", new)
        yield owned(folder, f"{file}.new", image)
        yield StringCommand("mv -fT", new, QuoteString(path))


@operation()
def placed(directory: str, files: Mapping[str, str]) -> Commands:
    """
    Have the current release's files where the container sees them, whichever release started it.

    + directory: where the kit keeps its files
    + files: sha256 by path below the store's folder
    """
    place = f"{directory}/{PLACED}"
    wanted = {f"{place}/{path}": sha256 for path, sha256 in files.items()}
    if once(host, FileDigests, paths=tuple(wanted)) == wanted:
        host.noop("the vector store has this release's files")
        return
    source, folder = QuoteString(f"{directory}/current/vector_stores/."), QuoteString(place)
    # Written over, not replaced: the container has the folder and one of the files mounted.
    yield StringCommand("mkdir -p", folder, "&& cp -r", source, folder)


@operation()
def migrated(container: str, migrations: Mapping[str, str]) -> Commands:
    """
    Bring the store's database to this release: users, passwords, and migrations in order.

    + container: Docker's name of PostgreSQL's container
    + migrations: sha256 by file name

    Migrations that a later release has applied stay: there is no way back from them.
    """
    state = once(host, VectorStore, container=container)
    if is_current(state, migrations):
        host.noop("the store's database is as this release wants it")
        return
    script = f"{FOLDER}/migrate-database"
    yield told(StringCommand("docker exec", QuoteString(container), "bash", script))


@operation()
def agreed(release: Release) -> Commands:
    """
    Refuse to go on where a collection holds another model's vectors.

    + release: says whose they are to be

    Preflight has said so before any host was touched, if the store answered then.
    """
    found = list(other_models(release))
    if not found:
        host.noop("collections hold what this release says")
    for line in found:
        yield refuse(line, HINT)


HINT = "a collection of another name for the new model; the old one goes when nobody asks it"


def other_models(release: Release) -> Generator[str, None, None]:
    """What is otherwise in a collection that is there; nothing where the store does not answer."""
    retrieval = release.retrieval
    if retrieval is None:
        return
    state = once(host, VectorStore, container=retrieval.container)
    for name, differing in mismatches(state.collections, retrieval.collections):
        yield f"collection {name} holds vectors of {differing}"


def migrations_of(release: Release) -> dict[str, str]:
    """sha256 by file name, of a release that has a store."""
    paths = release.retrieval.migrations if release.retrieval is not None else ()
    return {path.rpartition("/")[2]: release.files[path] for path in paths}


def files_of(release: Release) -> dict[str, str]:
    """sha256 by path below the store's folder, of all that is rendered for it."""
    own = "vector_stores/"
    return {
        path.removeprefix(own): sha256
        for path, sha256 in release.files.items()
        if path.startswith(own)
    }


def is_current(state: StoreState, migrations: Mapping[str, str]) -> bool:
    """Whether nothing has to be done to a database."""
    applied = {name: state.migrations.get(name) for name in migrations}
    installed, available = state.extension
    users = {INDEXER, READER}
    return applied == migrations and installed == available and users <= state.logins
