"""What each version of an engine knows: its flags, their values, and what it no longer has."""
