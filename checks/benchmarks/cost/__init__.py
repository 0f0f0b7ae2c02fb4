"""What tokens of one's own cost, and from how many on they are cheaper than a cloud's."""
