"""What a report says; README.md beside this describes every word of it."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

SCHEMA = 1

Outcome = Literal["passed", "failed", "unreachable", "skipped"]
Count = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(ge=0)]
# They become file names and headings.
Word = Annotated[str, Field(pattern=r"^[0-9A-Za-z._-]+$", max_length=100)]
Moment = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")]


class Part(BaseModel):
    """Whatever a newer minor version adds is left out when it is read."""

    model_config = ConfigDict(frozen=True, strict=True, allow_inf_nan=False)


class Gpu(Part):
    """One GPU that the host's engines use."""

    uuid: str
    name: str
    memory_mib: Count


class Replica(Part):
    """One engine that the release runs."""

    name: str
    pool: str
    engine: str
    version: str
    model: str


class Host(Part):
    """One host, by its committed release."""

    name: str
    roles: list[str]
    release: str
    gpus: list[Gpu]
    replicas: list[Replica]


class Finding(Part):
    """One thing that is not as it should be."""

    cause: str
    evidence: list[str]
    remedies: list[str]


class Check(Part):
    """What became of one check of one subject."""

    group: str
    check: str
    subject: str
    host: str
    file: str
    result: Outcome
    seconds: Seconds
    message: str
    findings: list[Finding]

    @property
    def title(self) -> str:
        """As people call it."""
        return f"{self.check} ({self.subject})" if self.subject else self.check

    @property
    def is_red(self) -> bool:
        """Whether something is wrong, or nobody could say that it is not."""
        return self.result in ("failed", "unreachable")


class Load(Part):
    """One load of a benchmark; None where nothing was answered."""

    load: str
    requests: Count
    answered: Count
    first_token_p50_ms: float | None
    first_token_p95_ms: float | None
    token_p50_ms: float | None
    total_p95_ms: float | None
    tokens_per_second: float | None
    good_per_second: float | None
    in_time_percent: float | None


class Benchmark(Part):
    """The newest that is kept of a model under this release."""

    model: str
    workload: str
    time: Moment
    capacity_users: Count | None
    loads: list[Load]


class Counts(Part):
    """Checks by what became of them."""

    passed: Count
    failed: Count
    unreachable: Count
    skipped: Count


class Report(Part):
    """One run of all checks."""

    environment: Word
    fleet: Word
    time: Moment
    seconds: Seconds
    disruptive: bool
    exit_code: int
    counts: Counts
    hosts: list[Host]
    checks: list[Check]
    benchmarks: list[Benchmark]
