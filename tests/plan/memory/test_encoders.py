"""Models of vectors and ranks: what llama-server keeps and computes in, as it says it itself.

Sizes are of build 11669 on a CPU (`--embeddings --no-kv-unified --log-verbosity 4`), which wrote
them at start for the made-up shapes below; they have not been measured on a GPU.
"""

from pathlib import Path

import pytest

from deploys.catalogue.architecture import Architecture
from deploys.catalogue.gguf_header import read_header
from deploys.plan.memory.answer import estimate
from deploys.plan.memory.configuration import Case, KnownWeights, LlamaCppConfiguration
from deploys.plan.memory.estimate import Range
from tests.catalogue.tiny_encoder import write_tiny_encoder


def _encoder(width: int, feed_forward: int, heads: int, layers: int) -> Architecture:
    return Architecture(
        name="bert",
        layers=layers,
        embedding_length=width,
        feed_forward_length=feed_forward,
        heads=heads,
        kv_heads=heads,
        key_length=width // heads,
        value_length=width // heads,
        vocabulary_size=65,
        context_tokens=2048,
    )


def _parts(shape: Architecture, asked: LlamaCppConfiguration) -> dict[str, Range]:
    case = Case("", "llamacpp", "b11669", "F16", shape, asked, KnownWeights(gpu_mib=1))
    answer = estimate(case)
    assert answer.unknown == ()
    return dict(answer.devices[-1].parts)


def _asked(micro_batch: int, slots: int = 2, flash: bool = True) -> LlamaCppConfiguration:
    return LlamaCppConfiguration(
        context_tokens=2048 * slots,
        micro_batch_tokens=micro_batch,
        sequences=slots,
        flash_attention=flash,
    )


@pytest.mark.parametrize(
    ("shape", "micro_batch", "slots", "flash", "measured_mib"),
    [
        ((64, 128, 2, 2), 512, 2, True, 1.39),
        ((64, 128, 2, 2), 2048, 2, True, 11.56),
        ((256, 1024, 4, 2), 512, 2, True, 5.52),
        ((256, 1024, 4, 2), 2048, 2, True, 28.06),
        ((256, 1024, 4, 2), 2048, 4, True, 28.08),
        ((256, 1024, 4, 2), 1024, 2, False, 27.03),
        ((256, 256, 8, 2), 2048, 2, True, 22.06),
        ((128, 2048, 2, 1), 2048, 2, True, 30.06),
        ((128, 2048, 2, 1), 1024, 2, False, 15.53),
        ((384, 1536, 12, 3), 512, 2, True, 8.02),
        ((512, 512, 8, 3), 2048, 2, True, 36.06),
        ((512, 512, 8, 3), 1024, 2, False, 50.03),
    ],
)
def test_an_encoder_computes_in_what_the_engine_said(
    shape: tuple[int, int, int, int], micro_batch: int, slots: int, flash: bool, measured_mib: float
) -> None:
    found = _parts(_encoder(*shape), _asked(micro_batch, slots, flash))["compute_buffer"]
    assert found.upper >= measured_mib
    assert found.expected == pytest.approx(measured_mib, rel=0.1)


def test_an_encoder_keeps_nothing_of_a_text() -> None:
    assert _parts(_encoder(64, 128, 2, 2), _asked(2048))["kv_cache"] == Range(0, 0)


@pytest.mark.parametrize(("micro_batch", "measured_mib"), [(512, 5.39), (2048, 21.58)])
def test_a_decoder_that_gives_vectors_computes_and_keeps_as_for_text(
    micro_batch: int, measured_mib: float
) -> None:
    """No logits of all tokens, though each is an output: 32,768 words would be 64 MiB and more."""
    decoder = Architecture(
        name="llama",
        layers=4,
        embedding_length=64,
        feed_forward_length=128,
        heads=2,
        kv_heads=1,
        key_length=64,
        value_length=64,
        vocabulary_size=32_768,
        context_tokens=4096,
    )
    asked = LlamaCppConfiguration(context_tokens=8192, micro_batch_tokens=micro_batch, sequences=2)
    parts = _parts(decoder, asked)
    assert parts["kv_cache"].expected == 8.0
    assert parts["compute_buffer"].expected == pytest.approx(measured_mib, rel=0.02)


@pytest.mark.parametrize("kind", ["embedding", "rerank"])
def test_an_encoders_file_says_what_it_is(tmp_path: Path, kind: str) -> None:
    header = read_header(write_tiny_encoder(tmp_path / "tiny.gguf", kind))  # type: ignore[arg-type]
    assert header.architecture is not None
    assert (header.architecture.name, header.kind) == ("bert", kind)
    assert not header.architecture.tied_embeddings
    assert not header.chat_template
