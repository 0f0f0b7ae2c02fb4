"""What of llama.cpp's graph one device computes."""

from dataclasses import dataclass

from deploys.catalogue.architecture import Architecture
from deploys.plan.memory.configuration import LlamaCppConfiguration
from deploys.plan.memory.layers import LayerKind
from deploys.plan.memory.profiles.llamacpp_profile import LlamaCppProfile
from deploys.plan.memory.tensor_layouts import ENCODER_LAYOUTS, LAYOUTS, Layout


@dataclass(frozen=True)
class Part:
    """The layers of one device in one graph, and what reaches it from elsewhere."""

    shape: Architecture
    asked: LlamaCppConfiguration
    profile: LlamaCppProfile
    kinds: tuple[LayerKind, ...]
    """Of every layer of the model, worked out once for all devices."""
    layers: tuple[int, ...]
    """Those whose weights and caches it holds."""
    has_output: bool
    ram_layers: tuple[int, ...] = ()
    """Those in RAM that it computes too, when there are many tokens."""
    is_first: bool = True
    copies: int = 1
    """Of every input, for pipelining; 1: none."""
    borrowed_bytes: int = 0
    """The largest tensor of a layer that is copied here from RAM to be computed with."""
    borrowed_output_bytes: int = 0
    """The output's matrix, where it is copied here from RAM for the logits."""
    in_ram: bool = False
    """There are no GPUs: inputs and embeddings are in the same buffer."""

    @property
    def layout(self) -> Layout:
        """How the architecture differs; plain where it is not described."""
        name = self.shape.name
        return LAYOUTS.get(name) or ENCODER_LAYOUTS.get(name) or Layout()

    @property
    def is_encoder(self) -> bool:
        """Whether every layer sees all tokens at once, and all of them to the end."""
        return LayerKind.ENCODER in self.kinds

    @property
    def widths(self) -> int:
        """Rows of the embedding's length alive beside attention's or the experts' own numbers.

        A later GPU starts from rows that were copied to it and are given up as it goes on.
        """
        return self.profile.residual_widths - (self.starts_from_copies and self.copies < 2)

    @property
    def starts_from_copies(self) -> bool:
        """Whether the first rows come from another GPU, into places that are used again."""
        return self.profile.reuses_inputs and not self.is_first and not self.in_ram

    @property
    def is_shared_out(self) -> bool:
        """Whether other devices hold layers of the same graph, or experts of them."""
        if self.in_ram:
            return False
        beside = bool(self.ram_layers) or self.asked.experts_on_cpu != 0
        return len(self.asked.devices) > 1 or beside

    @property
    def output_rows(self) -> int:
        """Tokens of a micro-batch that want logits."""
        tokens = self.asked.micro_batch_tokens
        if self.profile.logits_for_all_tokens:
            return tokens
        return min(tokens, self.asked.sequences)


def kinds_of(part: Part, layers: tuple[int, ...]) -> list[LayerKind]:
    """The kinds among some layers, in a fixed order."""
    return sorted({part.kinds[layer] for layer in layers})
