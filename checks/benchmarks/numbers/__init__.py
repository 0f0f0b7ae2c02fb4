"""What many answers say together."""
