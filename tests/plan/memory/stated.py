"""What each formula must answer, worked out by hand: (function, arguments, answer).

test_formulas.py asks them, and test_mutations.py makes sure that no part of a formula can change
without one of these answers changing.
"""

from types import ModuleType
from typing import Any

from deploys.plan import speed
from deploys.plan.memory import (
    compute_phases,
    kv_cells,
    pipeline_copies,
    process,
    recurrent_state,
    vllm_budget,
    vllm_pages,
)

Answer = tuple[str, tuple[Any, ...], Any]

STATED: dict[ModuleType, tuple[Answer, ...]] = {
    kv_cells: (
        ("padded", (1,), 256),
        ("padded", (256,), 256),
        ("padded", (257,), 512),
        ("streams", (4, True), 1),
        ("streams", (4, False), 4),
        # 8192 shared out to 4 is 2048 each; 3075 pads to 3328, of which each gets 832, and 1024.
        ("full_cells", (3075, 4, False), 1024),
        ("full_cells", (8192, 4, False), 2048),
        ("full_cells", (8192, 4, True), 8192),
        ("full_cells", (1000, 2, False), 512),
        # gpt-oss: 128 + 512 = 640 pads to 768; four streams in one cache: 4 x 128 + 512 = 1024.
        ("window_cells", (131072, 128, 512, 1, False), 768),
        ("window_cells", (131072, 128, 512, 4, True), 1024),
        ("window_cells", (131072, 128, 512, 4, False), 768),
        ("window_cells", (512, 128, 512, 1, False), 512),
        ("window_cells", (131072, 1024, 512, 4, False), 1536),
    ),
    recurrent_state: (
        # Qwen3.5-4B: 3 x (4096 + 2 x 16 x 128) and 128 x 4096.
        ("convolution_elements", (4, 4096, 16, 128), 24576),
        ("state_elements", (4096, 128), 524288),
        # 24 of its layers: 50.25 MiB per sequence.
        ("layer_state_bytes", (24576, 524288, 1, 0), 2195456),
        ("layer_state_bytes", (24576, 524288, 4, 0), 8781824),
        ("layer_state_bytes", (24576, 524288, 1, 3), 8781824),
        ("layer_state_bytes", (24576, 524288, 2, 3), 17563648),
    ),
    compute_phases: (
        ("rows_bytes", (1024, 512), 2097152),
        ("mask_bytes", (131072, 512, 2), 134217728),
        ("mask_bytes", (1000, 10, 6), 60000),
        # 4 GiB at 65,536 cells, 512 tokens and 32 heads.
        ("scores_bytes", (65536, 512, 32), 4294967296),
        # 512 MiB for one layer of 4 kv heads of 256 at 131,072.
        ("dequantised_bytes", (131072, 1, 1024, 1024), 536870912),
        ("dequantised_bytes", (100, 3, 5, 7), 7200),
        ("attention_elements", (4096, 5120, 2), 18432),
        ("gated_attention_elements", (4096, 2560, 4), 26624),
        ("latent_attention_elements", (128, 512, 64, 128, 3), 172032),
        ("feed_forward_elements", (14336, True), 43008),
        ("feed_forward_elements", (14336, False), 14336),
        ("expert_elements", (8, 768), 18432),
        ("expert_outputs_elements", (8, 768, 2048), 16384),
        ("expert_outputs_elements", (8, 1024, 2048), 0),
        ("expert_outputs_elements", (8, 1023, 2048), 16384),
        # Qwen3-30B-A3B: its answers fit into the place of gate, up and product together.
        ("kept_expert_elements", (8, 768, 2048), 34816),
        # They fit into that of gate and up, or just not; the gates into two rows, or just not.
        ("kept_expert_elements", (8, 1024, 2048), 32768),
        ("kept_expert_elements", (8, 1023, 2048), 40936),
        ("kept_expert_elements", (2, 2048, 1024), 12288),
        ("kept_expert_elements", (8, 511, 2048), 32768),
        ("kept_expert_elements", (8, 512, 2048), 45056),
        ("kept_expert_elements", (30, 100, 300), 18000),
        ("kept_expert_elements", (30, 100, 301), 27060),
        ("all_expert_elements", (8, 768, 2048), 51200),
        # Qwen3.5-4B: 8192 channels, 4096 out; states of 1, 4 and 8 sequences in 512 tokens.
        ("delta_net_elements", (8192, 4096, 1024, 48, 2560), 17408),
        ("delta_net_elements", (8192, 4096, 1024, 48, 1024), 17408),
        ("delta_net_elements", (8192, 4096, 1024, 48, 1023), 24624),
        ("delta_net_elements", (8192, 4096, 4096, 192, 2560), 24768),
        ("delta_net_elements", (8192, 4096, 4096, 192, 0), 32960),
        ("delta_net_elements", (8192, 4096, 8192, 384, 2560), 37248),
        ("delta_net_elements", (12288, 4096, 8192, 576, 2560), 49728),
        ("all_delta_net_elements", (8192, 4096, 1024, 48), 43056),
        ("logits_elements", (248320, 5120, 1), 253440),
    ),
    pipeline_copies: (
        # Command-R on two GPUs: four copies of an 8 MiB mask and a 16 MiB row.
        ("copies_bytes", (4, 8, 16, 1), 96),
        ("copies_bytes", (4, 8, 16, 2), 160),
        ("copies_bytes", (2, 8, 16, 3), 112),
    ),
    process: (
        ("expected_mib", (100,), 396.0),
        ("upper_mib", (100,), 482.0),
        ("margin_mib", (10000,), 512),
        ("margin_mib", (24000,), 720.0),
    ),
    vllm_pages: (
        ("heads_per_gpu", (8, 2), 4),
        ("heads_per_gpu", (2, 4), 1),
        ("row_bytes", (4, 256, 256, 2), 4096),
        ("row_bytes", (2, 128, 64, 1), 384),
        # Qwen3.5-4B: bf16 convolution, f32 state; on two GPUs half of it.
        ("state_page_bytes", (24576, 524288, 4, 1), 2146304),
        ("state_page_bytes", (24576, 524288, 4, 2), 1073152),
        # 528 tokens for it; 1568 for Qwen3.8-27B in FP8 on two GPUs.
        ("hybrid_block", (2146304, 4096), 528),
        ("hybrid_block", (1603584, 1024), 1568),
        ("hybrid_block", (16384, 1024), 16),
        ("group_size", ([10, 30],), 10),
        ("group_size", ([16, 17],), 17),
        ("group_size", ([32],), 32),
        ("group_size", ([4, 5],), 4),
        ("groups", (30, 10), 3),
        ("groups", (52, 10), 6),
        ("full_blocks", (131072, 2096), 63),
        ("full_blocks", (32, 16), 2),
        ("window_blocks", (131072, 1024, 8192, 16), 577),
        ("window_blocks", (512, 1024, 8192, 16), 33),
        ("window_blocks", (131072, 17, 16, 16), 3),
        ("window_blocks", (131072, 18, 16, 16), 4),
        # Qwen3.6-35B-A3B on a 5090: 299 blocks of 69 per request.
        ("pool_blocks", (5.98 * 2**30, 2096, 1024, 10), 299),
        ("concurrency", (300, 75), 4.0),
    ),
    vllm_budget: (
        ("budget_gib", (80.0, 0.5), 40.0),
        ("dense_activation_bytes", (2, 100, 10, 1), 1320),
        ("dense_activation_bytes", (2, 100, 10, 2), 720),
        ("expert_activation_bytes", (2, 4, 100, 10, 1), 4920),
        ("expert_activation_bytes", (2, 4, 100, 500, 1), 15600),
        ("expert_activation_bytes", (2, 4, 100, 10, 2), 2520),
        ("sampler_bytes", (256, 128256, 38), 1247674368),
        ("pool_gib", (70.0, 15.0, 2.0, 0.5), 52.5),
    ),
    speed: (
        ("bytes_per_token", (10.0, 128.0, 8, 128, 1.0), 19.0),
        ("bytes_per_token", (10.0, 128.0, 8, 0, 1.0), 11.0),
        ("seconds_per_token", (1e9, 500.0), 0.002),
    ),
}
