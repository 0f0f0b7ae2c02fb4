"""Bytes of the state that recurrent layers keep per sequence, whatever the context."""

# llama.cpp keeps both states in f32 (src/llama-model.cpp, create_memory: GGML_TYPE_F32).
STATE_BYTES = 4


def convolution_elements(kernel: int, inner: int, groups: int, state: int) -> int:
    """What the convolution looks back on (llama_hparams::n_embd_r)."""
    return (kernel - 1) * (inner + 2 * groups * state)


def state_elements(inner: int, state: int) -> int:
    """The state itself (llama_hparams::n_embd_s)."""
    return state * inner


def layer_state_bytes(convolution: int, state: int, sequences: int, drafts: int) -> int:
    """One layer, with a copy per draft token to roll back to (llama_memory_recurrent, n_rows)."""
    return (convolution + state) * STATE_BYTES * sequences * (1 + drafts)
