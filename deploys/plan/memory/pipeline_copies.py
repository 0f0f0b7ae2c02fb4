"""What pipelining over several GPUs adds: copies of every input that crosses a device.

ggml's scheduler keeps GGML_SCHED_MAX_COPIES (4) of each input (ggml/src/ggml-backend.cpp). At the
logits two rows per token live in copies: the residual and what is added to it.
"""

SCHEDULER_COPIES = 4
LOGITS_ROWS = 2


def copies_bytes(copies: int, mask: int, row: float, rows: int) -> float:
    """Bytes of all copies, for the mask and so many rows of the embedding."""
    return copies * (mask + row * rows)
