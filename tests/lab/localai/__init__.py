"""A test double of LocalAI, as a process here or in an image (tests/lab/images/localai)."""
