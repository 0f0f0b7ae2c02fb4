"""What each version of an engine knows."""
