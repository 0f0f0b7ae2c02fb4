"""Asks image registries; changes nothing there."""
