"""Batch files against a real HTTP server on loopback."""
