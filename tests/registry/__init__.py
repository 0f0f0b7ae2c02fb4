"""Asking registries."""
