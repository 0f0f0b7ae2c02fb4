"""What engines say, whole, in halves and in nonsense."""

import pytest

from deploys.watching.metrics import Metrics, read_metrics

VLLM = """\
# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="a b"} 3.0
vllm:num_requests_waiting{engine="0",model_name="a b"} 2.0
vllm:iteration_tokens_total_bucket{engine="0",le="1.0",model_name="a b"} 9.0
vllm:iteration_tokens_total_count{engine="0",model_name="a b"} 40.0
vllm:iteration_tokens_total_created{engine="0",model_name="a b"} 1.79e+09
vllm:prompt_tokens_total{engine="0",model_name="a b"} 100.0
vllm:generation_tokens_total{engine="0",model_name="a b"} 60.0 1790000000
"""
LLAMACPP = """\
llamacpp:prompt_tokens_total 10
llamacpp:tokens_predicted_total 5
llamacpp:n_decode_total 7
llamacpp:requests_processing 1
llamacpp:requests_deferred 4
"""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (VLLM, Metrics(5, 200, 60)),
        (LLAMACPP, Metrics(5, 22, 5)),
        ("llamacpp:requests_processing 0\n", Metrics(0, None)),
        ("go_goroutines 8\n", None),
        (LLAMACPP[:60], None),
        ("llamacpp:requests_processing\nllamacpp:n_decode_total x\n\n", None),
        ("llamacpp:requests_processing NaN\nllamacpp:n_decode_total 7\n", None),
        ("", None),
    ],
)
def test_progress_is_read_from_either_engine_and_half_a_text_says_nothing(
    text: str, found: Metrics | None
) -> None:
    assert read_metrics(text) == found
