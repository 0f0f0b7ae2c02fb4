"""A plan to files: yields text, writes nothing, no pyinfra."""
