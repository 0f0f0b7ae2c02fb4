"""Reads inventories/hardware/<environment>.yaml."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import ValidationError

from deploys.settings.hardware import Hardware
from deploys.settings.refusal import Complaint, Refused
from deploys.settings.validation import complaints_of
from deploys.settings.yaml_text import parsed


def hardware_file(environment: str) -> str:
    """Its path below the repository root."""
    return f"inventories/hardware/{environment}.yaml"


def read_hardware(root: Path, environment: str) -> Hardware:
    """The committed hardware of `environment`; raises Refused with every complaint at once."""
    file = hardware_file(environment)
    path = root / file
    if not path.is_file():
        hint = f"`homeport survey {environment}` writes it; inventories/README.md shows it by hand"
        raise Refused([Complaint(file, "", "is missing", hint)])
    return hardware_of(path.read_bytes(), file)


def hardware_of(text: str | bytes, file: str) -> Hardware:
    """What the text of such a file says; raises Refused with every complaint at once."""
    raw = parsed(text, file, "mend the line") or {}
    # Looked for in the raw words: pydantic compares nothing once a single value is wrong.
    complaints = _shared_uuids(raw, file)
    try:
        hardware = Hardware.model_validate(raw, strict=False)
    except ValidationError as error:
        raise Refused([*complaints_of(error, file, Hardware), *complaints]) from error
    if complaints:
        raise Refused(complaints)
    return hardware


def _shared_uuids(raw: object, file: str) -> list[Complaint]:
    """A card is in one place: a UUID that stands twice is of a copied or mistaken host."""
    places = defaultdict(list)
    for path, uuid in _uuids(raw):
        places[uuid].append(path)
    return [
        Complaint(file, path, f"{uuid} already stands at {first}", "each GPU and slice stands once")
        for uuid, (first, *rest) in places.items()
        for path in rest
    ]


def _uuids(raw: object) -> Iterator[tuple[str, str]]:
    """Path and UUID of every GPU and slice, as far as the words have the shape of a host."""
    for host, words in _items(_of(raw, "hosts")):
        for path, gpu in _items(_of(words, "gpus"), f"hosts.{host}.gpus."):
            slices = _items(_of(gpu, "mig"), f"{path}.mig.")
            for place, part in ((path, gpu), *slices):
                uuid = _of(part, "uuid")
                if isinstance(uuid, str):
                    yield f"{place}.uuid", uuid


def _of(raw: object, key: str) -> object:
    return raw.get(key) if isinstance(raw, Mapping) else None


def _items(raw: object, prefix: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(raw, Mapping):
        yield from ((f"{prefix}{key}", value) for key, value in raw.items())
    elif isinstance(raw, list):
        yield from ((f"{prefix}{index}", value) for index, value in enumerate(raw))
