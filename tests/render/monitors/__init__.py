"""Monitors: what is rendered for them, and what a real Prometheus makes of it."""
