"""Bad input of `homeport index` is refused with all complaints, before anything is asked."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from checks.committed import Committed
from deploys.batch.checking import checked
from deploys.batch.offer import Offer
from deploys.cli.index_options import chosen
from deploys.indexing.groups import PATH
from deploys.indexing.reading import beside, item_format, lines_of, sight_of
from deploys.settings.refusal import Refused
from tests.questions.test_vector_store import released_collection

OFFER = Offer({PATH: {"vectors": "vectors"}}, 4096)


def _committed(retrieval: object) -> tuple[Committed, ...]:
    release = SimpleNamespace(environment="lab", retrieval=retrieval)
    one: Any = SimpleNamespace(host=SimpleNamespace(name="store1"), release=release)
    return (cast("Committed", one),)


def _refused(path: Path) -> list[tuple[str, str]]:
    sight = sight_of(path, "vectors", OFFER)
    with pytest.raises(Refused) as refused, lines_of(path, 100, sight) as (lines, _):
        checked(lines, path.name, item_format(path.name, OFFER, sight)).refuse()
    return [(one.path, one.found) for one in refused.value.complaints]


def test_an_environment_without_a_store_is_refused() -> None:
    with pytest.raises(Refused, match=r"compose/lab: holds no vector store"):
        chosen(_committed(None), "texts")


def test_a_collection_that_is_none_is_refused_with_the_nearest_one() -> None:
    retrieval = SimpleNamespace(collections={"texts": released_collection()})
    with pytest.raises(Refused, match="did you mean `texts`"):
        chosen(_committed(retrieval), "text")


def test_a_collection_is_found_with_its_store() -> None:
    retrieval = SimpleNamespace(collections={"texts": released_collection()})
    store, one = chosen(_committed(retrieval), "texts")
    assert (store.host.name, one.name, one.released.dimension) == ("store1", "texts", 64)


def test_an_input_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert _refused(tmp_path / "in.jsonl") == [("", "is not there")]


def test_broken_lines_are_refused_all_at_once(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    good = json.dumps({"id": "a", "text": "b"})
    path.write_text(f'{good}\n{{"id": "c"\n{good}\n{{"id": "d"}}\n{json.dumps("e" * 90_000)}\n')
    assert [where for where, _ in _refused(path)] == [
        "line 2",
        "line 3.custom_id",
        "line 4.text",
        "line 5",
    ]


@pytest.mark.parametrize(
    ("name", "expected"), [("in.jsonl", "in.dead.jsonl"), ("folder", "folder.dead.jsonl")]
)
def test_dead_letters_lie_beside_the_input(tmp_path: Path, name: str, expected: str) -> None:
    assert beside(tmp_path / name) == tmp_path / expected
