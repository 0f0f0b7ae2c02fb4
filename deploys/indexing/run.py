"""Where a run of requests leaves its vectors, and how the pool shows that it is still the same."""

from collections.abc import Callable
from dataclasses import dataclass, field

from deploys.batch.json_text import written
from deploys.batch.letters import Answer, Reason, dead_letter
from deploys.batch.line import Request
from deploys.batch.line_file import LineFile
from deploys.batch.retrying import Failure
from deploys.batch.running import Outlet, Stopped
from deploys.indexing.groups import PATH, Group, Groups
from deploys.indexing.store import Collection, Pool, put
from deploys.indexing.vectors import LEAST_SAME, WITNESS, Vector, alikeness, vectors_of


@dataclass
class Counts:
    """Texts of one run; what was finished before is not in it."""

    indexed: int = 0
    failed: int = 0


@dataclass(frozen=True)
class Desk:
    """What every answer is kept with."""

    pool: Pool
    collection: Collection
    groups: Groups
    dead_letters: LineFile
    digest: str
    """sha256 of the input."""
    counts: Counts = field(default_factory=Counts)


def into_collection(desk: Desk) -> Outlet:
    """Rows are in the store when an answer counts; a text that spoils a request is found out."""
    dimension = desk.collection.released.dimension

    async def keep(request: Request, answer: Answer) -> Answer | Failure:
        items = request.items if isinstance(request, Group) else ()
        vectors = vectors_of(answer, len(items), dimension)
        if isinstance(vectors, Failure):
            return vectors
        failure = await put(desk.pool, desk.collection, items, vectors)
        if failure is None:
            desk.counts.indexed += len(items)
        return failure or answer

    def bury(request: Request, error: tuple[Reason, str], last: Answer | None) -> bool:
        if isinstance(request, Group) and desk.groups.split(request):
            return False
        letter = dead_letter(desk.digest, request.number, request.custom_id, error, last)
        desk.dead_letters.append(letter)
        desk.counts.failed += 1
        return True

    return Outlet(keep, bury)


def witness_request(pool: str, prefix: str) -> Request:
    """Asks the pool for the vector by which its model is known."""
    body = written({"model": pool, "input": [WITNESS], "encoding_format": "float"})
    return Request(0, "", prefix + PATH, pool, body)


def witnessed(dimension: int, found: Callable[[Vector], None]) -> Outlet:
    """Gives the witness's vector to `found`; whatever else comes ends the run."""

    async def keep(_: Request, answer: Answer) -> Answer | Failure:
        vectors = vectors_of(answer, 1, dimension)
        if isinstance(vectors, Failure):
            return vectors
        found(vectors[0])
        return answer

    def bury(_: Request, error: tuple[Reason, str], __: Answer | None) -> bool:
        raise Stopped(f"the pool gives no vector of one sentence: {error[1]}")

    return Outlet(keep, bury)


def other_model(then: Vector, now: Vector) -> str:
    """Why the pool's model is not the one that the collection was made with; empty if it is."""
    alike = alikeness(then, now)
    if alike >= LEAST_SAME:
        return ""
    return (
        f"the pool answers with another model than the collection was made with: the vectors of "
        f"one sentence have a cosine of {alike:.3f}, not {LEAST_SAME} or more"
    )
