"""Complaints about limits of images that only the model or another word of the pool can earn."""

from collections.abc import Iterable, Iterator

from deploys.catalogue.model import Model
from deploys.catalogue.vision import tokens_of_an_image
from deploys.settings.pool import Pool
from deploys.settings.refusal import Complaint


def image_complaints(
    file: str, name: str, pool: Pool, entries: Iterable[tuple[str, Model]]
) -> Iterator[Complaint]:
    """`entries` are those of the catalogue that may serve the pool."""
    if pool.image_limits is None:
        return
    path = f"pools.{name}.image_limits"
    for entry, model in entries:
        shape = model.architecture
        if shape is None or shape.vision is None:
            hint = "leave it out; or a model with a tower (`--projector` of `homeport models add`)"
            yield Complaint(file, path, f"`{entry}` sees nothing", hint)
            return
        each = tokens_of_an_image(shape.vision)
        most = max(1, pool.context_tokens // each)
        if pool.image_limits.per_request > most:
            images = f"{pool.image_limits.per_request} images of up to {each} tokens"
            found = f"{images}, and context_tokens is {pool.context_tokens}"
            yield Complaint(file, f"{path}.per_request", found, f"{most}, or a longer context")
            return
    media = pool.vllm.media if pool.vllm is not None else None
    if media is not None and (media.image, media.domains) != (
        pool.image_limits.per_request,
        pool.image_limits.domains,
    ):
        found = f"differs from vllm.media: {media.image} images, {len(media.domains)} domains"
        yield Complaint(file, path, found, "the same number and domains in both")
