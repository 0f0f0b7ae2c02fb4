"""What the readings of a GPU mean: how bad, by which evidence, why, and what to do about it."""
