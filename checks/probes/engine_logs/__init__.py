"""What engines say of their memory when they start, read from the logs of their containers."""
