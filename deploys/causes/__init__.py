"""What a log says: the cause, the lines that show it, and what to change about it."""
