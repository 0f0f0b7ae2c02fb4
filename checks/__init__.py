"""Is it true: every check_*.py here can be handed to pytest."""
