"""Sizes of quantised files from the published rules, without the files."""

from dataclasses import replace

import pytest

from deploys.catalogue.architecture import Architecture
from deploys.plan.memory import vllm_weights
from deploys.plan.memory.answer import estimate
from deploys.plan.memory.configuration import Case, Device, KnownWeights, LlamaCppConfiguration
from deploys.plan.memory.file_types import file_type
from deploys.plan.memory.quantization_mix import DEFAULT_TYPES, typed_tensors
from deploys.plan.memory.quantization_rules import takes_more_bits
from deploys.plan.memory.tensor_layouts import LAYOUTS
from deploys.plan.memory.tensors import tensors_of
from deploys.plan.memory.weights import device_of
from tests.plan.memory.shapes import DEEPSEEK_V3, GEMMA3_27B, LLAMA_8B, QWEN3_30B_A3B, QWEN35_4B

GPU = Device("RTX 3090", sm_count=82, visible_mib=24124)
ASKED = LlamaCppConfiguration(context_tokens=4096, devices=(GPU,))


def file_mib(shape: Architecture, name: str, importance_matrix: bool = False) -> float:
    tensors = tensors_of(shape)
    assert tensors is not None
    typed = typed_tensors(shape, tensors, name, importance_matrix)
    return sum(entry.size_bytes for entry in typed) / 2**20


def case(quantization: str, shape: Architecture = LLAMA_8B) -> Case:
    return Case("x", "llama.cpp", "pinned", quantization, shape, ASKED)


# Llama-3.1-8B as published on the hub, tensors without the metadata (files of llama-quantize).
@pytest.mark.parametrize(
    ("name", "mib"),
    [
        ("F16", 15317.02),
        ("Q8_0", 8137.64),
        ("Q6_K", 6282.97),
        ("Q5_K_M", 5459.93),
        ("Q5_K_S", 5332.43),
        ("Q4_K_M", 4685.30),
        ("Q4_K_S", 4467.80),
        ("Q4_0", 4437.80),
        ("Q3_K_L", 4114.27),
        ("Q3_K_M", 3825.27),
        ("Q3_K_S", 3487.27),
        ("Q2_K", 3024.38),
    ],
)
def test_a_file_of_llama_8b_has_its_published_size(name: str, mib: float) -> None:
    assert file_mib(LLAMA_8B, name) == pytest.approx(mib, abs=0.01)


def test_an_importance_matrix_changes_the_mixes_that_ask_for_it() -> None:
    assert file_mib(LLAMA_8B, "IQ4_XS") > file_mib(LLAMA_8B, "IQ4_XS", importance_matrix=True)
    assert file_mib(LLAMA_8B, "Q4_0") < file_mib(LLAMA_8B, "Q4_0", importance_matrix=True)
    assert file_mib(LLAMA_8B, "Q4_K_M") == file_mib(LLAMA_8B, "Q4_K_M", importance_matrix=True)


@pytest.mark.parametrize("shape", [LLAMA_8B, QWEN3_30B_A3B, GEMMA3_27B, DEEPSEEK_V3, QWEN35_4B])
@pytest.mark.parametrize("name", sorted(DEFAULT_TYPES))
def test_every_file_type_gives_every_architecture_a_size(shape: Architecture, name: str) -> None:
    whole = file_mib(shape, "F32")
    assert 0 < file_mib(shape, name) <= whole


def test_rows_that_are_no_multiple_of_256_fall_back_to_smaller_blocks() -> None:
    narrow = LLAMA_8B.model_copy(update={"embedding_length": 4128})
    tensors = tensors_of(narrow)
    assert tensors is not None
    types = {e.tensor.name: e.type_name for e in typed_tensors(narrow, tensors, "Q4_K_M", False)}
    assert types["blk.5.attn_q.weight"] == "q5_0"
    assert types["blk.0.attn_v.weight"] == "q8_0"
    assert types["output.weight"] == "q8_0"
    assert types["blk.5.attn_norm.weight"] == "f32"


def test_the_first_and_last_eighth_and_every_third_layer_take_more_bits() -> None:
    taking = [index for index in range(32) if takes_more_bits(index, 32)]
    assert taking == [0, 1, 2, 3, 6, 9, 12, 15, 18, 21, 24, 27, 28, 29, 30, 31]


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("Q4_K_M", ("Q4_K_M", False)),
        ("q4_k_m (imatrix)", ("Q4_K_M", True)),
        ("IQ4_XS", ("IQ4_XS", True)),
        ("IQ4_XS (static)", ("IQ4_XS", False)),
        ("MXFP4", ("MXFP4_MOE", False)),
        ("UD-Q4_K_XL", None),
        ("Q4", None),
        ("", None),
    ],
)
def test_a_name_of_a_mix_is_understood_or_not_guessed(
    words: str, answer: tuple[str, bool] | None
) -> None:
    assert file_type(words) == answer


