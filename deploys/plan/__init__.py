"""Settings and hardware to a plan: arithmetic only, no pyinfra, nothing opened for writing."""
