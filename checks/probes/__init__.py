"""Asks a host or a URL, returns a value, asserts nothing."""
