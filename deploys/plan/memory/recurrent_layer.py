"""Both states of one recurrent layer of a shape."""

from deploys.catalogue.architecture import Recurrent
from deploys.plan.memory import recurrent_state


def states_bytes(recurrent: Recurrent, sequences: int, drafts: int = 0) -> tuple[int, int]:
    """(convolution, state), with a copy per draft token."""
    convolution = recurrent_state.convolution_elements(
        recurrent.convolution_kernel,
        recurrent.inner_length,
        recurrent.groups,
        recurrent.state_length,
    )
    state = recurrent_state.state_elements(recurrent.inner_length, recurrent.state_length)
    return (
        recurrent_state.layer_state_bytes(convolution, 0, sequences, drafts),
        recurrent_state.layer_state_bytes(0, state, sequences, drafts),
    )
