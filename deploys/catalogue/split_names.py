"""Names of split files: NAME-00001-of-00003.gguf, as llama-gguf-split writes them."""

import re

PART = re.compile(r"(?P<stem>.*)-(?P<number>\d{5})-of-(?P<count>\d{5})(?P<suffix>\.[a-z]+)")
# Far more than any model has; a name is no reason to look for 99,999 files.
MOST_PARTS = 1024


def part_names(name: str) -> tuple[str, ...]:
    """The names of all parts of the file `name`; itself alone where it is not split."""
    found = PART.fullmatch(name)
    if found is None or not 0 < int(found["count"]) <= MOST_PARTS:
        return (name,)
    stem, count, suffix = found["stem"], found["count"], found["suffix"]
    return tuple(f"{stem}-{number:05d}-of-{count}{suffix}" for number in range(1, int(count) + 1))


def is_later_part(name: str) -> bool:
    """Whether `name` is a part behind the first."""
    return name != part_names(name)[0]


def whole_name(name: str) -> str:
    """The name that the file would have in one piece."""
    found = PART.fullmatch(name)
    return f"{found['stem']}{found['suffix']}" if found else name
