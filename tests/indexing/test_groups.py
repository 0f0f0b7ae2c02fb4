"""Texts go together in requests of a bounded size, and each by itself after a refusal."""

import json
from collections.abc import Iterator

from deploys.batch.offer import Offer
from deploys.indexing.groups import PATH, Groups
from deploys.indexing.item import Item

OFFER = Offer({PATH: {"vectors": "vectors"}}, 2000)


def _items(*texts: str) -> Iterator[Item]:
    return (Item(n, f"t{n}", text, "{}", b"") for n, text in enumerate(texts, 1))


def test_a_request_asks_for_several_texts_in_their_order() -> None:
    first, second = Groups(_items("a", "b", "c"), "vectors", OFFER, 2)
    assert json.loads(first.body) == {
        "model": "vectors",
        "input": ["a", "b"],
        "encoding_format": "float",
    }
    assert [item.text for item in second.items] == ["c"]


def test_a_request_is_no_larger_than_half_of_what_the_gateway_takes() -> None:
    groups = list(Groups(_items("a" * 600, "b" * 600, "c", "d" * 1500), "vectors", OFFER, 9))
    assert [[item.text[0] for item in group.items] for group in groups] == [
        ["a"],
        ["b", "c"],
        ["d"],
    ]


def test_texts_of_a_refused_request_are_asked_for_one_by_one_even_after_the_last_one() -> None:
    groups = Groups(_items("a", "b"), "vectors", OFFER, 9)
    (whole,) = groups
    assert groups.split(whole)
    singles = list(groups)
    assert [item.text for one in singles for item in one.items] == ["a", "b"]
    assert not groups.split(singles[0])


def test_a_pool_that_is_found_by_its_path_is_asked_there() -> None:
    offer = Offer(OFFER.models, 2000, {"vectors": "/pools/v"})
    (group,) = Groups(_items("a"), "vectors", offer, 9)
    assert group.path == "/pools/v/v1/embeddings"
