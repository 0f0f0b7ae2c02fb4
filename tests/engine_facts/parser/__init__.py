"""The pinned vLLM's own parser, from its wheel, and what it says of what is rendered."""
