"""What one run of all checks found, kept, shown and compared."""
