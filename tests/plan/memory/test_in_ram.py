"""What llama-server takes of RAM without a GPU, against what build 11669 itself reported.

Debian's llama-server 0.7.0 with the kit's tiny model, `--verbosity 4`, on an x86-64 CPU; sizes are
MiB with two decimals, as it prints them.
"""

import pytest

from deploys.catalogue.models_yaml import read_models
from deploys.plan.memory.answer import estimate
from deploys.plan.memory.configuration import Case, LlamaCppConfiguration
from tests.environments import ROOT

TINY = read_models(ROOT / "inventories" / "models.yaml")["tiny-random"]
# (context, slots, micro batch, cache type, flash attention) -> KV buffer, compute buffer
REPORTED = {
    (4096, 2, 128, "f16", True): (4.00, 0.85),
    (4096, 2, 512, "f16", True): (4.00, 3.39),
    (4096, 1, 512, "f16", True): (4.00, 5.39),
    (8192, 4, 256, "f16", True): (8.00, 1.70),
    (2048, 1, 64, "f16", True): (2.00, 0.42),
    (1024, 2, 64, "f16", True): (1.00, 0.24),
    (4096, 2, 128, "q8_0", True): (2.12, 0.88),
    (4096, 2, 128, "f16", False): (4.00, 3.35),
    (32768, 8, 512, "f16", True): (32.00, 5.39),
    (512, 1, 512, "f16", True): (0.50, 1.89),
}


@pytest.mark.parametrize("asked", REPORTED)
def test_buffers_in_ram_are_what_the_engine_reports(
    asked: tuple[int, int, int, str, bool],
) -> None:
    context, slots, micro_batch, cache, flash = asked
    configuration = LlamaCppConfiguration(
        context_tokens=context,
        sequences=slots,
        micro_batch_tokens=micro_batch,
        key_type=cache,
        value_type=cache,
        flash_attention=flash,
    )
    case = Case("", "llamacpp", "b11669", "F16", TINY.shape, configuration)
    (ram,) = estimate(case).devices
    kv_cache, compute_buffer = REPORTED[asked]
    assert ram.parts["kv_cache"].expected == pytest.approx(kv_cache, abs=0.0051)
    assert ram.parts["compute_buffer"].expected == pytest.approx(compute_buffer, abs=0.0051)
    assert ram.parts["compute_buffer"].upper >= compute_buffer
