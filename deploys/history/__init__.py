"""What a host remembers of its releases: which are kept, who holds the lock, what was done."""
