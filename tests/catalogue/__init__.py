"""The catalogue: models.yaml, GGUF headers, sources, the tiny model."""
