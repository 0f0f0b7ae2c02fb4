"""What the cost of tokens is calculated with: a kept benchmark's figures, or numbers by hand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from checks.benchmarks.cost.machines import GpuWatts
from checks.benchmarks.energy import gpu_watts
from checks.benchmarks.kept import Kept, newest
from checks.benchmarks.load.point import Load
from deploys.settings.refusal import Complaint, Refused

BY_HAND = "--tokens-per-second N --prompt-tokens N --completion-tokens N"


@dataclass(frozen=True)
class Basis:
    """One load at which answers keep the objective."""

    tokens_per_second: float
    prompt_tokens: float
    """Of one request, on average."""
    completion_tokens: float
    source: str
    gpus: Mapping[str, GpuWatts] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def prompt_ratio(self) -> float:
        """Prompt tokens for each token of an answer."""
        return self.prompt_tokens / self.completion_tokens


def kept_basis(where: Path, environment: str, model: str, fleet: str) -> Basis:
    """The newest benchmark's capacity; raises Refused where there is none, or none that counts."""
    found = newest(where, model, fleet)
    hint = f"homeport bench {environment} --model {model}, or {BY_HAND}"
    if found is None:
        wrong = f"no benchmark of {model} with --concurrency is kept"
        raise Refused([Complaint(_shown(where), "", wrong, hint)])
    best = found.document["capacity"]
    if best is None:
        wrong = "not even the fewest users kept the objective: there is no capacity to divide by"
        raise Refused([Complaint(_shown(found.path), "capacity", wrong, hint)])
    return _basis(found, best["users"], best["tokens_per_second"], fleet, hint)


def _basis(found: Kept, users: int, tokens_per_second: float, fleet: str, hint: str) -> Basis:
    name = Load("closed", users=users).name
    (load,) = (one for one in found.document["loads"] if one["load"] == name)
    prompt, completion = load["tokens"]["prompt"], load["tokens"]["completion"]
    if not (tokens_per_second and completion and prompt):
        wrong = "the engine did not say how many tokens it has read and written"
        raise Refused([Complaint(_shown(found.path), f"loads.{name}.tokens", wrong, hint)])
    other = () if found.fleet == fleet else (f"release {fleet} is committed, not {found.fleet}",)
    energy = found.document.get("energy")
    remarks = tuple(f"energy: {words}" for words in (energy or {"remarks": ()})["remarks"])
    return Basis(
        tokens_per_second=tokens_per_second,
        prompt_tokens=prompt,
        completion_tokens=completion,
        source=f"{name}, release {found.fleet}, benchmark of {found.document['time']}",
        gpus=gpu_watts(energy, name),
        warnings=(*other, *load["warnings"], *remarks),
    )


def _shown(path: Path) -> str:
    """Below the repository root."""
    parts = path.parts
    return str(Path(*parts[parts.index(".homeport") :])) if ".homeport" in parts else str(path)
