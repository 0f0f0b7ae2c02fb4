"""Keys of LocalAI's model file in a pool's own block, held against the facts of its version.

LocalAI drops what it does not know or finds in the wrong place without a word.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from deploys.engine_facts.judging import Wrong
from deploys.engine_facts.localai_facts import LocalAiFacts, localai_facts
from deploys.engine_facts.localai_judging import keys_of, wrong_keys
from deploys.settings.engine_versions import engine_versions
from deploys.settings.image import Image, ImageName
from deploys.settings.localai import ANSWERS, SAID_BY
from deploys.settings.pool import Pool
from deploys.settings.refusal import Complaint


def localai_complaints(
    file: str, pools: Mapping[str, Pool], images: Mapping[ImageName, Image]
) -> Iterator[Complaint]:
    """Keys that the version would drop, that a word of the pool says, or that no plan counts."""
    blocks = {name: pool.localai.keys for name, pool in sorted(pools.items()) if pool.localai}
    # The facts are read where somebody asks for them; of a version without any the plan speaks.
    facts = localai_facts(engine_versions(images)["localai"]) if any(blocks.values()) else None
    if facts is None:
        return
    for name, keys in blocks.items():
        path = f"pools.{name}.localai.keys"
        for one in (*_dropped(facts, keys), *_elsewhere(facts, keys)):
            yield Complaint(file, f"{path}.{one.flag}", one.found, one.hint)


def _dropped(facts: LocalAiFacts, keys: Mapping[str, object]) -> Iterator[Wrong]:
    for one in wrong_keys(facts, keys):
        said = said_by(one.flag.rpartition(".")[2])
        yield replace(one, hint=f"{one.hint}; here: the pool's `{said}`") if said else one


def _elsewhere(facts: LocalAiFacts, keys: Mapping[str, object]) -> Iterator[Wrong]:
    """Keys that exist, and are not for here."""
    for key in keys_of(keys):
        parts = [key.rsplit(".", cut)[0] for cut in range(key.count(".") + 1)]
        if key not in facts.keys or any(part in ANSWERS for part in parts):
            continue
        said = SAID_BY.get(key)
        below = any(one.startswith(f"{key}.") for one in ANSWERS)
        if said:
            yield Wrong(key, "is planned", f"say it with the pool's `{said}`")
        elif not below and not any(part in SAID_BY for part in parts):
            found = "takes memory, reads other files or goes out: it is not set from here"
            yield Wrong(key, found, "leave it out: " + ", ".join(sorted(ANSWERS)))


def said_by(name: str) -> str:
    """The pool's word for a key of the model file, by its last part; empty: there is none."""
    return next((said for key, said in SAID_BY.items() if key.rpartition(".")[2] == name), "")
