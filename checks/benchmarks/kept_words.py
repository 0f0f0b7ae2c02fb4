"""What is read of a kept benchmark; README.md describes every word that there is."""

from pydantic import BaseModel


class _Run(BaseModel):
    tokens_per_second: list[float]


class _Tokens(BaseModel):
    prompt: float | None
    completion: float | None


class _Load(BaseModel):
    load: str
    loop: str
    outcomes: dict[str, int]
    tokens: _Tokens
    warnings: list[str]
    runs: list[_Run]


class _Capacity(BaseModel):
    users: int
    tokens_per_second: float | None


class _Gpu(BaseModel):
    uuid: str
    way: str
    idle_watts: float
    load_watts: dict[str, float]


class _Energy(BaseModel):
    gpus: list[_Gpu]
    remarks: list[str]


class _Workload(BaseModel):
    model: str


class Words(BaseModel):
    """Of schema 1."""

    fleet: str
    time: str
    workload: _Workload
    loads: list[_Load]
    client_limited: list[str]
    capacity: _Capacity | None
    energy: _Energy | None = None
