"""A vision tower beside llama.cpp's model (mmproj): its weights and its own compute buffer."""

from deploys.catalogue.architecture import VisionTower
from deploys.plan.memory import compute_phases


def compute_bytes(tower: VisionTower) -> float:
    """The largest phase over the patches of one image: its feed-forward part.

    The same rule as of the text layers, with one hidden row (the towers have no gate); the engine
    reserves for the largest image (tools/mtmd/clip.cpp, set_warmup_n_tokens: 46 x 46 tokens).
    """
    width, hidden = tower.embedding_length, tower.feed_forward_length
    return compute_phases.rows_bytes(hidden + 3 * width, tower.patches)
