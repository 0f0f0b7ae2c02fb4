"""Several texts in one request, which an engine computes together; an image in one by itself.

vLLM takes images for vectors as messages of a chat, in place of `input` (its documentation of the
embeddings API, "OpenAI Chat Embedding Client For Multimodal").
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from deploys.batch.json_text import written
from deploys.batch.line import Request
from deploys.batch.offer import Offer
from deploys.indexing.images import data_url
from deploys.indexing.item import Item

PATH = "/v1/embeddings"
# Bytes of text in one request; a body may have more, but nothing is won beyond.
MOST_BYTES = 2**20


@dataclass(frozen=True)
class Group(Request):
    """One request, and the texts that it asks for."""

    items: tuple[Item, ...] = ()


@dataclass
class Groups:
    """The requests of a run, one after the other; what was split comes first.

    An iterator that goes on after its end: a group that is on its way may still be split.
    """

    items: Iterator[Item]
    pool: str
    """The public name."""
    offer: Offer
    texts: int
    """At most, of one request."""
    again: deque[Group] = field(default_factory=deque)
    _held: Item | None = None

    def __iter__(self) -> "Groups":
        return self

    def __next__(self) -> Group:
        """The next request."""
        if self.again:
            return self.again.popleft()
        items = list(self._taken())
        if not items:
            raise StopIteration
        return self._group(items)

    def split(self, group: Group) -> bool:
        """Has each text asked for by itself, so that one cannot spoil the others; False: it was."""
        if len(group.items) < 2:
            return False
        self.again.extend(self._group([item]) for item in group.items)
        return True

    def _taken(self) -> Iterator[Item]:
        count, size_bytes = 0, 0
        while count < self.texts:
            item = self._held or next(self.items, None)
            self._held = None
            if item is None:
                return
            if item.image is not None:
                if count:
                    self._held = item
                else:
                    yield item
                return
            size_bytes += len(item.text.encode())
            if count and size_bytes > min(MOST_BYTES, self.offer.body_limit_bytes // 2):
                self._held = item
                return
            count += 1
            yield item

    def _group(self, items: Sequence[Item]) -> Group:
        first = items[0]
        path = self.offer.prefixes.get(self.pool, "") + PATH
        asked = {"input": [item.text for item in items]} if first.image is None else _seen(first)
        body = written({"model": self.pool, **asked, "encoding_format": "float"})
        return Group(first.number, first.custom_id, path, self.pool, body, tuple(items))


def _seen(item: Item) -> dict[str, object]:
    """An image as a message, with its text behind it."""
    parts: list[dict[str, object]] = []
    if item.image is not None:
        parts.append({"type": "image_url", "image_url": {"url": data_url(item.image)}})
    if item.text:
        parts.append({"type": "text", "text": item.text})
    return {"messages": [{"role": "user", "content": parts}]}