def test_the_output_and_the_last_layers_go_to_the_gpu_first() -> None:
    def gpu_weights(layers: int) -> float:
        asked = replace(ASKED, gpu_layers=layers)
        answer = estimate(replace(case("F16"), configuration=asked))
        return answer.gpus[0].parts["weights"].expected

    output = (4096 * 128256 * 2 + 4096 * 4 + 64 * 4) / 2**20
    block = (4096 * (4096 * 2 + 1024 * 2 + 14336 * 3) * 2 + 2 * 4096 * 4) / 2**20
    assert gpu_weights(0) == 0
    assert gpu_weights(1) == pytest.approx(output)
    assert gpu_weights(3) == pytest.approx(output + 2 * block)
    assert gpu_weights(33) == pytest.approx(output + 32 * block)


def test_tied_embeddings_count_twice_on_a_gpu_and_once_in_a_file() -> None:
    answer = estimate(case("Q4_K_M", GEMMA3_27B))
    ram = next(device for device in answer.devices if device.device == "CPU")
    table = ram.parts["weights"].expected
    both = answer.gpus[0].parts["weights"].expected + table
    assert both == pytest.approx(file_mib(GEMMA3_27B, "Q4_K_M") + table)


def test_experts_in_ram_leave_the_rest_of_their_layers_on_the_gpu() -> None:
    placed = [0] * 49
    assert device_of("blk.3.ffn_up_exps.weight", placed, 4) == -1
    assert device_of("blk.4.ffn_up_exps.weight", placed, 4) == 0
    assert device_of("blk.3.attn_q.weight", placed, 4) == 0
    assert device_of("token_embd.weight", placed, 0) == -1
    assert device_of("output_norm.weight", placed, 0) == 0


def test_a_header_is_believed_before_the_rules() -> None:
    header = {"token_embd.weight": 2**20, "blk.0.attn_q.weight": 3 * 2**20, "output.weight": 2**21}
    known = replace(case("UD-Q4_K_XL"), weights=KnownWeights(tensor_bytes=header))
    answer = estimate(known)
    assert answer.unknown == ()
    assert answer.gpus[0].parts["weights"].expected == 5


def test_stated_totals_are_shared_out_by_layers() -> None:
    asked = replace(ASKED, devices=(GPU, GPU), shares=(1.0, 2.0))
    known = KnownWeights(gpu_mib=3300, ram_mib=10)
    answer = estimate(replace(case("UD-Q4"), configuration=asked, weights=known))
    assert [gpu.parts["weights"].expected for gpu in answer.gpus] == [1100, 2200]


def test_a_dynamic_mix_without_a_header_is_not_guessed() -> None:
    answer = estimate(case("UD-Q4_K_XL"))
    assert "weights" not in answer.gpus[0].parts
    assert "follows no published rule" in answer.unknown[0]


def test_every_described_architecture_has_tensors() -> None:
    for name in LAYOUTS:
        tensors = tensors_of(LLAMA_8B.model_copy(update={"name": name}))
        assert tensors is not None
        assert len({tensor.name for tensor in tensors}) == len(tensors)


def test_draft_layers_add_a_layer_and_their_projection() -> None:
    plain = tensors_of(QWEN35_4B)
    drafting = tensors_of(QWEN35_4B.model_copy(update={"draft_layers": 1}))
    assert plain is not None
    assert drafting is not None
    new = {tensor.name for tensor in drafting} - {tensor.name for tensor in plain}
    assert "blk.32.nextn.eh_proj.weight" in new
    assert "blk.32.attn_q.weight" in new


# Llama-3.1-8B in bf16 is 14.96 GiB in vLLM's logs.
def test_vllm_keeps_bf16_weights_as_the_checkpoint_does() -> None:
    sizes = vllm_weights.weights_bytes(LLAMA_8B, "bf16", 1)
    assert not isinstance(sizes, str)
    assert sizes[0] / 2**30 == pytest.approx(14.957, abs=0.001)
    assert sizes[0] == sizes[1]


def test_kv_heads_are_not_divided_further_than_one_per_gpu() -> None:
    shape = LLAMA_8B.model_copy(update={"kv_heads": 2})
    assert vllm_weights.divisor("blk.0.attn_k.weight", 4, shape) == 2
    assert vllm_weights.divisor("blk.0.attn_q.weight", 4, shape) == 4
    assert vllm_weights.divisor("blk.0.attn_kv_a_mqa.weight", 4, DEEPSEEK_V3) == 1


def test_a_format_that_may_spare_attention_has_a_wide_upper_bound() -> None:
    sizes = vllm_weights.weights_bytes(LLAMA_8B, "NVFP4", 1)
    assert not isinstance(sizes, str)
    assert sizes[1] > sizes[0] * 1.2
    assert vllm_weights.weights_bytes(LLAMA_8B, "Q9", 1) == "quantisation 'Q9' is not known"
