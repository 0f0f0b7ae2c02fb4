"""Images of an index: which are taken, how a pool that sees is asked for them, and what it says."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploys.batch.checking import checked, pending
from deploys.batch.letters import Answer
from deploys.batch.offer import Offer, offer_of
from deploys.indexing.groups import PATH, Group, Groups
from deploys.indexing.item import IMAGE, Item, read_item
from deploys.indexing.reading import item_format, lines_of, sight_of
from deploys.indexing.vectors import vectors_of
from deploys.settings.gateway import Gateway
from deploys.settings.pool import Pool
from deploys.settings.refusal import Refused
from tests.catalogue.tiny_images import data_url, png
from tests.environments import POOL

BLIND = Offer({PATH: {"vectors": "vectors"}}, 2**20)
SEEING = Offer({PATH: {"vectors": "vectors"}}, 2**20, seeing=frozenset({"vectors"}))
GREY = png(8, 8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two images, a text, and a file that is neither."""
    (tmp_path / "charts").mkdir()
    (tmp_path / "charts" / "harbour.png").write_bytes(GREY)
    (tmp_path / "mole.JPG").write_bytes(b"\xff\xd8\xff")
    (tmp_path / "notes.md").write_text("Two miles off the mole.")
    (tmp_path / "sound.wav").write_bytes(b"RIFF")
    return tmp_path


def _items(path: Path, offer: Offer, *, skip_images: bool = False) -> tuple[list[Item], int]:
    """What a run would ask for, and how many files are left out."""
    sight = sight_of(path, "vectors", offer)
    with lines_of(path, 100, sight, skip_images=skip_images) as (lines, left_out):
        form = item_format(str(path), offer, sight)
        found = checked(lines, str(path), form)
        found.refuse()
        return list(pending(lines, str(path), form, found.index)), left_out


def _bodies(items: Iterator[Item]) -> list[dict[str, Any]]:
    return [json.loads(group.body) for group in Groups(items, "vectors", SEEING, 9)]


def test_a_folder_of_images_is_refused_where_the_pool_sees_none(folder: Path) -> None:
    with pytest.raises(Refused) as refused:
        _items(folder, BLIND)
    (complaint,) = refused.value.complaints
    assert complaint.found == (
        "holds 2 images, such as charts/harbour.png, "
        "and pool `vectors` makes vectors of texts alone"
    )
    assert "--skip-invalid" in complaint.hint


def test_the_texts_of_such_a_folder_are_indexed_on_request(folder: Path) -> None:
    items, left_out = _items(folder, BLIND, skip_images=True)
    assert [item.custom_id for item in items] == ["notes.md#1"]
    assert left_out == 3


def test_a_pool_that_sees_is_asked_for_each_image_by_itself(folder: Path) -> None:
    items, left_out = _items(folder, SEEING)
    assert [item.custom_id for item in items] == ["charts/harbour.png", "mole.JPG", "notes.md#1"]
    assert json.loads(items[0].metadata) == {
        IMAGE: "charts/harbour.png",
        "file": "charts/harbour.png",
    }
    assert left_out == 1
    first, second, third = _bodies(iter(items))
    content = first["messages"][0]["content"]
    assert content == [{"type": "image_url", "image_url": {"url": data_url(GREY)}}]
    url = second["messages"][0]["content"][0]["image_url"]["url"]
    assert url.startswith("data:image/jpeg;base64,")
    assert third == {
        "model": "vectors",
        "input": ["Two miles off the mole."],
        "encoding_format": "float",
    }


def test_a_line_may_name_an_image_and_say_something_of_it(folder: Path) -> None:
    path = folder / "in.jsonl"
    lines = [
        {"id": "a", "text": "before"},
        {"id": "b", "image": "charts/harbour.png", "text": "the harbour", "metadata": {"page": 1}},
        {"id": "c", "text": "behind"},
        {"id": "d", "text": "and more"},
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    items, _ = _items(path, SEEING)
    assert json.loads(items[1].metadata) == {IMAGE: "charts/harbour.png", "page": 1}
    before, image, behind = _bodies(iter(items))
    assert before["input"] == ["before"]
    assert [part["type"] for part in image["messages"][0]["content"]] == ["image_url", "text"]
    assert behind["input"] == ["behind", "and more"]


def test_another_image_of_the_same_name_is_computed_anew(folder: Path) -> None:
    line = json.dumps({"id": "a", "image": "charts/harbour.png"}).encode()
    sight = sight_of(folder, "vectors", SEEING)
    marks = set()
    for content in (GREY, GREY, png(8, 9)):
        (folder / "charts" / "harbour.png").write_bytes(content)
        marks.add(read_item(line, 1, "in.jsonl", sight).mark)
    assert len(marks) == 2


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("gone.png", "is not there"),
        ("charts", "is no known kind of image"),
        ("notes.md", "is no known kind of image"),
        ("../outside.png", "lies outside of"),
        ("/outside.png", "lies outside of"),
        ("large.png", "is larger than 0.7 MiB"),
    ],
)
def test_an_image_that_cannot_be_asked_for_is_refused(folder: Path, name: str, found: str) -> None:
    (folder / "large.png").write_bytes(bytes(2**20))
    path = folder / "in.jsonl"
    path.write_text(json.dumps({"id": "a", "image": name}) + "\n")
    with pytest.raises(Refused) as refused:
        _items(path, SEEING)
    (complaint,) = refused.value.complaints
    assert complaint.path == "line 1.image"
    assert found in complaint.found


def test_a_pool_sees_where_its_engine_was_told_to_take_images() -> None:
    words = {**POOL, "kind": "embeddings", "engine": "vllm"}
    pools = {
        "sight": Pool.model_validate({**words, "vllm": {"media": {"image": 1}}}),
        "named": Pool.model_validate(
            {**words, "public_name": "Org/Sight", "vllm": {"media": {"image": 1}}}
        ),
        "none": Pool.model_validate({**words, "vllm": {"media": {"image": 0}}}),
        "plain": Pool.model_validate(words),
    }
    assert offer_of(pools, Gateway()).seeing == {"sight", "Org/Sight"}


def test_the_answer_to_an_image_is_one_vector_like_that_of_a_text(folder: Path) -> None:
    items, _ = _items(folder, SEEING)
    (group, *_) = Groups(iter(items), "vectors", SEEING, 9)
    assert isinstance(group, Group)
    assert len(group.items) == 1
    body = {"object": "list", "data": [{"index": 0, "embedding": [0.5, 0.25]}]}
    assert vectors_of(Answer(200, "", body), 1, 2) == [[0.5, 0.25]]
