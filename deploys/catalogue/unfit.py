"""Why a whole, undamaged file is still no model that can be taken in."""

from pydantic import ValidationError

from deploys.catalogue.architecture import Architecture


class Unfit(Exception):
    """What was found, and what would fit; whoever knows the file's name makes a refusal of it."""

    def __init__(
        self, found: str, hint: str = "another file of the model, or another model"
    ) -> None:
        super().__init__(found)
        self.hint = hint


class Undescribed(Exception):
    """The facts go beyond what Architecture can say: the cache is unknown, not guessed."""


def architecture_of(words: dict[str, object]) -> Architecture:
    """The shape of these words; raises Unfit for values that cannot be, alone or together."""
    try:
        shape = Architecture.model_validate(words)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise Unfit(f"states {place} as {first['input']!r:.60}") from None
    found = _contradiction(shape)
    if found:
        raise Unfit(f"contradicts itself: {found}")
    return shape


def _contradiction(shape: Architecture) -> str:
    if shape.latent_attention is None and shape.heads % shape.kv_heads:
        return f"{shape.heads} heads are not a multiple of {shape.kv_heads} kv heads"
    experts = shape.experts
    if experts and experts.used > experts.count:
        return f"{experts.used} of {experts.count} experts are used"
    if experts and experts.leading_dense_layers > shape.layers:
        return f"{experts.leading_dense_layers} of {shape.layers} layers are dense"
    if experts is None and not shape.feed_forward_length:
        return "there is no feed-forward part, and there are no experts"
    recurrent = shape.recurrent
    if recurrent and recurrent.inner_length % recurrent.time_step_rank:
        heads = f"{recurrent.time_step_rank} heads"
        return f"an inner length of {recurrent.inner_length} is not divisible by {heads}"
    return ""
